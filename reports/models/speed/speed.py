#!/usr/bin/env python3
"""Time knowatt beside H2O: training as a whole process, and scoring on one core.

    pip install h2o==3.46.0.7                       # and a Java, 11 to 17
    cargo build --release -p knowatt
    ./speed.py --knowatt ../../../target/release/knowatt

Training: H2O starts, imports, trains an autoencoder of the study (with the study's 100 epochs, and with the 10 that are H2O's
default), exports it and stops; knowatt reads, trains and writes its model. Scoring: H2O's exported models in H2O's own genmodel
library (MojoSpeed.java) beside `cargo bench -p knowatt-score`. All in turns, every other turn backwards, so that a slow moment
of the machine meets everyone; look at the ratios of the medians. Prints a table and writes speed.csv.
"""
import argparse, csv, importlib.util, pathlib, re, statistics, subprocess, sys, tempfile, time, zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PREFIX = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9}


def output(command, **kw):
    """What a command prints; where it fails, its own words."""
    done = subprocess.run([str(part) for part in command], text=True, capture_output=True, **kw)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def seconds(command):
    start = time.perf_counter()
    output(command)
    return time.perf_counter() - start


def in_turns(measures, turns):
    """What each measure, a function giving {name: figure}, gave in each turn: {name: [figure, …]}."""
    figures = {}
    for turn in range(turns):
        for measure in measures if turn % 2 == 0 else reversed(measures):
            for name, figure in measure().items():
                figures.setdefault(name, []).append(figure)
    return figures


def training(args, work):
    def process(name, command):
        return lambda: {name: seconds(command)}

    def h2o(inputs, epochs):
        script = [sys.executable, HERE.parent / "h2o_autoencoder.py", args.train, work / inputs / epochs]
        return process(f"H2O autoencoder, {inputs}, {epochs} epochs", [*script, "--inputs", inputs, "--epochs", epochs])

    knowatt = [args.knowatt, "train", args.train, "--tz", args.tz, "-o", work / "model.json"]
    return [
        process("knowatt train", knowatt),
        process(f"knowatt train --model {args.model}", [*knowatt, "--model", args.model]),
        h2o("talk", "10"),
        h2o("talk", "100"),
        h2o("sines", "100"),
    ]


def scoring(args, work):
    h2o_jar = pathlib.Path(importlib.util.find_spec("h2o").origin).parent / "backend/bin/h2o.jar"
    with zipfile.ZipFile(h2o_jar) as jar:
        (work / "h2o-genmodel.jar").write_bytes(jar.read("www/3/h2o-genmodel.jar"))

    def h2o(inputs):
        mojo = next((work / inputs / "100").glob("*.zip"))
        java = ["java", "-XX:+UseSerialGC", "-cp", work / "h2o-genmodel.jar", HERE / "MojoSpeed.java", mojo]
        return {f"H2O MOJO, {inputs}, {way}": float(ns) / 1e9 for way, ns in csv.reader(output(java).splitlines())}

    def knowatt():
        if args.score_ns:
            return {"knowatt, one by one": args.score_ns / 1e9}
        bench = output(["cargo", "bench", "--quiet", "--locked", "-p", "knowatt-score"], cwd=ROOT)
        return {
            "knowatt, one by one": 1 / median_rate(bench, "one_by_one_by_cell"),
            "knowatt, a column": 1 / median_rate(bench, "column_by_cell"),
        }

    return [knowatt, lambda: h2o("talk"), lambda: h2o("sines")]


def median_rate(bench, name):
    """Readings a second in divan's table: the third column of the line below the benchmark's."""
    lines = bench.splitlines()
    below = lines[next(i for i, line in enumerate(lines) if f"─ {name} " in line) + 1].removeprefix("│")
    number, prefix = re.fullmatch(r"([\d.]+) ([KMG]?)item/s", below.split("│")[2].strip()).groups()
    return float(number) * PREFIX[prefix]


def rows(part, figures, ours):
    base = statistics.median(figures[ours])
    for name, xs in figures.items():
        middle = statistics.median(xs)
        yield [part, name, middle, min(xs), max(xs), len(xs), middle / base]


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--knowatt", type=pathlib.Path, required=True, help="the binary")
    a.add_argument("--model", default="density", help="also timed by name, beside the default")
    a.add_argument("--train", type=pathlib.Path, default=ROOT / "data/home/learn-hourly.csv")
    a.add_argument("--tz", default="Europe/Paris", help="the zone of --train")
    a.add_argument("--runs", type=int, default=5, help="turns of training")
    a.add_argument("--score-runs", type=int, default=5, help="turns of scoring")
    a.add_argument("--score-ns", type=float, help="knowatt's nanoseconds a reading, where there is no cargo")
    a.add_argument("--out", type=pathlib.Path, default=pathlib.Path("speed.csv"))
    args = a.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        trained = in_turns(training(args, work), args.runs)
        scored = in_turns(scoring(args, work), args.score_runs)
    table = [*rows("train", trained, "knowatt train"), *rows("score", scored, "knowatt, one by one")]
    with open(args.out, "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["part", "what", "median_s", "least_s", "most_s", "runs", "times_knowatt"])
        out.writerows([*row[:2], *(f"{x:.4g}" for x in row[2:5]), row[5], f"{row[6]:.4g}"] for row in table)
    for part, name, middle, least, most, runs, times in table:
        print(f"{part:<6}{name:<36}{middle:>12.4g} s  ({least:.4g} to {most:.4g}, {runs} runs){times:>10.4g} times knowatt")


if __name__ == "__main__":
    main()
