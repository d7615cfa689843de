"""Readings on standard output, and how long until a speaker is told of each: voice.py DATA CALLS (what `home_assistant.py calls` writes)."""

import csv
import json
import statistics
import sys
import time
from datetime import datetime, timedelta, timezone

SAID = 100
data, calls = sys.argv[1:]
midnight = datetime(2018, 9, 8, tzinfo=timezone(timedelta(hours=10)))


def reading(meter, hour, wh):
    start = midnight + timedelta(hours=hour)
    print(json.dumps({"timestamp": int(start.timestamp() * 1000), "meter": meter, "energy_wh": wh}), flush=True)


def heard():
    with open(calls) as file:
        found = [json.loads(line) for line in file if line.endswith("\n")]
    return [(call["at"], call["data"]["message"]) for call in found if call["service"] == "tts.google_say"]


def until_heard(count):
    end = time.monotonic() + 30
    while len(said := heard()) < count:
        if time.monotonic() > end:
            sys.exit(f"{len(said)} of {count} were heard: {said[-3:]}")
        time.sleep(0.002)
    return said


# The talk's day, in which nothing is unusual, and its three hours in which something is.
with open(f"{data}/day.csv") as file:
    for row in csv.DictReader(file):
        reading("home", int(row["hour"]), float(row["wh"]))
unusual = [(4, 1500), (4, 3000), (9, 3000)]
for number, (hour, wh) in enumerate(unusual):
    reading(f"home {number}", hour, wh)
said = until_heard(len(unusual))
expected = [f"Unusual power usage of {wh} Wh at {hour}:00. Please check!" for hour, wh in unusual]
if [message for _, message in said] != expected:
    sys.exit(f"{said}, not {expected}")

# A home for each, so that it is told at once.
took = []
for number in range(SAID):
    wrote = time.time()
    reading(f"flat {number}", 4, 2000 + number)
    at, message = until_heard(len(unusual) + number + 1)[-1]
    if f" {2000 + number} Wh" not in message:
        sys.exit(f"{message} was heard after reading {number}")
    took.append(1000 * (at - wrote))
    time.sleep(0.05)
print(
    f"voice: the talk's sentence was heard; from a reading to the voice, of {SAID}: median {statistics.median(took):.0f} ms,"
    f" longest {max(took):.0f} ms, shortest {min(took):.0f} ms",
    file=sys.stderr,
)
