//! `parquet`: the score table itself in columns, a row a knot (with the feature `parquet`).
//!
//! Apache Parquet with the columns `feature`, `day` (texts), `hour` (`INT32`), `wh` and `score` (`DOUBLE`), of which none is null: the rows
//! of `csv`, in their order. Texts are in dictionaries; nothing is compressed, so every reader opens it. The model's digest
//! is in the file's metadata.

use std::{fmt, sync::Arc};

use parquet::{
    data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type},
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};

use super::Target;
use crate::{error::Error, export::Export};

const SCHEMA: &str = "
    message score_table {
        REQUIRED BYTE_ARRAY feature (STRING);
        REQUIRED BYTE_ARRAY day (STRING);
        REQUIRED INT32 hour;
        REQUIRED DOUBLE wh;
        REQUIRED DOUBLE score;
    }";

pub(super) struct Parquet;

impl Target for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn summary(&self) -> &'static str {
        "the score table in columns, a row a knot"
    }

    fn extension(&self) -> &'static str {
        "parquet"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        file(export).map_err(|error| Error::Format { target: "parquet", what: error.to_string() })
    }

    fn explain(&self, _export: &Export<'_>, file: &str) -> String {
        let quoted = file.replace('\'', "''");
        format!(
            "{file} has a row for each knot: feature, day, hour, wh, score. In DuckDB:\n\
             \n    \
                 SELECT * FROM '{quoted}' WHERE feature = 'level' AND hour = 4 ORDER BY day, wh;\n\
             \n\
             In Python, with pandas and pyarrow:\n\
             \n    \
                 import pandas\n    \
                 table = pandas.read_parquet({file:?})\n\
             \n\
             To score x Wh, take the knots of its feature, day class and hour, in order:\n\
             \n\
             1. i = the number of knots with wh <= x, kept between 1 and the number of knots less one\n\
             2. s = score[i-1] + (x - wh[i-1]) * (score[i] - score[i-1]) / (wh[i] - wh[i-1])\n\
             3. unless i is the last knot, at most score[i]\n"
        )
    }
}

fn file(export: &Export<'_>) -> Result<Vec<u8>, ParquetError> {
    let calendar = export.table().calendar();
    let told = [("sha256", export.sha256.clone()), ("time_zone", calendar.zone_name().to_owned())];
    let properties = WriterProperties::builder()
        .set_created_by(concat!("knowatt ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(told.map(|(key, value)| KeyValue::new(key.to_owned(), value)).into()));
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))?;

    let classes = export.clock.day_classes;
    let rows = || {
        export.features().iter().flat_map(|curves| {
            let cells = curves.cells.iter();
            cells.flat_map(move |cell| cell.knots().iter().map(move |knot| (curves.feature, cell.slot, knot)))
        })
    };
    let text = |text: &dyn fmt::Display| ByteArray::from(text.to_string().as_str());
    let day = |day| classes.class_name(day).unwrap_or_default();
    let mut group = writer.next_row_group()?;
    column::<ByteArrayType>(&mut group, rows().map(|(feature, ..)| text(&feature)))?;
    column::<ByteArrayType>(&mut group, rows().map(|(_, slot, _)| text(&day(slot.day))))?;
    column::<Int32Type>(&mut group, rows().map(|(_, slot, _)| slot.hour.into()))?;
    column::<DoubleType>(&mut group, rows().map(|(.., knot)| knot.wh))?;
    column::<DoubleType>(&mut group, rows().map(|(.., knot)| knot.score))?;
    group.close()?;
    writer.into_inner()
}

/// Writes the next column of a group of rows.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: impl Iterator<Item = T::T>,
) -> Result<(), ParquetError> {
    let values: Vec<T::T> = values.collect();
    let missing = || ParquetError::General("there are fewer columns than are written".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(&values, None, None)?;
    column.close()
}
