"""The MySQL functions in MariaDB against the vectors, a statement a function, through its client."""

import math
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import sql
import vectors

WORK = Path(sys.argv[1])
CALLS = sql.expressions(by_hour="_HOUR")


def client(text, database="tested"):
    """Runs statements, and gives the rows that they print, with the names of the columns first."""
    run = ["mariadb", "--no-defaults", "-S", WORK / "socket", "-u", "root", "--local-infile=1", "--batch", "-D", database]
    done = subprocess.run(run, input=text, stdout=subprocess.PIPE, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def load(table, columns, rows):
    path = WORK / "rows.tsv"
    with open(path, "w") as out:
        for row in rows:
            print(*("\\N" if one is None else one for one in row), sep="\t", file=out)
    client(f"DROP TABLE IF EXISTS {table}; CREATE TABLE {table} ({columns}); LOAD DATA LOCAL INFILE '{path}' INTO TABLE {table};")


def double(text):
    return None if text == "NULL" else float(text)


def anew():
    client("DROP DATABASE IF EXISTS tested; CREATE DATABASE tested;", "mysql")


def replaced(folder):
    """A newer model of the same name leaves its own functions and no other."""
    path = WORK / "model.sql"
    anew()
    for model, functions in sql.newer(folder, WORK):
        sql.export(model, "mysql", path)
        client(path.read_text())
        names = "GROUP_CONCAT(PARAMETER_NAME ORDER BY ORDINAL_POSITION)"
        _, *found = client(f"SELECT SPECIFIC_NAME, {names} FROM information_schema.PARAMETERS WHERE SPECIFIC_SCHEMA = 'tested' AND ORDINAL_POSITION > 0 GROUP BY 1")
        made = [["", "day,hour,wh"], ["_HOUR", "hour,wh"], ["_AT", "start_ms,wh"]] + [["_" + name, ",".join(names)] for name, names in functions.items()]
        assert sorted(found) == sorted(["ANOMOLY_POWER" + name, names] for name, names in made), (found, functions)


def run(folder):
    replaced(folder)
    path = WORK / "model.sql"
    anew()
    sql.export(folder / "model.json", "mysql", path, sql.NAMES[1])
    client(path.read_text())
    explained = sql.export(folder / "model.json", "mysql", path)
    for _ in range(2):
        client(path.read_text())
    calls = sql.calls(folder)
    found, skipped = {}, set()
    for function, call in CALLS.items():
        if function not in calls:
            continue
        # There is no NaN and no infinity in MySQL.
        can = [(place, arguments) for place, arguments in calls[function] if all(one is None or math.isfinite(one) for one in arguments)]
        skipped |= {place for place, _ in calls[function]} - {place for place, _ in can}
        names = [f"a{i}" for i in range(len(can[0][1]))]
        kinds = ["BIGINT" if function == "score_at" and i == 0 else "DOUBLE" for i in range(len(names))]
        load("calls", ", ".join(["place BIGINT", *map(" ".join, zip(names, kinds))]), [(place, *arguments) for place, arguments in can])
        call = call.format(", ".join(names))
        _, *rows = client(f"SELECT place, {call} FROM calls")
        found |= {int(place): [double(score)] for place, score in rows}
        other = client(f"SELECT count(*) FROM calls WHERE place % 50 = 0 AND NOT {call} <=> {call.replace(*sql.NAMES)}")
        assert other[1] == ["0"], "two models side by side"
    readings, places = [], {}
    for place, meter, start_ms, wh in sql.readings(calls["push"]):
        start = datetime.fromtimestamp(start_ms / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        if math.isfinite(wh):
            readings.append((meter, start, wh))
        else:
            skipped.add(place)
        if 0 <= wh < math.inf:
            places[str(meter), start] = place
    load("readings", "meter VARCHAR(64), start DATETIME, wh DOUBLE", readings)
    client(explained)
    columns, *rows = client(sql.statements(explained)[-1])
    for row in rows:
        found[places[row[0], row[1]]] = sql.five(columns, row[:2] + [double(one) for one in row[2:]])
    vectors.write(folder, "mariadb", sql.in_order(folder, found, skipped))


for folder in map(Path, sys.argv[2:]):
    run(folder)
