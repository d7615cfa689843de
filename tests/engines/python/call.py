"""Calls the module with every vector, on a Python without NumPy: call.py FOLDER..."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import pandas_check
import vectors

sys.modules["numpy"] = None  # importing it fails, as where it is not installed


def results(folder):
    module = pandas_check.module(folder)
    recent = module.Recent()
    for function, _, arguments in vectors.read(folder):
        if function == "push":
            yield recent.push(*arguments) or [None] * 5
        else:
            yield [getattr(module, function)(*arguments)]
    try:
        module.score_array([0], [4], [1500.0])
    except ImportError:
        return
    raise AssertionError("score_array worked without NumPy")


for folder in map(Path, sys.argv[1:]):
    vectors.write(folder, "python", results(folder))
