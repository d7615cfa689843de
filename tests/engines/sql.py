"""What the databases' drivers share: the vectors as tables, the series of `push` as readings, and the statements of a text."""

import hashlib
import json
import os
import subprocess

import vectors

FUNCTIONS = ("score", "score_hour", "score_at", "floor", "step", "rise")
NAMES = ("ANOMOLY_POWER", "s")  # the other is what the scripts call a table for short


def expressions(by_hour=""):
    """How each function is called; `by_hour` ends the name of the one without the day, where there are no overloads."""
    endings = ("", by_hour, "_AT", "_FLOOR", "_STEP", "_RISE")
    return {function: f"{NAMES[0]}{ending}({{}})" for function, ending in zip(FUNCTIONS, endings)}


def export(model, target, path, name=NAMES[0]):
    """Exports a model, and gives what `--explain` prints."""
    run = [os.environ["KNOWATT"], "export", model, "--to", target, "--name", name, "-o", path, "--explain"]
    return subprocess.run(run, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def sealed(model):
    """A model file: a key a line, and the digest of all that stands before its own line."""
    text = "{\n" + "".join(f'  "{key}": {json.dumps(value)},\n' for key, value in model.items() if key != "sha256")
    return text + f'  "sha256": "{hashlib.sha256(text.encode()).hexdigest()}"\n}}\n'


def newer(folder, work):
    """Models that replace one another under one name, and for each the arguments of the functions of its features.

    The second has as many floors as the first, of other hours; the third has more; the fourth has the reading alone; and then the first again."""
    with open(folder / "model.json") as file:
        model = json.load(file)
    level = [{**curve, "wh": [0.0, 1000.0], "score": [0.0, 1.0]} for curve in model["curves"]["level"]]
    for place, (floors, step, rises) in enumerate([([3, 6], True, [1]), ([2, 6], True, [2]), ([2, 3, 6], False, [1, 2]), ([], False, []), ([3, 6], True, [1])]):
        low = [{"hours": hours, "cells": level} for hours in floors]
        risen = [{"hours": hours, "cells": level} for hours in rises]
        model["curves"] = {"level": level, "floors": low, "step": level if step else None, "rises": risen}
        path = work / f"newer-{place}.json"
        path.write_text(sealed(model))
        functions = {"FLOOR": [f"low_{hours}h" for hours in floors], "STEP": ["step_wh"] * step, "RISE": [f"rise_{hours}h" for hours in rises]}
        yield path, {name: ["day", "hour", *names] for name, names in functions.items() if names}


def statements(text):
    """The statements of what `--explain` prints, without the comments."""
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [one.strip() for one in ("\n".join(lines) + "\n").split(";\n") if one.strip()]


def calls(folder):
    """For each function its calls: the vector's place, and the arguments."""
    by_function = {}
    for place, (function, _, arguments) in enumerate(vectors.read(folder)):
        by_function.setdefault(function, []).append((place, arguments))
    return by_function


def readings(pushes):
    """The series as readings of several meters, as a table has no order: place, meter, milliseconds, Wh.

    A meter ends where a reading that has a score does not come after the one before it, which ends the hours known too."""
    rows, meter, newest = [], 0, None
    for place, (start_ms, wh) in pushes:
        if 0 <= wh < float("inf") and 0 <= start_ms < 4_102_444_800_000:
            if newest is not None and start_ms <= newest:
                meter += 1
            newest = start_ms
        rows.append((place, meter, start_ms, wh))
    return rows


def five(columns, row):
    """Score, level, floor, step and rise of a row of the query of all that `knowatt score` gives."""
    found = dict(zip(columns, row))
    return [found.get(column) for column in ("score", "level", "floor", "step", "rise")]


def in_order(folder, found, skipped=()):
    """A result for each vector: what was found at its place, `skip`, or no score."""
    for place, (function, expected, _) in enumerate(vectors.read(folder)):
        yield "skip" if place in skipped else found.get(place, [None] * len(expected))
