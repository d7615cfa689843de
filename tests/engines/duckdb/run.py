"""The DuckDB macros against the vectors, a statement a function."""

import sys
import tempfile
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parent.parent))
import sql
import vectors

TYPES = {"score_at": ["BIGINT"]}
CALLS = sql.expressions()


def load(database, work, table, columns, rows):
    path = Path(work) / "rows.csv"
    with open(path, "w") as out:
        for row in rows:
            print(*("" if one is None else one for one in row), sep=",", file=out)
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns)
    database.execute(f"CREATE OR REPLACE TABLE {table} AS FROM read_csv('{path}', header = false, columns = {{{types}}})")


def replaced(folder, work):
    """A newer model of the same name leaves its own macros and no other."""
    database = duckdb.connect()
    path = Path(work) / "model.sql"
    for model, functions in sql.newer(folder, Path(work)):
        sql.export(model, "duckdb", path)
        database.execute(path.read_text())
        query = "SELECT function_name, parameters FROM duckdb_functions() WHERE function_type = 'macro' AND function_name ILIKE 'anomoly_power%'"
        found = sorted((name.lower(), names) for name, names in database.execute(query).fetchall())
        level = [("", ["day", "hour", "wh"]), ("", ["hour", "wh"]), ("_at", ["start", "wh"]), ("_at", ["start_ms", "wh"])]
        made = level + [("_" + name.lower(), names) for name, names in functions.items()]
        assert found == sorted(("anomoly_power" + name, names) for name, names in made), (found, functions)


def run(folder, work):
    replaced(folder, work)
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    path = Path(work) / "model.sql"
    sql.export(folder / "model.json", "duckdb", path, sql.NAMES[1])
    database.execute(path.read_text())
    explained = sql.export(folder / "model.json", "duckdb", path)
    for _ in range(2):
        database.execute(path.read_text())
    calls = sql.calls(folder)
    found = {}
    for function, call in CALLS.items():
        if function not in calls:
            continue
        rows = calls[function]
        count = len(rows[0][1])
        kinds = (TYPES.get(function, []) + ["DOUBLE"] * count)[:count]
        load(database, work, "calls", [("place", "BIGINT")] + [(f"a{i}", kind) for i, kind in enumerate(kinds)], [(place, *arguments) for place, arguments in rows])
        arguments = ", ".join(f"a{i}" for i in range(count))
        found |= {place: [score] for place, score in database.execute(f"SELECT place, {call.format(arguments)} FROM calls").fetchall()}
        other = database.execute(f"SELECT count(*) FROM calls WHERE {call.format(arguments)} IS DISTINCT FROM {call.replace(*sql.NAMES).format(arguments)}")
        assert other.fetchall() == [(0,)], "two models side by side"
        if function == "score_at":
            other = database.execute(f"SELECT count(*) FROM calls WHERE {call.format(arguments)} IS DISTINCT FROM ANOMOLY_POWER_AT(epoch_ms(a0)::TIMESTAMPTZ, a1)")
            assert other.fetchall() == [(0,)], "an instant is its milliseconds"
    # A caller's columns that are called as the tables' are the caller's.
    query = "SELECT ANOMOLY_POWER(s.hour, day, from_wh) = ANOMOLY_POWER(0, 4, 1500) FROM (SELECT 4 AS day, 0 AS hour, 1500 AS from_wh) AS s"
    assert database.execute(query).fetchall() == [(True,)]
    readings = sql.readings(calls["push"])
    load(database, work, "pushed", [("place", "BIGINT"), ("meter", "VARCHAR"), ("start_ms", "BIGINT"), ("wh", "DOUBLE")], readings)
    database.execute("CREATE TABLE readings AS SELECT meter, epoch_ms(start_ms)::TIMESTAMPTZ AS start, wh FROM pushed")
    places = {(str(meter), start_ms): place for place, meter, start_ms, wh in readings if 0 <= wh < float("inf")}
    for statement in sql.statements(explained):
        result = database.execute(statement)
        columns = [column[0] for column in result.description]
    result = database.execute(f"SELECT * REPLACE (epoch_ms(start) AS start) FROM ({statement})")
    for row in result.fetchall():
        found[places[row[0], row[1]]] = sql.five(columns, row)
    vectors.write(folder, "duckdb", sql.in_order(folder, found))


with tempfile.TemporaryDirectory() as work:
    for folder in map(Path, sys.argv[1:]):
        run(folder, work)
