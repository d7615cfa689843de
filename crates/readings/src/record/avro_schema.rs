//! Avro schemas: JSON to a list of types that refer to one another by their place in it.
//!
//! Source: the Apache Avro 1.12 specification, "Schema Declaration" and "Logical Types". Defaults,
//! aliases and documentation are not looked at: a value is read with the schema it was written with.
//!
//! Limits: [`MAX_SCHEMA_BYTES`] of text, [`MOST_TYPES`] types, [`MAX_DEPTH`] levels.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::Value;

use super::fields::MOST_FIELDS;

/// The longest schema that is read, in bytes.
pub(crate) const MAX_SCHEMA_BYTES: usize = 1 << 20;

/// The most types that a schema may have.
const MOST_TYPES: usize = 16_384;

/// How deep types may be nested, and values too.
pub(crate) const MAX_DEPTH: usize = 64;

/// How many schemas were read, which makes each one's number.
static READ: AtomicU64 = AtomicU64::new(0);

/// What a number stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logical {
    /// Itself.
    None,
    /// So many of these make a second since 1970, UTC.
    Instant(i64),
    /// The same on the clock on the wall.
    WallClock(i64),
    /// Days since 1970.
    Date,
    /// A decimal number with so many digits behind the point, in bytes.
    Decimal(u32),
}

/// A type. The others that it is made of are named by their places.
#[derive(Debug)]
pub(crate) enum Type {
    Null,
    Boolean,
    /// `int` and `long` are written alike.
    Long(Logical),
    Float,
    Double,
    Bytes(Logical),
    String,
    Fixed(u64, Logical),
    Enum(Vec<String>),
    Array(usize),
    Map(usize),
    Union(Vec<usize>),
    Record(Vec<(String, usize)>),
}

/// The schema that values were written with.
#[derive(Debug)]
pub(crate) struct Schema {
    types: Vec<Type>,
    root: usize,
    /// Unlike that of any other schema that was read.
    number: u64,
    /// How many fields each value has, if all have the same.
    leaves: Option<usize>,
}

impl Schema {
    /// Reads a schema; says what is wrong with it if it is none.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Self::parse_with(text, &[])
    }

    /// Reads a schema that refers to types of others, which come first.
    pub(crate) fn parse_with(text: &str, referred: &[String]) -> Result<Self, String> {
        let mut parser = Parser { types: Vec::new(), names: HashMap::new() };
        for text in referred {
            parser.parse(&json(text)?, "", 0)?;
        }
        let root = parser.parse(&json(text)?, "", 0)?;
        let mut schema =
            Self { types: parser.types, root, number: READ.fetch_add(1, Ordering::Relaxed), leaves: None };
        schema.leaves = schema.leaves_of(root, 0);
        Ok(schema)
    }

    /// The type at a place.
    pub(crate) fn get(&self, at: usize) -> &Type {
        self.types.get(at).unwrap_or(&Type::Null)
    }

    /// What tells it apart from all others.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// How many fields each value has; none where values may have different fields.
    pub(crate) fn leaves(&self) -> Option<usize> {
        self.leaves
    }

    fn leaves_of(&self, at: usize, depth: usize) -> Option<usize> {
        let is_leaf = |at: &usize| {
            !matches!(self.get(*at), Type::Array(_) | Type::Map(_) | Type::Union(_) | Type::Record(_))
        };
        match self.get(at) {
            // Some records hold themselves, and a few that hold one another twice can make many fields.
            Type::Record(of) if depth <= MAX_DEPTH => {
                let mut leaves = 0;
                for (_, of) in of {
                    leaves += self.leaves_of(*of, depth + 1)?;
                    if leaves > MOST_FIELDS {
                        return None;
                    }
                }
                Some(leaves)
            }
            Type::Union(of) if of.iter().all(is_leaf) => Some(1),
            _ => is_leaf(&at).then_some(1),
        }
    }

    /// The place of the type of the whole value.
    pub(crate) fn root(&self) -> usize {
        self.root
    }
}

fn json(text: &str) -> Result<Value, String> {
    if text.len() > MAX_SCHEMA_BYTES {
        return Err(format!("longer than {} KiB", MAX_SCHEMA_BYTES >> 10));
    }
    let json: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let is_bare = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic());
    match json {
        Value::String(name) if !is_bare(&name) => Err("not a schema".to_owned()),
        json => Ok(json),
    }
}

struct Parser {
    types: Vec<Type>,
    /// The places of the types that have names, by their full names.
    names: HashMap<String, usize>,
}

impl Parser {
    fn push(&mut self, new: Type) -> Result<usize, String> {
        if self.types.len() == MOST_TYPES {
            return Err(format!("more than {MOST_TYPES} types"));
        }
        self.types.push(new);
        Ok(self.types.len() - 1)
    }

    /// Puts a type where its place was kept.
    fn set(&mut self, at: usize, new: Type) {
        if let Some(place) = self.types.get_mut(at) {
            *place = new;
        }
    }

    fn parse(&mut self, schema: &Value, namespace: &str, depth: usize) -> Result<usize, String> {
        if depth > MAX_DEPTH {
            return Err(format!("types nested more than {MAX_DEPTH} deep"));
        }
        match schema {
            Value::String(name) => self.named(name, Logical::None, namespace),
            Value::Array(types) => {
                let at = self.push(Type::Null)?;
                let of = |of| self.parse(of, namespace, depth + 1);
                let types = types.iter().map(of).collect::<Result<_, _>>()?;
                self.set(at, Type::Union(types));
                Ok(at)
            }
            Value::Object(schema) => {
                let part = |name: &str| schema.get(name).ok_or_else(|| format!("a type without `{name}`"));
                let Value::String(name) = part("type")? else {
                    return self.parse(part("type")?, namespace, depth + 1);
                };
                match name.as_str() {
                    "array" | "map" => {
                        let at = self.push(Type::Null)?;
                        let is_array = name == "array";
                        let of = part(if is_array { "items" } else { "values" })?;
                        let of = self.parse(of, namespace, depth + 1)?;
                        self.set(at, if is_array { Type::Array(of) } else { Type::Map(of) });
                        Ok(at)
                    }
                    "record" | "error" | "enum" | "fixed" => self.define(name, schema, namespace, depth),
                    name => self.named(name, logical(schema), namespace),
                }
            }
            _ => Err("a type is a name, a list or an object".to_owned()),
        }
    }

    /// A type that is given a name here.
    fn define(
        &mut self,
        of: &str,
        schema: &serde_json::Map<String, Value>,
        namespace: &str,
        depth: usize,
    ) -> Result<usize, String> {
        let name =
            schema.get("name").and_then(Value::as_str).ok_or_else(|| format!("a {of} without a name"))?;
        let namespace = schema.get("namespace").and_then(Value::as_str).unwrap_or(namespace);
        let name = full_name(name, namespace);
        let namespace = name.rsplit_once('.').map_or("", |(namespace, _)| namespace).to_owned();
        let at = self.push(Type::Null)?;
        self.names.insert(name, at);
        let list = |name: &str| {
            let list = schema.get(name).and_then(Value::as_array);
            list.ok_or_else(|| format!("a {of} without {name}"))
        };
        let new = match of {
            "enum" => {
                let symbol = |symbol: &Value| symbol.as_str().unwrap_or_default().to_owned();
                Type::Enum(list("symbols")?.iter().map(symbol).collect())
            }
            "fixed" => {
                let size = schema.get("size").and_then(Value::as_u64);
                Type::Fixed(size.ok_or("a fixed without a size")?, logical(schema))
            }
            _ => {
                let field = |field: &Value| {
                    let name = field.get("name").and_then(Value::as_str).ok_or("a field without a name")?;
                    let of = field.get("type").ok_or_else(|| format!("field `{name}` without a type"))?;
                    Ok((name.to_owned(), self.parse(of, &namespace, depth + 1)?))
                };
                Type::Record(list("fields")?.iter().map(field).collect::<Result<_, String>>()?)
            }
        };
        self.set(at, new);
        Ok(at)
    }

    fn named(&mut self, name: &str, logical: Logical, namespace: &str) -> Result<usize, String> {
        let primitive = match name {
            "null" => Type::Null,
            "boolean" => Type::Boolean,
            "int" | "long" => Type::Long(logical),
            "float" => Type::Float,
            "double" => Type::Double,
            "bytes" => Type::Bytes(logical),
            "string" => Type::String,
            _ => {
                let known = self.names.get(&full_name(name, namespace)).or_else(|| self.names.get(name));
                let show = crate::message::show;
                return known.copied().ok_or_else(|| format!("unknown type `{}`", show(name.as_bytes())));
            }
        };
        self.push(primitive)
    }
}

fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

fn logical(schema: &serde_json::Map<String, Value>) -> Logical {
    match schema.get("logicalType").and_then(Value::as_str).unwrap_or_default() {
        "timestamp-millis" => Logical::Instant(1000),
        "timestamp-micros" => Logical::Instant(1_000_000),
        "timestamp-nanos" => Logical::Instant(1_000_000_000),
        "local-timestamp-millis" => Logical::WallClock(1000),
        "local-timestamp-micros" => Logical::WallClock(1_000_000),
        "local-timestamp-nanos" => Logical::WallClock(1_000_000_000),
        "date" => Logical::Date,
        "decimal" => {
            let scale = schema.get("scale").and_then(Value::as_u64).unwrap_or_default();
            u32::try_from(scale).map_or(Logical::None, Logical::Decimal)
        }
        _ => Logical::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_is_none_says_why() {
        for (text, why) in [
            ("", "EOF"),
            ("{}", "without `type`"),
            ("3", "a name, a list or an object"),
            (r#""lab.Missing""#, "unknown type `lab.Missing`"),
            (r#"{"type":"record","fields":[]}"#, "without a name"),
            (r#"{"type":"record","name":"R"}"#, "without fields"),
            (r#"{"type":"record","name":"R","fields":[{"name":"a"}]}"#, "`a` without a type"),
            (r#"{"type":"enum","name":"E"}"#, "without symbols"),
            (r#"{"type":"fixed","name":"F","size":-1}"#, "without a size"),
            (r#"{"type":"array"}"#, "without `items`"),
        ] {
            let error = Schema::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn hostile_schemas_are_refused_in_bounded_memory() {
        let deep = format!("{}\"int\"{}", "{\"type\":".repeat(100), "}".repeat(100));
        assert!(Schema::parse(&deep).unwrap_err().contains("nested"));
        assert!(Schema::parse(&"[".repeat(1 << 19)).is_err());
        let wide = format!("[{}\"int\"]", "\"int\",".repeat(20_000));
        assert!(Schema::parse(&wide).unwrap_err().contains("more than 16384 types"));
        assert!(Schema::parse(&" ".repeat(2 << 20)).unwrap_err().contains("longer than 1024 KiB"));
    }

    #[test]
    fn names_are_found_in_their_namespace_and_in_schemas_referred_to() {
        let unit = r#"{"type":"enum","name":"Unit","namespace":"lab","symbols":["WH"]}"#.to_owned();
        let fields = r#"[{"name":"u","type":"Unit"},{"name":"v","type":"lab.Unit"},{"name":"next","type":["null","R"]}]"#;
        let record = format!(r#"{{"type":"record","name":"lab.R","fields":{fields}}}"#);
        assert!(Schema::parse_with(&record, &[unit]).is_ok());
        assert!(Schema::parse(&record).unwrap_err().contains("unknown type `Unit`"));
    }
}
