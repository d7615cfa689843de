#!/usr/bin/env python3
"""Judge scores on the detection benchmark as the person who gets the alerts would. Pure standard library.

    ./judge.py CASES SCORES          # SCORES/HOME-K/test.csv and clean.csv, each with columns timestamp,score
    ./judge.py CASES SCORES… --csv   # one row a home and model (the name of its folder), to standard output
    ./judge.py CASES SCORES --columns level,floor    # the largest of these columns, in place of `score`

An *episode* is a run of hours above a level; pauses of up to two hours do not end it. A person is told once an episode.
The *level* of a case is the lowest at which at most 4 episodes in 30 days touch no anomalous hour: four false alerts a month.
For each home, and over all of them (the mean of the homes' means):
  ap       average precision of the score over the hours of test.csv
  events   share of the anomalies (runs of anomalous hours) with at least one hour above the level
  then the same by kind of anomaly
  told     share of the anomalies with at least one hour above 1.0
  delay    hours from an anomaly's start to its first hour above the level, mean over those found
  alerts   episodes above 1.0 in 30 days of clean.csv (a model asked for 4 alerts a month should give about 4)
"""
import argparse, bisect, csv, math, pathlib, sys
from collections import defaultdict
from datetime import datetime

PAUSE_H, FALSE_ALERTS, MONTH_H = 2, 4, 30 * 24


def column(path, name):
    with open(path, newline="") as f:
        return {r["timestamp"].replace("+00:00", "Z"): r[name] for r in csv.DictReader(f)}


def largest(path, names):
    """The largest of some columns; knowatt leaves one empty where the hours before are not known. Of none, below all."""
    read = [column(path, name) for name in names]
    return {t: max((float(c[t]) for c in read if c[t]), default=-math.inf) for t in read[0]}


def hour(stamp):
    return int(datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() // 3600)


def average_precision(pairs):
    pairs = sorted(pairs, key=lambda p: -p[0])
    positives, hits, seen, total, i = sum(y for _, y in pairs), 0, 0, 0.0, 0
    while i < len(pairs):
        j, new = i, 0
        while j < len(pairs) and pairs[j][0] == pairs[i][0]:
            new += pairs[j][1]
            j += 1
        hits, seen, i = hits + new, j, j
        total += new / positives * (hits / seen)
    return total


def episodes(hours, above):
    """Runs of the hours at the positions `above`, which rise, as lists of positions."""
    runs, last = [], None
    for i in above:
        if last is None or hours[i] - last > PAUSE_H + 1:
            runs.append([])
        runs[-1].append(i)
        last = hours[i]
    return runs


def level(hours, scores, labels):
    allowed = FALSE_ALERTS * len(hours) / MONTH_H
    highest = sorted(range(len(scores)), key=lambda i: -scores[i])
    steps = sorted(set(scores), reverse=True)
    best, above, taken = steps[0], [], 0
    for x in steps[1:400]:
        while scores[highest[taken]] > x:
            bisect.insort(above, highest[taken])
            taken += 1
        if sum(not any(labels[i] for i in run) for run in episodes(hours, above)) > allowed:
            break
        best = x
    return best


def case(case_dir, score_dir, columns=("score",)):
    score = largest(score_dir / "test.csv", columns)
    label, kind = column(case_dir / "labels.csv", "label"), column(case_dir / "labels.csv", "kind")
    missing = [t for t in label if t not in score]
    if missing:
        sys.exit(f"{score_dir}/test.csv lacks {len(missing)} readings, the first {missing[0]}")
    stamps = sorted(label)
    hours, scores, labels = [hour(t) for t in stamps], [score[t] for t in stamps], [int(label[t]) for t in stamps]
    x = level(hours, scores, labels)
    found, delays, told = defaultdict(list), [], []
    i = 0
    while i < len(stamps):
        if labels[i]:
            j = i
            while j < len(stamps) and labels[j] and kind[stamps[j]] == kind[stamps[i]] and (j == i or hours[j] == hours[j - 1] + 1):
                j += 1
            first = next((k for k in range(i, j) if scores[k] > x), None)
            for key in ("events", kind[stamps[i]]):
                found[key].append(first is not None)
            told.append(any(score > 1.0 for score in scores[i:j]))
            if first is not None:
                delays.append(hours[first] - hours[i])
            i = j
        else:
            i += 1
    row = {"ap": average_precision(list(zip(scores, labels)))}
    row.update({k: sum(v) / len(v) for k, v in found.items()})
    row["told"] = sum(told) / len(told)
    row["delay"] = sum(delays) / len(delays) if delays else None
    row["alerts"] = alerts(largest(score_dir / "clean.csv", columns))
    return row


def alerts(scores):
    """Episodes above 1.0 in 30 days."""
    at = sorted(scores)
    return len(episodes([hour(t) for t in at], [i for i, t in enumerate(at) if scores[t] > 1.0])) * MONTH_H / len(at)


def judge(cases, scores, columns=("score",)):
    """The columns' names, and for each home and for all of them the number of windows and the figures."""
    homes = defaultdict(lambda: defaultdict(list))
    for d in sorted(cases.iterdir()):
        for key, v in case(d, scores / d.name, columns).items():
            if v is not None:
                homes[d.name.rsplit("-", 1)[0]][key].append(v)
    mean = lambda xs: sum(xs) / len(xs) if xs else float("nan")
    kinds = sorted({k for v in homes.values() for k in v} - {"ap", "events", "told", "delay", "alerts"})
    keys = ["ap", "events", *kinds, "told", "delay", "alerts"]
    rows = {h: (len(v["ap"]), [mean(v[k]) for k in keys]) for h, v in homes.items()}
    overall = [mean([r[i] for _, r in rows.values() if r[i] == r[i]]) for i in range(len(keys))]
    return keys, rows | {"all": (sum(n for n, _ in rows.values()), overall)}


def table(keys, rows):
    print("home   windows " + " ".join(f"{k:>11}" for k in keys))
    for home, (windows, figures) in rows.items():
        print(f"{home:<8}{windows:>6} " + " ".join(f"{x:11.3f}" for x in figures))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("cases", type=pathlib.Path)
    a.add_argument("scores", type=pathlib.Path, nargs="+")
    a.add_argument("--columns", metavar="NAME,...", default="score", help="the score is the largest of these columns")
    a.add_argument("--csv", action="store_true", help="rows instead of tables")
    args = a.parse_args()
    out = csv.writer(sys.stdout, lineterminator="\n")
    for i, scores in enumerate(args.scores):
        keys, rows = judge(args.cases, scores, args.columns.split(","))
        if not args.csv:
            print(scores.name)
            table(keys, rows)
        else:
            if i == 0:
                out.writerow(["model", "home", "windows", *keys])
            for home, (windows, figures) in rows.items():
                out.writerow([scores.name, home, windows, *(f"{x:.4f}" for x in figures)])


if __name__ == "__main__":
    main()
