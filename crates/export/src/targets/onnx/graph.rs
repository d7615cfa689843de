//! An ONNX graph that grows node by node.
//!
//! Field numbers are those of `onnx.proto`, in its messages `ModelProto`, `GraphProto`, `NodeProto`, `AttributeProto`,
//! `TensorProto` and `ValueInfoProto` (*Open Neural Network Exchange Intermediate Representation*).

use super::protobuf::Message;

/// A type of numbers, as `TensorProto.DataType` counts them.
#[derive(Clone, Copy)]
pub(super) enum Type {
    Whole = 7,
    Double = 11,
}

/// The name of what a node gives, of an input or of a constant.
pub(super) type Value = String;

/// A graph.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    inputs: Vec<Message>,
    outputs: Vec<Message>,
}

impl Graph {
    /// The version of the operators: the first with `Where`, and with comparisons of whole numbers.
    const OPERATORS: i64 = 9;
    /// The version of the format that goes with it, the first in which a constant is no input.
    const FORMAT: i64 = 4;

    /// A column that is given.
    pub(super) fn input(&mut self, name: &str, of: Type) -> Value {
        self.inputs.push(column(name, of));
        name.to_owned()
    }

    /// A column that is the result, of a value that a node gives.
    pub(super) fn output(&mut self, name: &str, value: &str) {
        self.outputs.push(column(name, Type::Double));
        self.push("Identity", &[value], &[], name);
    }

    /// Doubles of this shape; none is a single number.
    pub(super) fn doubles(&mut self, name: &str, shape: &[usize], numbers: &[f64]) -> Value {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(name, shape, Type::Double, bytes)
    }

    /// Whole numbers likewise.
    pub(super) fn wholes(&mut self, name: &str, shape: &[usize], numbers: &[i64]) -> Value {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(name, shape, Type::Whole, bytes)
    }

    fn constant(&mut self, name: &str, shape: &[usize], of: Type, bytes: Vec<u8>) -> Value {
        let shaped =
            shape.iter().fold(Message::default(), |tensor, size| tensor.number(1, size.cast_signed() as i64));
        self.constants.push(shaped.number(2, of as i64).bytes(8, name).bytes(9, bytes));
        name.to_owned()
    }

    /// What an operator makes of values.
    pub(super) fn apply(&mut self, operator: &str, values: &[&str]) -> Value {
        self.apply_with(operator, values, &[])
    }

    /// The same with attributes.
    pub(super) fn apply_with(
        &mut self,
        operator: &str,
        values: &[&str],
        attributes: &[(&str, Attribute)],
    ) -> Value {
        let name = format!("{operator}_{}", self.nodes.len());
        self.push(operator, values, attributes, &name);
        name
    }

    fn push(&mut self, operator: &str, values: &[&str], attributes: &[(&str, Attribute)], output: &str) {
        let node = values.iter().fold(Message::default(), |node, value| node.bytes(1, value));
        let attributes = attributes.iter().map(|(name, attribute)| attribute.message(name));
        let node = node.bytes(2, output).bytes(3, output).bytes(4, operator);
        self.nodes.push(node.messages(5, &attributes.collect::<Vec<_>>()));
    }

    /// The file, with texts that tell of it.
    pub(super) fn finish(self, name: &str, about: &str, told: &[(&str, &str)]) -> Vec<u8> {
        let graph = Message::default()
            .messages(1, &self.nodes)
            .bytes(2, name)
            .messages(5, &self.constants)
            .messages(11, &self.inputs)
            .messages(12, &self.outputs);
        let operators = Message::default().bytes(1, "").number(2, Self::OPERATORS);
        let told = told.iter().map(|(key, value)| Message::default().bytes(1, key).bytes(2, value));
        Message::default()
            .number(1, Self::FORMAT)
            .bytes(2, "knowatt")
            .bytes(3, env!("CARGO_PKG_VERSION"))
            .bytes(6, about)
            .message(7, &graph)
            .message(8, &operators)
            .messages(14, &told.collect::<Vec<_>>())
            .finish()
    }
}

/// What an operator is told beside its values.
pub(super) enum Attribute {
    Number(i64),
    /// A list of one number.
    Numbers(i64),
}

impl Attribute {
    fn message(&self, name: &str) -> Message {
        let message = Message::default().bytes(1, name);
        match self {
            Self::Number(number) => message.number(3, *number).number(20, 2),
            Self::Numbers(number) => message.number(8, *number).number(20, 7),
        }
    }
}

/// A column of N numbers.
fn column(name: &str, of: Type) -> Message {
    let shape = Message::default().message(1, &Message::default().bytes(2, "N"));
    let tensor = Message::default().number(1, of as i64).message(2, &shape);
    Message::default().bytes(1, name).message(2, &Message::default().message(1, &tensor))
}
