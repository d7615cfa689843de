//! How each engine takes the jar.

use crate::export::Export;

pub(super) fn plain(_export: &Export<'_>) -> String {
    String::new()
}
pub(super) fn ksqldb(_export: &Export<'_>, _file: &str) -> String {
    String::new()
}
pub(super) fn flink(_export: &Export<'_>, _file: &str) -> String {
    String::new()
}
pub(super) fn spark(_export: &Export<'_>, _file: &str) -> String {
    String::new()
}
pub(super) fn kafka_streams(_export: &Export<'_>, _file: &str) -> String {
    String::new()
}
