"""Calls the graph with every vector, and runs what `--explain` prints: call.py FOLDER..."""

import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime

sys.path.insert(0, str(Path(__file__).parent.parent))
import pandas_check
import vectors

ROWS = 20_000
OUTPUTS = ("score", "level", "floor", "step", "rise")


def inputs_of(function, names):
    """Which columns the arguments after day and hour are for."""
    beginning = {"score": "wh", "floor": "low_", "step": "step_wh", "rise": "rise_"}[function]
    return [name for name in names if name.startswith(beginning)]


class Windows:
    """What the graph takes, made of one hour after another."""

    def __init__(self, module, names):
        self.module, self.names = module, names
        self.newest_ms, self.known = None, []

    def row(self, start_ms, wh):
        """The graph's inputs for an hour; None where it has no score and is not taken."""
        place = self.module.slot(start_ms)
        if place is None or self.module.score(*place, wh) is None:
            return None
        follows = self.newest_ms is not None and start_ms - self.newest_ms == 3_600_000
        self.newest_ms, self.known = start_ms, ([wh, *self.known] if follows else [wh])[:48]
        return dict(zip(("day", "hour", "wh"), (*place, wh))) | {name: self.value(name) for name in self.names[3:]}

    def value(self, name):
        def low(hours, before=0):
            return min(self.known[before : before + hours]) if len(self.known) >= before + hours else float("nan")

        if name == "step_wh":
            return numpy.maximum(self.known[0] - low(1, 1), 0.0)
        hours = int(name.removesuffix("h").split("_")[1])
        return low(hours) if name.startswith("low_") else numpy.maximum(low(hours) - low(hours, 24), 0.0)


def run(session, rows):
    """The outputs for rows of inputs, NaN where an input is missing; by name."""
    found = {output.name: [] for output in session.get_outputs()}
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        columns = {
            one.name: numpy.array([row.get(one.name, numpy.nan) for row in part], dtype="int64" if one.type == "tensor(int64)" else "float64")
            for one in session.get_inputs()
        }
        for name, column in zip(found, session.run(None, columns)):
            found[name].extend(None if numpy.isnan(one) else one for one in column)
    return found


def results(folder, session, module):
    names = [one.name for one in session.get_inputs()]
    windows = Windows(module, names)
    rows, wanted = [], []
    for function, _, arguments in vectors.read(folder):
        row = None
        if function == "push":
            row = windows.row(*arguments)
            wanted.append([None] * 5 if row is None else OUTPUTS)
        elif function in ("score_at", "score_hour") or not all(isinstance(one, int) for one in arguments[:2]):
            wanted.append("skip")  # the graph has no such function; its days and hours are whole numbers
        else:
            day, hour, *values = arguments
            names_of = inputs_of(function, names)
            assert len(names_of) == len(values), (names_of, values)
            row = {"day": day, "hour": hour} | {name: numpy.nan if one is None else one for name, one in zip(names_of, values)}
            wanted.append(["level" if function == "score" else function])
        if row is not None:
            rows.append(row)
    found = run(session, rows)
    place = 0
    for want in wanted:
        if want == "skip" or None in want:
            yield want
        else:
            yield [found[name][place] if name in found else None for name in want]
            place += 1


for folder in map(Path, sys.argv[1:]):
    path = folder / "anomoly_power.onnx"
    explained = pandas_check.export(folder, "onnx", path)
    onnx.checker.check_model(path, full_check=True)
    digest = {one.key: one.value for one in onnx.load(path).metadata_props}["sha256"]
    assert f'"sha256": "{digest}"' in (folder / "model.json").read_text(), "the metadata has another digest"
    module = pandas_check.module(folder)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    vectors.write(folder, "onnx", results(folder, session, module))
    pandas_check.frame_equals_push(module, "\n".join(line[4:] for line in explained.splitlines() if line.startswith("    ")), folder, OUTPUTS)
