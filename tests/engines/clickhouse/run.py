"""The ClickHouse functions against the vectors, a statement a function."""

import json
import sys
import tempfile
from pathlib import Path

from chdb.session import Session

sys.path.insert(0, str(Path(__file__).parent.parent))
import sql
import vectors

CALLS = sql.expressions(by_hour="_HOUR")


def script(session, text):
    for statement in sql.statements(text):
        session.query(statement)


def rows(session, query):
    """The names of the columns, then the rows."""
    text = str(session.query(query, "TSVWithNames"))
    return [line.split("\t") for line in text.splitlines()]


def load(session, work, table, columns, given):
    path = Path(work) / "rows.tsv"
    with open(path, "w") as out:
        for row in given:
            print(*("\\N" if one is None else one for one in row), sep="\t", file=out)
    session.query(f"CREATE OR REPLACE TABLE {table} ENGINE = Memory AS SELECT * FROM file('{path}', 'TSV', '{columns}') SETTINGS precise_float_parsing = 1")


def double(text):
    return None if text == "\\N" else float(text)


def replaced(folder, session, work):
    """A newer model of the same name leaves its own functions and no other."""
    path = Path(work) / "model.sql"
    for model, functions in sql.newer(folder, Path(work)):
        sql.export(model, "clickhouse", path, "newer")
        script(session, path.read_text())
        _, *found = rows(session, "SELECT name, create_query FROM system.functions WHERE origin = 'SQLUserDefined' AND startsWith(name, 'newer')")
        made = ["", "_CELL", "_ON", "_HOUR", "_LOCAL", "_CLASS", "_AT", *("_" + name for name in functions)]
        assert sorted(name for name, _ in found) == sorted("newer" + name for name in made), (found, functions)
        queries = dict(found)
        assert all(f"({', '.join(names)}) ->" in queries["newer_" + name] for name, names in functions.items()), (found, functions)


def run(folder, session, work):
    replaced(folder, session, work)
    path = Path(work) / "model.sql"
    sql.export(folder / "model.json", "clickhouse", path, sql.NAMES[1])
    script(session, path.read_text())
    explained = sql.export(folder / "model.json", "clickhouse", path)
    for _ in range(2):
        script(session, path.read_text())
    calls = sql.calls(folder)
    found = {}
    for function, call in CALLS.items():
        if function not in calls:
            continue
        names = [f"a{i}" for i in range(len(calls[function][0][1]))]
        kinds = ["Nullable(Int64)" if function == "score_at" and i == 0 else "Nullable(Float64)" for i in range(len(names))]
        columns = ", ".join(["place Int64", *map(" ".join, zip(names, kinds))])
        load(session, work, "calls", columns, [(place, *arguments) for place, arguments in calls[function]])
        call = call.format(", ".join(names))
        _, *scores = rows(session, f"SELECT place, {call} FROM calls")
        found |= {int(place): [double(score)] for place, score in scores}
        other = rows(session, f"SELECT count() FROM calls WHERE ifNull(toString({call}), '') != ifNull(toString({call.replace(*sql.NAMES)}), '')")
        assert other[1] == ["0"], "two models side by side"
    # A caller's columns that are called as the functions' arguments are the caller's.
    query = "SELECT ANOMOLY_POWER(hour, day, stretches) = ANOMOLY_POWER(0, 4, 1500) FROM (SELECT 4 AS day, 0 AS hour, 1500 AS stretches)"
    assert rows(session, query)[1] == ["1"]
    readings = sql.readings(calls["push"])
    load(session, work, "pushed", "meter String, start_ms Int64, wh Float64", [row[1:] for row in readings])
    session.query("CREATE OR REPLACE TABLE readings ENGINE = Memory AS SELECT meter, toDateTime(intDiv(start_ms, 1000), 'UTC') AS start, wh FROM pushed")
    places = {(str(meter), start_ms): place for place, meter, start_ms, wh in readings if 0 <= wh < float("inf")}
    script(session, explained)
    columns, *scores = rows(session, f"SELECT * REPLACE (toUnixTimestamp(start) AS start) FROM ({sql.statements(explained)[-1]})")
    for row in scores:
        found[places[row[0], int(row[1]) * 1000]] = sql.five(columns, row[:2] + [double(one) for one in row[2:]])
    vectors.write(folder, "clickhouse", sql.in_order(folder, found))


with tempfile.TemporaryDirectory() as work:
    session = Session()
    session.query("CREATE DATABASE tested")
    session.query("USE tested")
    for folder in map(Path, sys.argv[1:]):
        run(folder, session, work)
