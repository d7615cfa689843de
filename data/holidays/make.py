#!/usr/bin/env python3
"""Write data/holidays/days.gz, the public holidays of all countries, from the PyPI package holidays.

    data/holidays/make.py            # writes it, and LICENSE beside it
    data/holidays/make.py --check    # compares it with what it would write, and exits 1 if they differ

Needs only Python 3.11 or later with pip, and its package index. The packages are checked by their SHA-256.
To renew the data, change the version and the digest here and run it, and give the digest of all dates that it prints
to the test in crates/train/src/holidays/tests.rs. See data/README.md for the format.
"""
import gzip, hashlib, os, pathlib, re, subprocess, sys, tempfile, warnings
from collections import defaultdict

VERSION = "0.109"
REQUIREMENTS = f"""\
holidays=={VERSION} --hash=sha256:7d39c910167116d41fa6aae18d5e72b4541700cdd37743d799c83db3419201b0
python-dateutil==2.9.0.post0 --hash=sha256:a8b2bc7bffae282281c8140a97d3aa9c14da0b136dfe83f850eea9a5f7470427
six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274
"""
FIRST, LAST = 2000, 2035
KNOWN_FROM = {"IN": 2001}  # what the package warns of
NAMES = {"CD": "DR Congo", "GW": "Guinea-Bissau", "HK": "Hong Kong", "TL": "Timor-Leste"}
SMALL_WORDS = {"And", "D", "Da", "Of", "The"}


def package() -> pathlib.Path:
    """A folder with the package installed, from the cache if it is there."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "knowatt"
    folder = cache / f"holidays-{VERSION}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as part:
            requirements = pathlib.Path(part) / "requirements.txt"
            requirements.write_text(REQUIREMENTS)
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            pip += ["--root-user-action=ignore", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
            subprocess.run([*pip, "--target", f"{part}/packages", "-r", requirements], check=True)
            pathlib.Path(part, "packages").rename(folder)
    return folder


def country_name(key: str) -> str:
    """`isle_of_man` as `Isle of Man`."""
    words = [word.lower() if word in SMALL_WORDS else word for word in key.title().split("_")]
    return " ".join(words)


def ranges(years) -> str:
    """Years since FIRST in ranges, `0-5,7`."""
    runs = []
    for year in sorted(years):
        if runs and year == runs[-1][1] + 1:
            runs[-1][1] = year
        else:
            runs.append([year, year])
    return ",".join(f"{a - FIRST}" if a == b else f"{a - FIRST}-{b - FIRST}" for a, b in runs)


def encoded(dates, every) -> str:
    """Days of the year with their years: `0714` for all that are known, `0409:7,12` for 2007 and 2012."""
    years = defaultdict(set)
    for date in dates:
        years[f"{date:%m%d}"].add(date.year)
    return " ".join(day if years[day] == every else f"{day}:{ranges(years[day])}" for day in sorted(years))


def document():
    """The text, and the SHA-256 of every date of every place, a line `FR 2007-04-09` each."""
    import holidays
    from holidays.registry import COUNTRIES

    lines, dates = [], []
    subdivisions = holidays.list_supported_countries(include_aliases=False)
    for key, (_, code, *aliases) in COUNTRIES.items():
        entity = getattr(holidays, code)
        first, last = max(entity.start_year, KNOWN_FROM.get(code, FIRST)), min(entity.end_year or LAST, LAST)
        every = set(range(first, last + 1))
        # Public holidays, those moved because of a weekend included; no half days, no bank holidays.
        days = lambda part=None: set(holidays.country_holidays(code, subdiv=part, years=every))
        national = days()
        if not national:
            continue  # nobody lives there
        codes = ",".join([code, *(alias for alias in aliases if alias.isupper())])
        lines.append(f"{codes}\t{NAMES.get(code) or country_name(key)}\t{first}-{last}\t{encoded(national, every)}\n")
        dates += [f"{code} {day}\n" for day in national]
        for part in sorted(subdivisions[code]):
            if re.fullmatch("[A-Z0-9]{1,3}", part):  # some are cities, or zones of school holidays
                lines.append(f"{code}-{part}\t{encoded(days(part) ^ national, every)}\n")
                dates += [f"{code}-{part} {day}\n" for day in days(part)]
    return "".join(sorted(lines)), hashlib.sha256("".join(sorted(dates)).encode()).hexdigest()


def main():
    sys.path.insert(0, str(package()))
    warnings.simplefilter("error")
    text, digest = document()
    text = text.encode()
    folder = pathlib.Path(__file__).parent
    path, licence = folder / "days.gz", next(package().glob("holidays-*/licenses/LICENSE")).read_bytes()
    if sys.argv[1:] == ["--check"]:
        # The text is compared: compressors differ.
        if gzip.decompress(path.read_bytes()) != text or (folder / "LICENSE").read_bytes() != licence:
            sys.exit(f"{path} is not what holidays {VERSION} gives")
    else:
        path.write_bytes(gzip.compress(text, 9, mtime=0))
        (folder / "LICENSE").write_bytes(licence)
    places = len(text.splitlines())
    print(f"{path}: {path.stat().st_size:,} bytes of {len(text):,}, {places} places, all dates {digest}")


if __name__ == "__main__":
    main()
