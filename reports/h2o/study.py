"""knowatt beside H2O's autoencoder: from the figures of reports/models, of `measure`, and of the binary itself."""
import json, math, pathlib, tempfile

from figures import REPORTS, ROOT, Study, load, markdown, read, run, signed

HERE = pathlib.Path(__file__).resolve().parent
models = load(REPORTS / "models/study.py")
SPEED = {r["what"]: float(r["median_s"]) for r in read(REPORTS / "models/speed/speed.csv")}
EXPORTS, SCORES = read(HERE / "exports.csv"), read(HERE / "scores.csv")
EXPORTING, NEWEST = dict.fromkeys(r["version"] for r in EXPORTS)
WH = 1500
# Name, as what it is judged, and in words.
COMPARED = {
    ("auto", "knowatt"): "**knowatt**, `auto`",
    ("auto", "level-alone"): "knowatt, the reading alone",
    ("plain-autoencoder", "knowatt"): "knowatt's own plain autoencoder",
    ("plain-autoencoder", "level-alone"): "the same, the reading alone",
    ("h2o-features", "rival"): "H2O, five numbers",
    ("h2o-weekday", "rival"): "H2O, day of the week",
    ("h2o-talk", "rival"): "H2O, the talk's inputs",
}
INPUTS = {"talk": "the talk's", "weekday": "day of the week", "sines": "five numbers"}


class Ours:
    """What is shipped for the home in data/home, and what a reading scores by the hour of a working day."""

    def __init__(self, knowatt):
        with tempfile.TemporaryDirectory() as folder:
            at = lambda name: pathlib.Path(folder, name)
            run(knowatt, "train", ROOT / "data/home/learn-hourly.csv", "--tz", "Europe/Paris", "-o", at("model.json"), "--table", at("table.csv"))
            run(knowatt, "export", at("model.json"), "--to", "ksqldb", "-o", at("knowatt.jar"))
            self.bytes = {name: at(name).stat().st_size for name in ("model.json", "table.csv", "knowatt.jar")}
            found, _ = run(knowatt, "evaluate", at("model.json"), "--wh", WH, "--day", "working-day", "--format", "json")
            self.scores = [row["score"] for row in sorted(json.loads(found)["rows"], key=lambda row: row["hour"])]


def h2o_scores(inputs):
    return [float(r["score"]) for r in SCORES if r["inputs"] == inputs and r["wh"] == str(WH)]


def exported(version, what, inputs="sines"):
    return next(r for r in EXPORTS if (r["version"], r["what"]) == (version, what) and r["inputs"] in (inputs, ""))


def size(number):
    """In MB, or in KB as knowatt prints them: of 1000 bytes, begun ones counted."""
    return f"{number / 1e6:.1f} MB" if number >= 1e6 else f"{math.ceil(number / 1e3)} KB"


def table_of_found():
    def row(model, by, name):
        pair = lambda kinds: f"{models.mean('ap', model, by, kinds):.2f} / {models.mean('events', model, by, kinds):.2f}"
        behind = ""
        if (model, by) != ("auto", "knowatt"):
            difference, error, better, homes = models.lead("auto", model, "knowatt", by)
            behind = f"{signed(difference, 2)} ± {error:.2f}, {better} of {homes}"
        return [name, *map(pair, models.KINDS), f"{models.mean('told', model, by):.2f}", f"{models.mean('alerts', model, by):.1f}", behind]
    header = ["", "first kinds", "other kinds", "above 1.0", "alerts, 4 asked", "knowatt's `auto` is worth more by, in so many homes"]
    return markdown(header, *(row(*which, name) for which, name in COMPARED.items()))


def table_of_kinds():
    every = [kind for some in models.KINDS.values() for kind in some]
    return markdown(["", *every], *([name, *(f"{models.mean(kind, model, by):.2f}" for kind in every)] for (model, by), name in COMPARED.items()))


def table_of_hours(ours):
    found = {"knowatt": ours.scores} | {f"H2O, {INPUTS[inputs]}": h2o_scores(inputs) for inputs in INPUTS}
    hours = (4, 9, 20)
    return markdown([f"{WH} Wh on a working day at", *(f"{hour:02}:00" for hour in hours)], *([name, *(f"{scores[hour]:.2f}".replace("-", "−") for hour in hours)] for name, scores in found.items()))


def table_of_training():
    ours = SPEED["knowatt train"]
    names = {
        "knowatt train --model zscore": "`knowatt train --model zscore`",
        "knowatt train": "`knowatt train`, which chooses among models by a backtest",
        "H2O autoencoder, talk, 10 epochs": "H2O, the talk's inputs, its default of 10 epochs",
        "H2O autoencoder, talk, 100 epochs": "H2O, the talk's inputs, 100 epochs, as in the table above",
        "H2O autoencoder, sines, 100 epochs": "H2O, five numbers, 100 epochs",
    }
    return markdown(["2,184 hours, the whole process", "seconds", "times `knowatt train`"], *([name, f"{SPEED[what]:.2f}", f"{SPEED[what] / ours:.1f}"] for what, name in names.items()))


def table_of_scoring():
    ours = SPEED["knowatt, one by one"]
    names = {
        "knowatt, a column": "knowatt, a column of readings",
        "knowatt, one by one": "knowatt, one by one",
        "H2O MOJO, sines, score0": "H2O's MOJO, five numbers, `score0`",
        "H2O MOJO, sines, easy wrapper": "the same by its easy wrapper",
        "H2O MOJO, talk, score0": "H2O's MOJO, the talk's inputs, `score0`",
        "H2O MOJO, talk, easy wrapper": "the same by its easy wrapper",
    }
    return markdown(["a score, one core", "nanoseconds", "times knowatt's"], *([name, f"{SPEED[what] * 1e9:,.1f}" if SPEED[what] < 1e-7 else f"{SPEED[what] * 1e9:,.0f}", f"{SPEED[what] / ours:.1f}"] for what, name in names.items()))


def table_of_sizes(ours):
    of = lambda what, inputs="sines": int(exported(EXPORTING, what, inputs)["bytes"])
    rows = [
        ["the score table of the reading alone, `--table`", size(ours.bytes["table.csv"]), "the functions of one of the exports"],
        ["the model file, with the hours before", size(ours.bytes["model.json"]), "`knowatt`"],
        ["the jar for ksqlDB, Flink, Spark, with the hours before", size(ours.bytes["knowatt.jar"]), "nothing"],
        ["H2O's MOJO, five numbers", size(of("MOJO")), f"`h2o-genmodel.jar`, {size(of('h2o-genmodel.jar'))}"],
        ["H2O's MOJO, the talk's inputs", size(of("MOJO", "talk")), "the same"],
        ["H2O's POJO, five numbers: a Java source", size(of("POJO")), "the same, and a compiler"],
        ["H2O's binary model, five numbers", size(of("binary model")), f"a running H2O of the very same version, {size(of('h2o.jar'))}"],
    ]
    return markdown(["", "size", "what else it needs"], *rows)


def table_of_exports():
    words = lambda r: f"refused: “{r['refused']}”" if r["refused"] else "written"
    return markdown(["", *(f"H2O {version}" for version in (EXPORTING, NEWEST))], *([what, *(words(exported(version, what)) for version in (EXPORTING, NEWEST))] for what in ("MOJO", "POJO", "binary model")))


def figure(ours, name, *arguments):
    match name, arguments:
        case ("ap" | "events" | "told") as key, (model, by, *where):
            return f"{models.mean(key, model, by, *where):.2f}"
        case "homes" | "windows" as what, ():
            return models.figure(what)
        case "lead", (model, by, base, base_by):
            difference, error, *_ = models.lead(model, base, by, base_by)
            return f"{signed(difference, 2)} ± {error:.2f}"
        case "score", ("knowatt", hour):
            return f"{ours.scores[int(hour)]:.2f}"
        case "score", (inputs, hour):
            return f"{h2o_scores(inputs)[int(hour)]:.2f}".replace("-", "−")
        case "train-times", (what,):
            return f"{SPEED[f'H2O autoencoder, {what} epochs'.replace('-', ', ')] / SPEED['knowatt train']:.0f}"
        case "score-times", (inputs,):
            return f"{SPEED[f'H2O MOJO, {inputs}, score0'] / SPEED['knowatt, one by one']:.0f}"
        case "jar", ():
            return size(ours.bytes["knowatt.jar"])
        case "mojo", ():
            return size(int(exported(EXPORTING, "MOJO", "talk")["bytes"]))
        case "genmodel", ():
            return size(int(exported(EXPORTING, "h2o-genmodel.jar")["bytes"]))
        case "newest", ():
            return NEWEST
    raise KeyError(name)


def plots(ours):
    worth = lambda model, by: sorted(round(w, 4) for w in models.worth_of_homes(model, by).values())
    return {
        "worth": {name.replace("*", "").replace("`", ""): worth(*which) for which, name in COMPARED.items()},
        "hours": {"knowatt": ours.scores} | {f"H2O, {INPUTS[inputs]}": h2o_scores(inputs) for inputs in ("sines", "talk")},
    }


def study(knowatt):
    ours = Ours(knowatt)
    tables = {f.__name__.removeprefix("table_of_"): f for f in (table_of_found, table_of_kinds, table_of_training, table_of_scoring, table_of_exports)}
    tables |= {"hours": lambda: table_of_hours(ours), "sizes": lambda: table_of_sizes(ours)}
    return Study(tables, lambda *asked: figure(ours, *asked), plots(ours))
