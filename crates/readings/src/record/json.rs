//! A record's value as JSON: an object, or a bare number.
//!
//! Source: RFC 8259. Avro writes a union in JSON as an object of one field with the type's name
//! (`{"wh": {"double": 1.5}}`, Avro 1.12 specification, "JSON Encoding"), as Confluent's console consumer
//! prints it: such a name is left out, so that the field is `wh` whatever wrote it.
//!
//! Nesting goes as deep as `serde_json` lets it (127), fields and texts as far as [`Fields`] does.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{
    fields::{Fields, TooManyFields},
    leaf::Leaf,
};

/// The types that Avro's JSON names within a union.
const AVRO_TYPES: [&str; 7] = ["boolean", "int", "long", "float", "double", "bytes", "string"];

/// Lays a JSON text flat into `fields`; says what is wrong with it if it is none.
pub(crate) fn read(text: &[u8], fields: &mut Fields) -> Result<(), String> {
    if fields.read_alike(text) {
        return Ok(());
    }
    fields.clear();
    let mut json = serde_json::Deserializer::from_slice(text);
    Value(fields).deserialize(&mut json).and_then(|_| json.end()).map_err(|error| error.to_string())?;
    fields.remember(text);
    Ok(())
}

/// Whether a value is an object.
type IsObject = bool;

struct Value<'f>(&'f mut Fields);

impl Value<'_> {
    fn leaf<E: serde::de::Error>(self, leaf: Leaf) -> Result<IsObject, E> {
        self.0.take(leaf).map(|()| false).map_err(too_many)
    }
}

fn too_many<E: serde::de::Error>(_: TooManyFields) -> E {
    E::custom(format_args!("more than {} fields", super::fields::MOST_FIELDS))
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = IsObject;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<IsObject, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = IsObject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<IsObject, E> {
        self.leaf(Leaf::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<IsObject, E> {
        self.leaf(Leaf::Other)
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<IsObject, E> {
        self.leaf(Leaf::Integer(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<IsObject, E> {
        self.leaf(i64::try_from(number).map_or(Leaf::Number(number as f64), Leaf::Integer))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<IsObject, E> {
        self.leaf(Leaf::Number(number))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<IsObject, E> {
        self.0.take_text(text).map(|()| false).map_err(too_many)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<IsObject, A::Error> {
        self.0.enter_list();
        while list.next_element_seed(Value(self.0))?.is_some() {}
        self.0.leave_list();
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<IsObject, A::Error> {
        let fields = self.0;
        let Some(name) = object.next_key_seed(Name)? else { return Ok(true) };
        let is_nested = fields.is_nested();
        let first = fields.enter(&name);
        let holds_object = object.next_value_seed(Value(fields))?;
        let Some(second) = object.next_key_seed(Name)? else {
            let is_primitive = !holds_object && AVRO_TYPES.contains(&name.as_ref());
            let is_record = holds_object && name.contains('.');
            if is_nested && (is_primitive || is_record) {
                fields.leave_unnamed(first);
            } else {
                fields.leave(first);
            }
            return Ok(true);
        };
        fields.leave(first);
        let mut next = Some(second);
        while let Some(name) = next {
            let entered = fields.enter(&name);
            object.next_value_seed(Value(fields))?;
            fields.leave(entered);
            next = object.next_key_seed(Name)?;
        }
        Ok(true)
    }
}

/// A field's name, borrowed where nothing in it is escaped.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Cow<'de, str>, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Result<Vec<String>, String> {
        let mut fields = Fields::default();
        read(text.as_bytes(), &mut fields)?;
        Ok(fields.listed())
    }

    #[test]
    fn fields_are_laid_flat_with_dotted_paths() {
        let found =
            listed(r#"{"hour": 3, "a": {"kwh": 1.5, "b": {"c": null}}, "t\u0073": "x\ny", "on": true}"#);
        let expected = ["hour=3", "a.kwh=1.5", "a.b.c=null", "ts=\"x\\ny\"", "on=…"];
        assert_eq!(found.unwrap(), expected);
        assert_eq!(listed("12.5").unwrap(), ["=12.5"]);
        assert_eq!(listed("18446744073709551615").unwrap(), ["=1.8446744073709552e19"]);
        assert!(listed("{}").unwrap().is_empty());
    }

    #[test]
    fn what_stands_in_a_list_has_no_name() {
        assert_eq!(listed(r#"{"l": [1, {"wh": 2}, [3]], "wh": 4}"#).unwrap(), ["wh=4"]);
    }

    #[test]
    fn the_types_that_avro_writes_into_json_are_no_fields() {
        let found =
            listed(r#"{"wh":{"double":1.5},"at":{"long":7},"r":{"lab.Reading":{"w":{"int":3},"m":"a"}}}"#);
        assert_eq!(found.unwrap(), ["wh=1.5", "at=7", "r.w=3", "r.m=\"a\""]);
        // An object of its own, or a unit in a name that has a dot, is what it says.
        assert_eq!(listed(r#"{"double": 1.5}"#).unwrap(), ["double=1.5"]);
        assert_eq!(listed(r#"{"x": {"double": 1.5, "int": 2}}"#).unwrap(), ["x.double=1.5", "x.int=2"]);
        assert_eq!(listed(r#"{"x": {"power.w": 5}}"#).unwrap(), ["x.power.w=5"]);
    }

    #[test]
    fn what_is_no_json_says_so() {
        for text in ["", "{", "{\"wh\":1", "{\"wh\":1}x", "{wh:1}", "NaN", "\"\\ud800\"", "1e999"] {
            assert!(listed(text).is_err(), "{text}");
        }
        assert!(read(b"{\"\xff\":1}", &mut Fields::default()).is_err());
    }

    #[test]
    fn hostile_nesting_and_long_names_stay_small() {
        let deep = "{\"a\":".repeat(100_000);
        assert!(listed(&deep).unwrap_err().contains("recursion"));
        let long = "n".repeat(100_000);
        let many: Vec<_> = (0..900).map(|at| format!("\"{at}\":1")).collect();
        let many = format!("{{\"{long}\":{{{}}},\"wh\":1}}", many.join(","));
        assert_eq!(listed(&many).unwrap(), ["wh=1"]);
        let fields: Vec<_> = (0..5000).map(|at| format!("\"{at}\":1")).collect();
        assert!(listed(&format!("{{{}}}", fields.join(","))).unwrap_err().contains("more than 1024 fields"));
    }
}
