"""Calls `score_array` with every vector of `score`, and runs the pandas lines that `--explain` prints: columns.py FOLDER..."""

import sys
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).parent.parent))
import pandas_check
import vectors


def results(folder, module):
    calls = list(vectors.read(folder))
    days, hours, wh = zip(*(arguments for function, _, arguments in calls if function == "score"))
    scores = iter(module.score_array(days, hours, wh))
    for function, _, _ in calls:
        if function == "score":
            score = next(scores)
            yield [None if numpy.isnan(score) else score]
        else:
            yield "skip"  # there are columns for the level only


for folder in map(Path, sys.argv[1:]):
    module = pandas_check.module(folder)
    vectors.write(folder, "python-numpy", results(folder, module))
    explained = pandas_check.export(folder, "python", folder / "anomoly_power.py").splitlines()
    lines = "\n".join(line for line in explained if line.startswith("frame["))
    if lines:
        pandas_check.frame_equals_push(module, lines, folder, ["floor"], anomoly_power=module)
