//! `java`, and one jar that serves `ksqldb`, `flink`, `spark` and `kafka-streams`, made without a JDK.
//!
//! The classes are compiled from `java/knowatt` under the name `KNOWATT_NAME`, for Java 8, and lie in `java/classes`; a test compiles them again and compares
//! bytes. An export [gives them the model's name](class_file) and adds the model as a resource, in [numbers]. As each jar's classes and resource
//! have names of their own, any number of models, of any versions of knowatt, may lie on one class path. What binds them:
//!
//! - **ksqlDB** (its `UdfLoader` and `UdfIndex`): a public class with `@UdfDescription`, public methods with `@Udf`, each parameter with a name by
//!   `@UdfParameter`; boxed types, so that NULL may come; no class of a later Java than 11. A function's name may stand in one jar only. A call is ambiguous, and
//!   refused, if two overloads fit it only after an implicit cast, so where there are any there is one for every type.
//! - **Flink** (*User-defined Functions*): a public subclass of `ScalarFunction` with public methods `eval`, whose types are found by reflection:
//!   `Integer`, `Long`, `Double`, `Instant` are `INT`, `BIGINT`, `DOUBLE`, `TIMESTAMP_LTZ`. The first that fits by implicit casts is taken.
//! - **Spark** (`spark.udf.registerJavaFunction`): a public class that implements just one of `UDF1` to `UDF22`; arguments come as
//!   they are, without a cast, so they are taken as `Number`.
//! - **Kafka Streams**, or any Java: the class of static methods itself. No score is NaN there, and null in the engines of SQL.

mod class_file;
mod explain;
mod jar;
mod java;
mod numbers;
#[cfg(test)]
mod tests;

pub(super) use jar::{FLINK, KAFKA_STREAMS, KSQLDB, SPARK};
pub(super) use java::Java;

/// A text with each of some others replaced, in their order.
fn renamed(text: &str, replaced: &[(&str, &str)]) -> String {
    replaced.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
