#!/usr/bin/env python3
"""A model of the winter, months later, beside one of the 90 days just before: the figures of seasons.csv.

    ./seasons.py --wheels wheels --knowatt KNOWATT --work DIR --out seasons.csv      # run does this

For each home, December to February is learned (`winter`), and each 30 days after it are scored, as they were and with mishaps of
both kinds put in; so they are with a model of the 90 days `before`. `psi` is the population stability index that `knowatt score`
prints on standard error where it finds that the readings have drifted, at 0.4 and more; empty where it finds no drift.
"""
import argparse, csv, pathlib, zlib
from concurrent.futures import ThreadPoolExecutor
import numpy as np, pandas as pd

import judge, ours
from cases import HOMES, KINDS, inject, save

MODEL = "auto"
WINDOWS = 10


def windows(s):
    """(number, winter, before, test) of each 30 days after the first whole winter."""
    s = s[s > 0]
    year = s.index.min().year + (s.index.min() > pd.Timestamp(s.index.min().year, 12, 1))
    cut = lambda start, days: s[(s.index >= start) & (s.index < start + pd.Timedelta(days=days))]
    spring = pd.Timestamp(year + 1, 3, 1)
    winter = cut(spring - pd.Timedelta(days=90), 90)
    for k in range(WINDOWS):
        start = spring + pd.Timedelta(days=30 * k)
        before, test = cut(start - pd.Timedelta(days=90), 90), cut(start, 30)
        if min(len(winter), len(before)) >= 1500 and len(test) >= 400:
            yield k, winter, before, test


def figures(knowatt, work, home, k, winter, before, test):
    place = work / f"{home}-{k}"
    for kinds in KINDS:
        rng = np.random.default_rng(zlib.crc32(f"seasons:{kinds}:{home}:{k}".encode()))
        save(place / kinds, test, inject(test, before, KINDS[kinds], rng), winter=winter, before=before)
    for training in ("winter", "before"):
        trained = ours.train(knowatt, MODEL, place / "public" / f"{training}.csv", place / f"{training}.json")
        found = []
        for kinds in KINDS:
            scores = place / f"{training}-{kinds}"
            for name in ("test", "clean"):
                ours.score(knowatt, trained, place / kinds / f"{name}.csv", scores / f"{name}.csv")
            labels = judge.column(place / kinds / "labels.csv", "label")
            if "1" in labels.values():
                found.append(judge.case(place / kinds, scores))
        psi = ours.drift(scores / "clean.txt")
        mean = lambda key: sum(row[key] for row in found) / len(found)
        yield [home, test.index.min().date(), training, psi, *(f"{mean(key):.4f}" for key in ("alerts", "ap", "events", "told"))]


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("wheels", "knowatt", "work", "out"):
        a.add_argument(f"--{name}", type=pathlib.Path, required=True)
    args = a.parse_args()
    tasks = [(home, *window) for homes in HOMES["all"] for home, s in homes(args.wheels) for window in windows(s)]
    with ThreadPoolExecutor(ours.AT_ONCE) as pool:
        rows = pool.map(lambda task: list(figures(args.knowatt, args.work, *task)), tasks)
        with open(args.out, "w", newline="") as f:
            out = csv.writer(f, lineterminator="\n")
            out.writerow(["home", "from", "trained_on", "psi", "alerts", "ap", "events", "told"])
            out.writerows(row for found in rows for row in found)


if __name__ == "__main__":
    main()
