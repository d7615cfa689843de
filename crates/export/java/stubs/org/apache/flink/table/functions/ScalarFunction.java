package org.apache.flink.table.functions;

/** What a class needs of Flink's, to compile with; Flink has its own. */
public abstract class ScalarFunction {}
