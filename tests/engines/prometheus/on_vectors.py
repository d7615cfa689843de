"""The rules' own expressions, in the order of their file, asked of a real Prometheus whose series hold the vectors: on_vectors.py FOLDER...

What a rule records is what the next rules read, so there is a server for each step: the local time and the lowest readings; the rises; the
cell; the curves; the largest of them. An expression is that of the exported file, character for character.
"""

import math
import os
import re
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import vectors
from rules import NAME, exported, read
from server import TICK_S, Server

HOUR_S = 3600
END_S = 4102444800
KINDS = {"score": "level", "floor": "floor", "step": "step", "rise": "rise", "score_at": "level"}
"""What kind of curves a function looks at."""


class Model:
    """A model's calls, each with what is known of it so far: the numbers by the name of their series."""

    def __init__(self, folder):
        self.folder = folder
        self.calls = [(function, arguments, {}) for function, _, arguments in vectors.read(folder)]
        path, self.explained = exported(folder)
        rules = read(path)
        self.rules = {rule["record"].removeprefix(f"{NAME}:"): rule["expr"] for rule in rules if "record" in rule}
        self.parts = defaultdict(list)
        for rule in rules:
            if rule.get("record") == f"{NAME}:part":
                self.parts[rule["labels"]["part"]].append(rule)
        self.cells = len(self.parts["level"])
        self.lows = [name for name in self.rules if name.startswith("low_")]
        self.rises = [name for name in self.rules if name.startswith("rise_")]
        self.step = [name for name in self.rules if name == "step_wh"]
        self.numbers = ["wh", *self.lows, *self.step, *self.rises]

    def pushes(self):
        return [call for call in self.calls if call[0] == "push"]

    def with_instants(self):
        return [call for call in self.calls if call[0] in ("push", "score_at")]

    def prepare(self):
        """Puts the arguments into the series that the rules read."""
        floors = [f"low_{part.removeprefix('floor-')}" for part in self.parts if part.startswith("floor-")]
        rises = [f"rise_{part.removeprefix('rise-')}" for part in self.parts if part.startswith("rise-")]
        numbers = dict(score=["wh"], floor=floors, step=["step_wh"], rise=rises)
        for function, arguments, known in self.calls:
            if function in ("push", "score_at"):
                instant, wh = arguments
                put(known, "wh", wh)
                if instant is not None:
                    known["start"] = instant // 1000
            elif function in numbers:
                day, hour, *values = arguments
                if is_place(day, self.cells // 24) and is_place(hour, 24):
                    known["cell"] = day * 24 + hour
                    for name, value in zip(numbers[function], values):
                        put(known, name, value)
        self.lay_out_runs()

    def lay_out_runs(self):
        """Pushes that follow one another hour by hour become series of their own, each beginning at one time, for a clock does not go back."""
        newest, run = None, 0
        for place, (_, (instant, wh), known) in enumerate(self.pushes()):
            if not (wh is not None and 0 <= wh < math.inf and 0 <= instant < END_S * 1000):
                known["run"], known["hour"] = f"{self.folder.name}-alone-{place}", 0
                continue
            if newest is not None and instant - newest == HOUR_S * 1000:
                hour += 1
            else:
                run, hour = run + 1, 0
            newest = instant
            known["run"], known["hour"] = f"{self.folder.name}-{run}", hour


def is_place(value, end):
    return isinstance(value, int) and 0 <= value < end


def put(known, name, value):
    if value is not None:
        known[name] = value


def by_hours(models, inputs, outputs):
    """Asks the rules that look back over hours."""
    pushes = [call for model in models for call in model.pushes()]
    calls = {(known["run"], known["hour"]): known for _, _, known in pushes}
    at = lambda hour: (100 + hour) * HOUR_S
    samples = [(f'{NAME}:{name}{{run="{known["run"]}"}}', known[name], at(known["hour"])) for _, _, known in pushes for name in inputs(known)]
    last = at(max(hour for _, hour in calls))
    with Server(samples) as server:
        for model in models:
            for output in outputs(model):
                for labels, when, value in server.ask(model.rules[output], at(0), last, HOUR_S):
                    if labels["run"].startswith(f"{model.folder.name}-") and (labels["run"], round(when / HOUR_S) - 100) in calls:
                        calls[labels["run"], round(when / HOUR_S) - 100][output] = value


def side_by_side(jobs):
    """Asks rules that look at one time only: `jobs` are calls, the series they need, rules (expression, where to put the result). A job has a tick, a call
    a label, for Prometheus is far quicker with many series than with many times."""
    samples = []
    for tick, (calls, inputs, _) in enumerate(jobs):
        for place, known in enumerate(calls):
            samples += [(f'{NAME}:{series}{{call="{place}"}}', known[name], tick * TICK_S) for name, series in inputs if name in known]
    with Server(samples) as server, ThreadPoolExecutor(os.cpu_count()) as pool:

        def ask(tick, job):
            calls, _, rules = job
            for expression, output in rules:
                for labels, _, value in server.ask(expression, tick * TICK_S, tick * TICK_S):
                    calls[int(labels["call"])][output] = value

        list(pool.map(ask, *zip(*enumerate(jobs))))


def one_by_one(jobs):
    """The same for rules that take the largest of series: a tick a call."""
    tick, samples, asked = 0, [], []
    for calls, inputs, rules in jobs:
        for offset, known in enumerate(calls):
            samples += [(f"{NAME}:{series}", known[name], (tick + offset) * TICK_S) for name, series in inputs if name in known]
        asked.append((tick, calls, rules))
        tick += len(calls)
    with Server(samples) as server:
        for tick, calls, rules in asked:
            for expression, output in rules:
                for _, when, value in server.ask(expression, tick * TICK_S, (tick + len(calls) - 1) * TICK_S):
                    calls[round(when / TICK_S) - tick][output] = value


def same(*names):
    return [(name, name) for name in names]


def curves(model):
    of_cells = defaultdict(list)
    for function, _, known in model.calls:
        if "cell" in known:
            for kind in set(KINDS.values()) if function == "push" else [KINDS[function]]:
                of_cells[int(known["cell"]), kind].append(known)
    jobs = []
    for (cell, kind), calls in of_cells.items():
        parts = [(rules[cell]["expr"], f"part {part}") for part, rules in model.parts.items() if part.startswith(kind)]
        numbers = [name for name in model.numbers if name.startswith(dict(level="wh", floor="low", step="step", rise="rise")[kind])]
        jobs.append((calls, same("cell", *numbers), parts))
    side_by_side(jobs)


def largest(models):
    """The scores of pushes, by the rules that take the largest of the parts."""
    jobs = []
    for model in models:
        calls = [known for _, _, known in model.pushes()]
        inputs = [(f"part {part}", f'part{{part="{part}"}}') for part in model.parts]
        jobs.append((calls, inputs, [(model.rules[name], name) for name in ("score", "level", "floor", "step", "rise")]))
    one_by_one(jobs)


def highest(known, kind):
    return max((value for name, value in known.items() if name.startswith(f"part {kind}")), default=None)


def as_explained(model):
    """The rules are loaded by the lines for prometheus.yml, and the queries that are shown are good."""
    (lines,) = re.findall("^rule_files:\n- .*\n", model.explained, re.MULTILINE)
    queries = re.findall(r"^(\w+_over_time\(.*\)) +#", model.explained, re.MULTILINE)
    assert len(queries) == 3, model.explained
    with Server([("nothing", 0, 0)], lines) as server:
        for query in queries:
            assert list(server.ask(query, 0, 0)) == []


def results(model):
    for function, _, known in model.calls:
        if function == "push":
            yield [known.get(name) for name in ("score", "level", "floor", "step", "rise")]
        elif function == "score_at" or function != "score_hour" and "cell" in known:
            yield [highest(known, KINDS[function])]
        else:
            yield "skip"  # no such function, and no cell for an hour or a day that is none


def main():
    models = [Model(folder) for folder in map(Path, sys.argv[1:])]
    for model in models:
        model.prepare()
    by_hours(models, lambda known: ["wh"] if "wh" in known else [], lambda model: model.lows + model.step)
    by_hours(models, lambda known: [name for name in known if name == "wh" or name.startswith("low_")], lambda model: model.rises)
    instants = [(model, [known for _, _, known in model.with_instants()]) for model in models]
    side_by_side([(calls, same("start"), [(model.rules["local"], "local")]) for model, calls in instants])
    side_by_side([(calls, same("local"), [(model.rules["date"], "date")]) for model, calls in instants])
    for _, calls in instants:
        for known in calls:
            known["any"] = 1.0  # the cell is looked for where there is a reading, whichever
    side_by_side([(calls, same("local", "date") + [("any", "wh")], [(model.rules["cell"], "cell")]) for model, calls in instants])
    for model in models:
        curves(model)  # a server each, for the fewer series there are the quicker it is
    largest(models)
    as_explained(models[0])
    for model in models:
        vectors.write(model.folder, "prometheus", results(model))


main()
