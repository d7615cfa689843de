#!/usr/bin/env python3
"""Holds what engines made of the vectors against what they should have made, and prints a table: compare.py FOLDER...

KNOWATT_PARITY=FILE writes it there as CSV, too. Exits with 1 if an engine differs in a single bit.
"""

import csv
import os
import struct
import sys
from pathlib import Path

import vectors

def ordered(number):
    """Doubles as whole numbers in their order, so that neighbours differ by one; -0.0 is beside 0.0."""
    (bits,) = struct.unpack("<q", struct.pack("<d", number))
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF) - 1


def distance(expected, found):
    """In units in the last place; None if only one of them is a score."""
    if expected is None or found is None:
        return 0 if expected is found else None
    return abs(ordered(expected) - ordered(found))


def compare(folder, engine):
    counted = dict(vectors=0, skipped=0, differ=0, worst=0)
    said = 0
    with open(folder / f"{engine}.results") as lines:
        results = [line.rstrip("\n") for line in lines]
    calls = list(vectors.read(folder))
    if len(results) != len(calls):
        sys.exit(f"{engine} on {folder.name}: {len(results)} results of {len(calls)} vectors")
    for (function, expected, arguments), line in zip(calls, results):
        if line == "skip":
            counted["skipped"] += 1
            continue
        counted["vectors"] += 1
        found = [vectors.value(one) for one in line.split(" ")]
        distances = [distance(*pair) for pair in zip(expected, found)] if len(expected) == len(found) else [None]
        worst = float("inf") if None in distances else max(distances)
        counted["worst"] = max(counted["worst"], worst)
        if worst > 0:
            counted["differ"] += 1
            if said < 5:
                said += 1
                print(f"{engine} on {folder.name}: {function}{tuple(arguments)} is {line}, not {expected}", file=sys.stderr)
    return counted


def main():
    folders = [Path(name) for name in sys.argv[1:]]
    engines = sorted({path.stem for folder in folders for path in folder.glob("*.results")})
    failed, rows = not engines, []
    print("| engine | models | vectors | cannot be called so | differ | worst, in units in the last place |\n|---|---|---|---|---|---|")
    for engine in engines:
        counts = [compare(folder, engine) for folder in folders if (folder / f"{engine}.results").exists()]
        total = {key: sum(count[key] for count in counts) for key in ("vectors", "skipped", "differ")}
        worst = max(count["worst"] for count in counts)
        rows.append([engine, len(counts), *total.values(), worst])
        print(f"| {engine} | {len(counts)} | {total['vectors']:,} | {total['skipped']:,} | {total['differ']:,} | {worst} |")
        failed |= worst > 0 or any(count["vectors"] == 0 for count in counts)
    if path := os.environ.get("KNOWATT_PARITY"):
        with open(path, "w", newline="") as f:
            csv.writer(f, lineterminator="\n").writerows([["engine", "models", "vectors", "skipped", "differ", "worst"], *rows])
    sys.exit(failed)


if __name__ == "__main__":
    main()
