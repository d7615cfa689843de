//! `wasm`: one small module for browsers, Node and every other WebAssembly runtime, with no imports and the curves inside.
//!
//! WebAssembly's `f64` operations are those of IEEE 754, rounded to nearest (*WebAssembly Core Specification* 1.0, 4.3.3), and there is
//! none that fuses two, so the arithmetic is that of `knowatt_score::Curve`. Only version 1.0 is used. All parameters and results
//! are `f64`, which JavaScript calls with plain numbers: a day, an hour and milliseconds too. No score is NaN. There is no `push`, as a
//! module would hold the state of a single meter; that is a few lines beside it.
//!
//! The model's digest is in a custom section `knowatt`.

mod functions;

use std::{borrow::Cow, fmt::Write as _};

use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, DataSection, ExportKind, ExportSection, FunctionSection,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};

use super::Target;
use crate::{
    error::Error,
    export::Export,
    flat::{Flat, Function, functions as features, list},
};

/// Bytes of WebAssembly's unit of memory.
const PAGE: usize = 65_536;

pub(super) struct Wasm;

impl Target for Wasm {
    fn name(&self) -> &'static str {
        "wasm"
    }

    fn summary(&self) -> &'static str {
        "a WebAssembly module without imports"
    }

    fn extension(&self) -> &'static str {
        "wasm"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let memory = Memory::new(export)?;
        let pages = memory.bytes.len().div_ceil(PAGE) as u64;
        let mut types = TypeSection::new();
        let mut declared = FunctionSection::new();
        let mut exports = ExportSection::new();
        let mut code = CodeSection::new();
        for (index, function) in (0..).zip(functions::all(export, &memory)) {
            types.ty().function(function.parameters, [function.result]);
            declared.function(index);
            if let Some(name) = function.exported {
                exports.export(name, ExportKind::Func, index);
            }
            code.function(&function.body);
        }
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: pages,
            maximum: Some(pages),
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(0), memory.bytes);
        let heading = export.heading().join("\n");
        let mut module = Module::new();
        module
            .section(&types)
            .section(&declared)
            .section(&memories)
            .section(&exports)
            .section(&code)
            .section(&data)
            .section(&CustomSection {
                name: Cow::Borrowed("knowatt"),
                data: Cow::Borrowed(heading.as_bytes()),
            });
        Ok(module.finish())
    }

    fn explain(&self, export: &Export<'_>, file: &str) -> String {
        let name = export.name.lower();
        let mut text = format!(
            "{file} is a WebAssembly module without imports. Put it beside your own code as {name}.wasm. In Node:\n\
             \n    \
                 import {{ readFile }} from \"node:fs/promises\";\n    \
                 const {{ instance }} = await WebAssembly.instantiate(await readFile(\"{name}.wasm\"));\n    \
                 const {name} = instance.exports;\n    \
                 console.log({name}.score(0, 4, 1500));          // day class, hour, Wh; NaN where there is no score\n    \
                 console.log({name}.score_hour(4, 1500));        // without the day: the lowest score of any\n    \
                 console.log({name}.score_at(Date.now(), 1500)); // milliseconds since 1970\n"
        );
        for Function { name: function, arguments } in features(export) {
            if !arguments.is_empty() {
                // Writing to a String cannot fail.
                _ = writeln!(
                    text,
                    "    console.log({name}.{function}(0, 4, {})); // {}; NaN what is not known",
                    list(arguments.iter().map(|_| 300)),
                    list(arguments.iter().map(|argument| &argument.name)),
                );
            }
        }
        _ = write!(
            text,
            "\n\
             A page takes the module by WebAssembly.instantiateStreaming(fetch(\"{name}.wasm\")). In Python, with wasmtime:\n\
             \n    \
                 from wasmtime import Instance, Module, Store\n    \
                 store = Store()\n    \
                 module = Module.from_file(store.engine, \"{name}.wasm\")\n    \
                 {name} = Instance(store, module, []).exports(store)\n    \
                 print({name}[\"score\"](store, 0.0, 4.0, 1500.0)) # floats, the day and the hour too\n"
        );
        text
    }
}

/// The tables, and where they are.
struct Memory {
    bytes: Vec<u8>,
    /// Where each curve begins, as `i32` numbers of knots.
    starts: u64,
    /// The knots' Wh and scores, as `f64`.
    wh: u64,
    scores: u64,
    /// From when each offset from UTC holds, and the offset, in seconds, as `i64`.
    spans_from: u64,
    spans_offset: u64,
    /// Days since 1970, as `i32`.
    holidays: u64,
}

impl Memory {
    fn new(export: &Export<'_>) -> Result<Self, Error> {
        let flat = Flat::new(export);
        let clock = &export.clock;
        let mut bytes = Vec::new();
        let mut put = |table: &mut dyn Iterator<Item = Vec<u8>>| {
            let at = bytes.len() as u64;
            bytes.extend(table.flatten());
            at
        };
        // The widest numbers first, so that all lie on their own width.
        let wh = put(&mut flat.wh.iter().map(|number| number.to_le_bytes().to_vec()));
        let scores = put(&mut flat.scores.iter().map(|number| number.to_le_bytes().to_vec()));
        let spans_from = put(&mut clock.spans.iter().map(|span| span.from_s.to_le_bytes().to_vec()));
        let offsets = clock.spans.iter().map(|span| i64::from(span.offset_s));
        let spans_offset = put(&mut offsets.map(|offset| offset.to_le_bytes().to_vec()));
        // What an i32 cannot hold is cut off, which the check of the whole size below refuses.
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
        let starts = put(&mut flat.starts.iter().map(|start| (*start as i32).to_le_bytes().to_vec()));
        #[allow(clippy::cast_possible_truncation)] // until 2099
        let holidays = put(&mut clock.holidays.iter().map(|date| (*date as i32).to_le_bytes().to_vec()));
        if i32::try_from(bytes.len()).is_err() {
            let what = format!("{} bytes, where 2 GiB are the most", bytes.len());
            return Err(Error::TooLarge { target: "wasm", what });
        }
        Ok(Self { bytes, starts, wh, scores, spans_from, spans_offset, holidays })
    }
}

/// One function of the module.
struct Compiled {
    /// Under which name it can be called from outside.
    exported: Option<&'static str>,
    parameters: Vec<ValType>,
    result: ValType,
    body: wasm_encoder::Function,
}
