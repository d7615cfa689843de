"""The whole chain of rules, from a counter to the alert, over the first days of 1970 by `promtool test rules`: over_days.py FOLDER

What is expected are the scores of `knowatt score` for the same hours. The counter is not there for a while and starts anew once.
"""

import csv
import importlib.util
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

import yaml
from rules import NAME, exported

HOURS = 62
MISSING = range(36, 38)
RESET = 5
MINUTES = 30
"""How often the rules are evaluated, for promtool is slow: between the hours they give nothing."""
KNOWATT = os.environ["KNOWATT"]


def module_of(folder, work):
    """The model in Python, which the vectors hold as well."""
    path = work / "anomoly_power.py"
    subprocess.run([KNOWATT, "export", folder / "model.json", "--to", "python", "-o", path], check=True, stderr=subprocess.DEVNULL)
    spec = importlib.util.spec_from_file_location("anomoly_power", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stamp(second):
    return datetime.fromtimestamp(second, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def scored(folder, work, hours):
    """`knowatt score` for the hours that are known: a row by the start of its hour."""
    with open(work / "hours.csv", "w") as out:
        print("start,wh", file=out)
        for start, wh in hours.items():
            print(f"{stamp(start)},{wh}", file=out)
    made = subprocess.run([KNOWATT, "score", folder / "model.json", work / "hours.csv"], check=True, capture_output=True, text=True).stdout
    rows = {datetime.fromisoformat(row["timestamp"]).timestamp(): row for row in csv.DictReader(made.splitlines())}
    return {start: {key: float(value) for key, value in row.items() if key != "timestamp" and value} for start, row in rows.items()}


def scored_most(module, hours, start):
    """The name of the part that an hour's score is of."""
    known = []
    while start - 3600 * len(known) in hours:
        known.append(hours[start - 3600 * len(known)])
    day, hour = module.slot(start * 1000)
    cell = day * 24 + hour
    parts = {"level": module._curve(module._LEVEL[cell], known[0])}
    for length, curves in zip(module.FLOORS, module._FLOORS):
        if len(known) >= length:
            parts[f"floor-{length}h"] = module._curve(curves[cell], min(known[:length]))
    if module._STEP and len(known) > 1:
        parts["step"] = module._curve(module._STEP[cell], max(known[0] - known[1], 0))
    for length, curves in zip(module.RISES, module._RISES):
        if len(known) >= 24 + length:
            parts[f"rise-{length}h"] = module._curve(curves[cell], max(min(known[:length]) - min(known[24 : 24 + length]), 0))
    return max(parts, key=parts.get)


def annotations(module, hours, rows, end):
    """What the alert says at the end of an hour: none if none fires."""
    last = [start for start in range(end - 4 * 3600, end, 3600) if rows.get(start, {}).get("score", 0) > 1]
    if not last:
        return None
    row, (_, hour) = rows[last[-1]], module.slot(last[-1] * 1000)
    return dict(
        summary=f"More energy than is normal: score {max(rows[start]['score'] for start in last):.2f}, 1.0 being the most that is",
        description=f"{row['wh']:.0f} Wh were used in the hour that began at {hour:02}:00; {row['expected_low_wh']:.0f} to "
        f"{row['expected_high_wh']:.0f} Wh are normal then. {scored_most(module, hours, last[-1])} scored most.",
    )


def counter(first, wh):
    """The counter minute by minute, in the notation of promtool."""
    values, count = ["0"] * (first // 60), 0
    for place, energy in enumerate(wh):
        if place == RESET:
            count = 0
        minutes = [str(count + energy * minute // 60) for minute in range(60)]
        if place + 1 in MISSING:
            minutes[50:] = ["_"] * 10  # Prometheus takes a count for five minutes
        values += ["_"] * 60 if place in MISSING else minutes
        count += energy
    return " ".join(values + [str(count)])


def check(folder, work):
    path, _ = exported(folder)
    module = module_of(folder, work)
    first = -module._SPANS_OFFSET[0] % 3600
    numbers = random.Random(folder.name)
    high = max(max(wh) for wh, _ in module._LEVEL)
    wh = [int(high * numbers.random() ** 4) for _ in range(HOURS)]
    wh[20:24] = [int(high * 0.7)] * 4
    # The hour in which the counter begins anew is not known, nor those in which it goes away and comes back.
    unknown = {RESET - 1, *MISSING, MISSING[0] - 1}
    hours = {first + 3600 * place: energy for place, energy in enumerate(wh) if place not in unknown}
    rows = scored(folder, work, hours)
    expressions, alerts, episodes = [], [], 0
    for place in range(HOURS):
        start, end = first + 3600 * place, first + 3600 * (place + 1)
        row = rows.get(start, {})
        for name in ("wh", "score", "level", "floor", "step", "rise"):
            sample = [dict(labels=f"{NAME}:{name}", value=row[name])] if name in row else []
            expressions.append(dict(expr=f"{NAME}:{name}", eval_time=f"{end}s", exp_samples=sample))
        expressions.append(dict(expr=f"{NAME}:score", eval_time=f"{end + 60 * MINUTES}s", exp_samples=[]))
        said = annotations(module, hours, rows, end)
        alert = [dict(exp_labels=dict(severity="warning"), exp_annotations=said)] if said else []
        alerts.append(dict(alertname="ANOMOLY_POWER", eval_time=f"{end}s", exp_alerts=alert))
    series = [dict(series="energy_wh_total", values=counter(first, wh))]
    tests = [dict(interval="1m", input_series=series, promql_expr_test=expressions, alert_rule_test=alerts)]
    (work / "test.yml").write_text(yaml.safe_dump(dict(rule_files=[str(path)], evaluation_interval=f"{MINUTES}m", tests=tests)))
    began = time.monotonic()
    subprocess.run(["promtool", "test", "rules", work / "test.yml"], check=True, stdout=subprocess.DEVNULL)
    firing = sum(bool(alert["exp_alerts"]) for alert in alerts)
    print(f"prometheus on {folder.name}: {len(rows)} hours scored, {firing} with an alert, as promtool runs the rules ({time.monotonic() - began:.0f} s)", file=sys.stderr)


with tempfile.TemporaryDirectory() as work:
    check(Path(sys.argv[1]), Path(work))
