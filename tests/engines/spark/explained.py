"""Runs what `knowatt export --to spark --explain` prints, as it stands, and holds it against `knowatt score`: explained.py WORK"""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

work = Path(sys.argv[1])
home = Path(__file__).parents[3] / "data" / "home"
knowatt = os.environ["KNOWATT"]


def run(*arguments):
    return subprocess.run([knowatt, *arguments], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


model, jar, scored = work / "model.json", work / "explained.jar", work / "scored.csv"
run("train", home / "learn-hourly.csv", "--tz", "Europe/Paris", "--holidays", "FR", "--model", "zscore", "-o", model)
run("score", model, home / "after-hourly.csv", "-o", scored)
text = run("export", model, "--to", "spark", "-o", jar, "--explain")

python = re.search(r"^from .*?(?=^\S+\(|^$\n^\S+\()", text, re.M | re.S).group()
exec(python)
spark.sparkContext.setLogLevel("ERROR")
spark.conf.set("spark.sql.session.timeZone", "UTC")
schema = "start_time TIMESTAMP, wh DOUBLE"
spark.read.csv(str(home / "after-hourly.csv"), schema, header=True).selectExpr("'home' AS meter", "*").createOrReplaceTempView("readings")

with open(scored) as lines:
    expected = list(csv.DictReader(lines))
queries = re.findall(r"^SELECT[^;]*", text, re.M)
assert len(queries) == 2, queries
for query, column in zip(queries, ["level", "floor"]):
    found = [row.score for row in spark.sql(f"SELECT score FROM ({query}) ORDER BY start_time").collect()]
    wanted = [float(row[column]) if row[column] else None for row in expected]
    differ = sum(one != other for one, other in zip(found, wanted))
    print(f"spark: the query for the {column} gives {len(found)} scores, {differ} of them others than knowatt's", file=sys.stderr)
    if differ or len(found) != len(wanted):
        sys.exit(1)
