"""The PostgreSQL functions against the vectors, a statement a function, through psql."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import sql
import vectors

CALLS = sql.expressions()


def psql(text, given=None):
    """Runs statements, or one that reads what is given, and gives what it prints."""
    run = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-F", "\t", "-P", "null=\\N"]
    run += ["-f", "-"] if given is None else ["-c", text]
    done = subprocess.run(run, input=text if given is None else given, stdout=subprocess.PIPE, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def refused(text):
    """Runs statements that end with an error, and gives it."""
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode, "this is refused"
    return done.stderr


def functions_of(schema):
    return sorted((name, *names.split(",")) for name, names in psql(f"SELECT proname, array_to_string(proargnames, ',') FROM pg_proc WHERE pronamespace = '{schema}'::regnamespace;"))


def replaced(folder, work):
    """A newer model of the same name leaves its own functions and no other, and those of its user."""
    path = Path(work) / "model.sql"
    psql('SET client_min_messages = warning; DROP SCHEMA IF EXISTS "Other" CASCADE; CREATE SCHEMA "Other"; DROP SCHEMA public CASCADE; CREATE SCHEMA public;')
    own = []
    for name, names in [("anomoly_power_floors", "day,hour,low_9h"), ("anomoly_power_floor", "day,hour,wh"), ("anomoly_power_floor", "low_9h"), ("my_step", "day,hour,step_wh")]:
        psql(f"CREATE FUNCTION {name}({', '.join(one + ' double precision' for one in names.split(','))}) RETURNS double precision LANGUAGE sql RETURN 1;")
        own.append((name, *names.split(",")))
    level = [("", "day", "hour", "wh"), ("", "hour", "wh"), ("_at", "start", "wh"), ("_at", "start_ms", "wh")]
    for place, (model, functions) in enumerate(sql.newer(folder, Path(work))):
        sql.export(model, "postgresql", path)
        text = path.read_text()
        if place == 1:
            # In a schema whose name wants quotes, and with all names in quotes.
            within = 'SET search_path = "Other"; SET quote_all_identifiers = on;\n'
            psql(within + before)
            psql(within + text)
            # What uses a function that would go keeps all as it was.
            psql("CREATE VIEW uses_floor AS SELECT ANOMOLY_POWER_FLOOR(0, 4, 1, 1), ANOMOLY_POWER_STEP(0, 4, 1);")
            was, rows = functions_of("public"), psql("SELECT * FROM anomoly_power_segments ORDER BY 1, 2, 3, 4;")
            assert "depend" in refused(text)
            assert was == functions_of("public") and rows == psql("SELECT * FROM anomoly_power_segments ORDER BY 1, 2, 3, 4;")
            psql("DROP VIEW uses_floor; CREATE VIEW uses_step AS SELECT ANOMOLY_POWER(0, 4, 1), ANOMOLY_POWER_STEP(0, 4, 1);")
        if place == 2:
            psql("DROP VIEW uses_step;")
        psql(text)
        made = level + [("_" + name.lower(), *names) for name, names in functions.items()]
        made = [("anomoly_power" + name, *names) for name, *names in made]
        assert functions_of("public") == sorted(made + own), (functions_of("public"), functions)
        if place == 1:
            assert functions_of('"Other"') == sorted(made)
        before = text
    psql('SET client_min_messages = warning; DROP SCHEMA "Other" CASCADE;')


def load(table, columns, rows):
    psql(f"CREATE TABLE {table} ({columns});")
    psql(f"COPY {table} FROM STDIN", "".join("\t".join("\\N" if one is None else str(one) for one in row) + "\n" for row in rows))


def double(text):
    return None if text == "\\N" else float(text)


def run(folder, work):
    replaced(folder, work)
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
