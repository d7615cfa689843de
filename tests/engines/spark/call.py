"""Calls the jars' functions with the vectors: call.py WORK FOLDER... All jars lie on one class path, each with a name of its own."""

import os
import subprocess
import sys
from pathlib import Path

from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).parent.parent))
import vectors

work, folders = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
jars = {folder: (f"M_{folder.name.replace('-', '_')}", work / f"{folder.name}.jar") for folder in folders}
for folder, (name, jar) in jars.items():
    export = [os.environ["KNOWATT"], "export", folder / "model.json", "--to", "spark", "--name", name, "-o", jar]
    subprocess.run(export, check=True, stderr=subprocess.DEVNULL)
spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.jars", ",".join(str(jar) for _, jar in jars.values()))
    .config("spark.sql.session.timeZone", "UTC")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")

ENDINGS = {"score": "", "score_hour": "_ANY_DAY", "score_at": "_AT", "floor": "_FLOOR", "step": "_STEP", "rise": "_RISE"}
PLACES = {"score_hour": 1, "score_at": 1}  # the first arguments that are days, hours or instants; else two
END_MS = 4102444800000


def queries(name, function, count):
    """The call in all the types that its places may have, each with the rows that it can be made of."""
    places = PLACES.get(function, 2)
    wh = [f"CAST(a{which} AS DOUBLE)" for which in range(places, count)]

    def call(*types):
        casts = [f"CAST(a{which} AS {type})" for which, type in enumerate(types)]
        return f"{name}{ENDINGS[function]}({', '.join(casts + wh)})"

    if function == "score_at":
        known = f"a0 IS NOT NULL AND CAST(a0 AS BIGINT) BETWEEN 0 AND {END_MS}"
        yield call("BIGINT"), "true"
        yield f"{name}_AT(timestamp_millis(CAST(a0 AS BIGINT)), {wh[0]})", known
        return
    whole = " AND ".join(f"(a{which} IS NULL OR a{which} NOT LIKE '%.%')" for which in range(places))
    yield call(*["DOUBLE"] * places), "true"
    yield call(*["INT", "BIGINT"][-places:]), whole
    yield call(*["DECIMAL(6, 2)", "SMALLINT"][:places]), whole


def results(folder):
    name, _ = jars[folder]
    calls = list(vectors.read(folder))
    # A function that the model has no curves for has no class.
    for ending in {ending for function, ending in ENDINGS.items() if any(call[0] == function for call in calls)}:
        spark.udf.registerJavaFunction(name + ending, f"knowatt.spark.{name}{ending}")
    found = ["skip"] * len(calls)
    for function in ENDINGS:
        rows = [(at, arguments) for at, (called, _, arguments) in enumerate(calls) if called == function]
        if not rows:
            continue
        count = len(rows[0][1])
        path = work / f"{folder.name}-{function}.csv"
        with open(path, "w") as out:
            for at, arguments in rows:
                print(at, *("" if one is None else str(one).replace("inf", "Infinity").replace("nan", "NaN") for one in arguments), sep=",", file=out)
        schema = ", ".join(["at INT"] + [f"a{which} STRING" for which in range(count)])
        spark.read.csv(str(path), schema).createOrReplaceTempView("calls")
        for query, where in queries(name, function, count):
            for at, score in spark.sql(f"SELECT at, {query} FROM calls WHERE {where}").collect():
                if found[at] != "skip" and found[at] != [score]:
                    sys.exit(f"{query} of {calls[at]} is {score} in one type and {found[at]} in another")
                found[at] = [score]
    return found


for folder in folders:
    vectors.write(folder, "spark", results(folder))
