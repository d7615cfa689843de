"""Reads the table by what `--explain` prints, and scores the vectors by the rule that it prints: call.py FOLDER..."""

import csv
import sys
from bisect import bisect_right
from pathlib import Path

import duckdb
import pyarrow.parquet

sys.path.insert(0, str(Path(__file__).parent.parent))
import pandas_check
import vectors


def score(knots, x):
    wh, scores = knots
    i = min(max(bisect_right(wh, x), 1), len(wh) - 1)
    s = scores[i - 1] + (x - wh[i - 1]) * (scores[i] - scores[i - 1]) / (wh[i] - wh[i - 1])
    return min(s, scores[i] if i < len(wh) - 1 else sys.float_info.max)


def results(folder, rows):
    curves, days = {}, list(dict.fromkeys(row["day"] for row in rows))
    for row in rows:
        wh, scores = curves.setdefault((row["feature"], days.index(row["day"]), row["hour"]), ([], []))
        wh.append(row["wh"])
        scores.append(row["score"])
    features = list(dict.fromkeys(row["feature"] for row in rows))
    of = {"score": ["level"]} | {name: [one for one in features if one.startswith(name)] for name in ("floor", "step", "rise")}
    for function, _, (day, hour, *values) in vectors.read(folder):
        if function not in of:
            yield "skip"  # the table has no clock
            continue
        places = [(curves.get((feature, day, hour)), x) for feature, x in zip(of[function], values)]
        yield [max((score(knots, x) for knots, x in places if knots and x is not None and 0 <= x <= sys.float_info.max), default=None)]


for folder in map(Path, sys.argv[1:]):
    path = folder / "anomoly_power.parquet"
    explained = [line[4:] for line in pandas_check.export(folder, "parquet", path).splitlines() if line.startswith("    ")]
    query, python = explained[0], "\n".join(explained[1:])

    pandas_check.export(folder, "csv", folder / "anomoly_power.csv")
    with open(folder / "anomoly_power.csv") as lines:
        expected = [(row["feature"], row["day"], int(row["hour"]), float(row["wh"]), float(row["score"])) for row in csv.DictReader(lines)]

    table = pyarrow.parquet.read_table(path)
    rows = table.to_pylist()
    assert [tuple(row.values()) for row in rows] == expected, folder
    names = {}
    exec(python, names)
    assert list(names["table"].itertuples(index=False, name=None)) == expected, folder
    of_four = sorted(row[1:] for row in expected if row[0] == "level" and row[2] == 4)
    assert sorted(row[1:] for row in duckdb.sql(query).fetchall()) == of_four, folder
    digest = pyarrow.parquet.read_metadata(path).metadata[b"sha256"].decode()
    assert f'"sha256": "{digest}"' in (folder / "model.json").read_text(), "the metadata has another digest"
    vectors.write(folder, "parquet", results(folder, rows))
