"""The PostgreSQL functions against the vectors, a statement a function, through psql."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import sql
import vectors

CALLS = {
    "score": "ANOMOLY_POWER({})",
    "score_hour": "ANOMOLY_POWER({})",
    "score_at": "ANOMOLY_POWER_AT({})",
    "floor": "ANOMOLY_POWER_FLOOR({})",
    "step": "ANOMOLY_POWER_STEP({})",
    "rise": "ANOMOLY_POWER_RISE({})",
}


def psql(text, given=None):
    """Runs statements, or one that reads what is given, and gives what it prints."""
    run = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-F", "\t", "-P", "null=\\N"]
    run += ["-f", "-"] if given is None else ["-c", text]
    done = subprocess.run(run, input=text if given is None else given, stdout=subprocess.PIPE, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def load(table, columns, rows):
    psql(f"CREATE TABLE {table} ({columns});")
    psql(f"COPY {table} FROM STDIN", "".join("\t".join("\\N" if one is None else str(one) for one in row) + "\n" for row in rows))


def double(text):
    return None if text == "\\N" else float(text)


def run(folder, work):
    path = Path(work) / "model.sql"
    psql("SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    sql.export(folder / "model.json", "postgresql", path, sql.NAMES[1])
    psql(path.read_text())
    explained = sql.export(folder / "model.json", "postgresql", path)
    psql(path.read_text())
    psql("CREATE VIEW uses AS SELECT ANOMOLY_POWER(0, 4, 1500)")
    psql(path.read_text())
    calls = sql.calls(folder)
    found = {}
    for function, call in CALLS.items():
        if function not in calls:
            continue
        count = len(calls[function][0][1])
        names = [f"a{i}" for i in range(count)]
        kinds = ["bigint" if function == "score_at" and i == 0 else "double precision" for i in range(count)]
        load("calls", ", ".join(["place bigint", *map(" ".join, zip(names, kinds))]), [(place, *arguments) for place, arguments in calls[function]])
        call = call.format(", ".join(names))
        found |= {int(place): [double(score)] for place, score in psql(f"SELECT place, {call} FROM calls")}
        other = psql(f"SELECT count(*) FROM calls WHERE place % 50 = 0 AND {call} IS DISTINCT FROM {call.replace(*sql.NAMES)}")
        assert other == [["0"]], "two models side by side"
        if function == "score_at":
            instant = "'epoch'::timestamptz + a0 * interval '1 millisecond'"
            other = psql(f"SELECT count(*) FROM calls WHERE {call} IS DISTINCT FROM ANOMOLY_POWER_AT({instant}, a1)")
            assert other == [["0"]], "an instant is its milliseconds"
        psql("DROP TABLE calls")
    readings = sql.readings(calls["push"])
    load("pushed", "place bigint, meter text, start_ms bigint, wh double precision", readings)
    psql("CREATE TABLE readings AS SELECT meter, to_timestamp(start_ms / 1000) AS start, wh FROM pushed;")
    places = {(str(meter), start_ms): place for place, meter, start_ms, wh in readings if 0 <= wh < float("inf")}
    psql(explained)
    query = sql.statements(explained)[-1]
    columns = psql(f"\\t off\n\\pset footer off\nSELECT * FROM ({query}) AS scored LIMIT 0;")[-1]
    rows = psql(f"SELECT meter, (EXTRACT(EPOCH FROM start) * 1000)::bigint, {', '.join(columns[2:])} FROM ({query}) AS scored;")
    for meter, start_ms, *scores in rows:
        found[places[meter, int(start_ms)]] = sql.five(columns, [meter, start_ms, *map(double, scores)])
    vectors.write(folder, "postgresql", sql.in_order(folder, found))


for folder in map(Path, sys.argv[2:]):
    run(folder, sys.argv[1])
