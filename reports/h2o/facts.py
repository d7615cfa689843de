"""What one version of H2O does with the home in data/home; run by `measure` in a Python that has that version: facts.py OUT [--export-only]

Writes OUT/exports.csv (what can be exported, how large it is, or what H2O says) and OUT/scores.csv (what a reading scores by the hour of a working day).
"""
import csv, importlib.util, pathlib, statistics, sys, tempfile, zipfile
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "reports/models"))
import h2o
import h2o_autoencoder
from inputs import INPUTS

READINGS_WH = (150, 500, 1500, 3000)
# 1.0 is the level that so many of the hours learned pass: two a month, as knowatt is asked for.
EXCEEDING = 6


def clock(instant):
    """The home's clock hour, as the inputs want it."""
    return f"{instant.astimezone(ZoneInfo('Europe/Paris')):%Y-%m-%dT%H:00:00Z}"


def exported(ways, version, inputs, folder):
    """Tries each way; (version, inputs, what, bytes, what H2O says where it refuses)."""
    for what, way in ways.items():
        try:
            yield version, inputs, what, pathlib.Path(way(str(folder))).stat().st_size, ""
        except h2o.exceptions.H2OValueError as e:
            yield version, inputs, what, "", str(e)


def by_hour(model, inputs, own):
    """What a reading scores at each hour: the median over the working days of November. 0 is the middle of the hours learned."""
    middle, level = statistics.median(own), sorted(own)[-EXCEEDING - 1]
    days = [datetime(2007, 11, 1) + timedelta(days=n) for n in range(30)]
    days = [day for day in days if day.weekday() < 5]
    for wh in READINGS_WH:
        for hour in range(24):
            stamps = [f"{day:%Y-%m-%d}T{hour:02}:00:00Z" for day in days]
            found = h2o_autoencoder.score(model, INPUTS[inputs](stamps, [wh] * len(stamps)))
            yield inputs, hour, wh, f"{(statistics.median(found) - middle) / (level - middle):.4f}"


def write(path, header, rows):
    with open(path, "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def main():
    out, export_only = pathlib.Path(sys.argv[1]), "--export-only" in sys.argv
    with open(ROOT / "data/home/learn-hourly.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    stamps, wh = [clock(datetime.fromisoformat(r["timestamp"])) for r in rows], [float(r["wh"]) for r in rows]
    version, exports, scores = h2o.__version__, [], []
    with tempfile.TemporaryDirectory() as folder:
        for inputs in ("sines",) if export_only else ("talk", "weekday", "sines"):
            columns = INPUTS[inputs](stamps, wh)
            model = h2o_autoencoder.train(columns)
            ways = {"MOJO": model.download_mojo, "POJO": model.download_pojo, "binary model": lambda at: h2o.save_model(model, at, force=True)}
            exports += exported(ways, version, inputs, folder)
            if not export_only:
                scores += by_hour(model, inputs, h2o_autoencoder.score(model, columns))
    jar = pathlib.Path(importlib.util.find_spec("h2o").origin).parent / "backend/bin/h2o.jar"
    with zipfile.ZipFile(jar) as archive:
        exports.append((version, "", "h2o-genmodel.jar", archive.getinfo("www/3/h2o-genmodel.jar").file_size, ""))
    exports.append((version, "", "h2o.jar", jar.stat().st_size, ""))
    write(out / "exports.csv", ["version", "inputs", "what", "bytes", "refused"], exports)
    if scores:
        write(out / "scores.csv", ["inputs", "hour", "wh", "score"], scores)


if __name__ == "__main__":
    main()
