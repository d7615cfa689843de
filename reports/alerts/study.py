"""Alerts asked for and alerts that came: of nineteen homes from the figures of reports/models, of the home in data/home by asking knowatt."""
import json, math, pathlib, re, statistics, tempfile
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from figures import REPORTS, ROOT, Study, markdown, read, run

DATA, ZONE = ROOT / "data/home", "Europe/Paris"
MODELS = ("auto", "zscore", "density", "envelope", "mixture", "forest", "autoencoder")
ASKED = (1, 2, 4, 8)
MONTHS = read(REPORTS / "models/alerts.csv")
SEASONS = read(REPORTS / "models/seasons.csv")


# Nineteen homes

def told(row):
    """Alerts in 30 days; a month that lacks hours is counted up, so it is made whole."""
    return round(float(row["alerts"]))


def months(asked, home=None, start=None):
    return [r for r in MONTHS if r["asked"] == str(asked) and home in (None, r["home"]) and start in (None, r["from"])]


def expected(row):
    """What `knowatt inspect` says to expect in four months of five: it prints whole numbers."""
    return round(float(row["likely_fewest"])), round(float(row["likely_most"]))


def as_expected(rows):
    return sum(expected(r)[0] <= told(r) <= expected(r)[1] for r in rows)


def neighbours():
    """The 14 homes of one neighbourhood, whose months are the same days."""
    return [r["home"] for r in months(1) if r["home"].startswith("cl")]


def percent(share):
    return f"{100 * share:.{0 if share == 0 or share >= 0.01 else 1}f} %"


def share(count, rows):
    return f"{count} ({percent(count / len(rows))})"


def far_above(asked):
    """By home, in how many of its months more than twice as many came."""
    return {home: sum(told(r) > 2 * asked for r in months(asked, home)) for home in dict.fromkeys(r["home"] for r in MONTHS)}


def by_chance(mean, most):
    """How likely more than so many are, if they came independently (Poisson)."""
    return 1 - sum(math.exp(-mean) * mean**n / math.factorial(n) for n in range(most + 1))


def table_of_months():
    def row(asked):
        rows = months(asked)
        count = [told(r) for r in rows]
        least, most = {expected(r) for r in rows}.pop()
        return [
            asked, f"{statistics.fmean(float(r['alerts']) for r in rows):.1f}", f"{statistics.median(count):.0f}", share(count.count(0), rows),
            share(sum(n <= asked for n in count), rows), share(sum(n > 2 * asked for n in count), rows), max(count), f"{least} to {most}", share(as_expected(rows), rows),
        ]
    header = ["asked for", "came, mean", "median", "none came", "no more than asked", "more than twice as many", "most", "said to expect", "months as expected"]
    return markdown(header, *map(row, ASKED))


def table_of_worst():
    worst = sorted(months(1), key=lambda r: (-told(r), r["home"]))[:8]
    row = lambda r: [r["home"], r["from"], *(told(months(asked, r["home"], r["from"])[0]) for asked in ASKED), f"yes, {r['psi']}" if r["psi"] else "no"]
    return markdown(["home", "30 days from", *(f"{asked} asked" for asked in ASKED), "drift told of"], *map(row, worst))


def table_of_neighbours():
    def row(start):
        cells = [start]
        for asked in (1, 4):
            count = [told(r) for r in months(asked, start=start) if r["home"] in neighbours()]
            cells += [f"{statistics.fmean(count):.1f}", count.count(0), max(count)]
        return cells
    header = ["30 days from", "1 asked: mean", "homes with none", "most", "4 asked: mean", "homes with none", "most"]
    return markdown(header, *map(row, dict.fromkeys(r["from"] for r in months(1, neighbours()[0]))))


# The home in data/home

class Home:
    """Trains and scores as asked, once each."""

    def __init__(self, knowatt):
        self.knowatt, self.known = knowatt, {}
        self.lines = [line for name in ("learn", "after") for line in (DATA / f"{name}-hourly.csv").read_text().splitlines()[1:]]

    def month(self, line):
        return datetime.fromisoformat(line.split(",")[0]).astimezone(ZoneInfo(ZONE)).month

    def alerts(self, model, asked, learned, scored):
        """(held out, in so many weeks, expected from and to, in the months scored): months by number, of the year 2007."""
        key = model, asked, learned, scored
        if key not in self.known:
            with tempfile.TemporaryDirectory() as folder:
                train, score, trained = (pathlib.Path(folder, name) for name in ("train.csv", "score.csv", "model.json"))
                for path, of in ((train, learned), (score, scored)):
                    path.write_text("\n".join(["timestamp,wh", *(line for line in self.lines if self.month(line) in of), ""]))
                run(self.knowatt, "train", train, "--tz", ZONE, "--model", model, "--alerts-per-month", asked, "-o", trained)
                _, said = run(self.knowatt, "score", trained, score, "-o", pathlib.Path(folder, "scores.csv"))
                calibration = json.loads(trained.read_text())["calibration"]
                self.known[key] = calibration["episodes"], calibration["weeks"], *expected(calibration), int(re.search(r"(\d+) alerts?\b", said)[1])
        return self.known[key]

    def december(self, asked, model="auto"):
        return self.alerts(model, asked, (9, 10, 11), (12,))


def table_of_december(home):
    def row(asked):
        held_out, weeks, least, most, came = home.december(asked)
        return [asked, f"{held_out} in {weeks} weeks", f"{held_out / weeks * 30 / 7:.1f}", f"{least} to {most}", came]
    return markdown(["asked for", "in the weeks held out in turn", "that is, a month", "said to expect", "December"], *map(row, ASKED))


def table_of_models(home):
    """With the usual number asked for."""
    found = {model: home.december(2, model) for model in MODELS}
    row = lambda name, i: [name, *(f[i] for f in found.values())]
    return markdown(["2 asked for", *(f"`{model}`" for model in found)], row("in the 13 weeks held out", 0), row("December", -1))


def table_of_history(home):
    names = {9: "September", 10: "October", 11: "November", 12: "December"}
    def row(scored):
        learned = tuple(range(9, scored))
        span = names[learned[0]] + (f" to {names[learned[-1]]}" if len(learned) > 1 else "")
        return [span, names[scored], *(home.alerts("auto", asked, learned, (scored,))[-1] for asked in ASKED)]
    return markdown(["learned", "scored", *(f"{asked} asked" for asked in ASKED)], *map(row, (10, 11, 12)))


# Figures within sentences

def year_later():
    """The same house in 2008, each month by a model of the 90 days before, four asked for."""
    return [r for r in SEASONS if r["home"] == "uci" and r["trained_on"] == "before"]


def figure(home, name, *arguments):
    rows = months(arguments[0]) if arguments else []
    match name:
        case "homes":
            return str(len({r["home"] for r in MONTHS}))
        case "months":
            return str(len(months(1)))
        case "mean":
            return f"{statistics.fmean(float(r['alerts']) for r in rows):.1f}"
        case "none" | "most" | "as-asked" as what:
            count = [told(r) for r in rows]
            return str({"none": count.count(0), "most": max(count), "as-asked": sum(n <= int(arguments[0]) for n in count)}[what])
        case "above":
            return str(sum(told(r) > int(arguments[1]) for r in rows))
        case "drift-told":
            asked, which, most = int(arguments[0]), arguments[1], int(arguments[2])
            of = [r for r in rows if (told(r) > most) == (which == "above")]
            return f"{sum(bool(r['psi']) for r in of)} of {len(of)}"
        case "as-expected":
            return percent(as_expected(rows) / len(rows))
        case "by-chance" | "in-fact" as what:
            asked, most = map(int, arguments)
            mean = statistics.fmean(float(r["alerts"]) for r in rows)
            return percent(by_chance(mean, most) if what == "by-chance" else sum(told(r) > most for r in rows) / len(rows))
        case "none-by-chance" | "none-in-fact" as what:
            mean = statistics.fmean(float(r["alerts"]) for r in rows)
            return percent(math.exp(-mean) if what == "none-by-chance" else sum(told(r) == 0 for r in rows) / len(rows))
        case "homes-far-above":
            found = far_above(int(arguments[0]))
            return f"{sum(map(bool, found.values()))} of {len(found)}"
        case "most-far-above":
            return str(max(far_above(int(arguments[0])).values()))
        case "december":
            return str(home.december(int(arguments[0]))[-1])
        case "year-later":
            return ", ".join(str(round(float(r["alerts"]))) for r in year_later())
        case "year-later-mean":
            return f"{statistics.fmean(float(r['alerts']) for r in year_later()):.1f}"
    raise KeyError(name)


def plots():
    one = lambda r: [r["home"], str(date.fromisoformat(r["from"]) + timedelta(days=15)), *(told(months(asked, r["home"], r["from"])[0]) for asked in (1, 4))]
    return {
        "counts": {asked: {"alerts": sorted(told(r) for r in months(asked)), "expected": expected(months(asked)[0])} for asked in ASKED},
        "months": [one(r) for r in months(1)],
    }


def study(knowatt):
    home = Home(knowatt)
    tables = {f.__name__.removeprefix("table_of_"): f for f in (table_of_months, table_of_worst, table_of_neighbours)}
    for f in (table_of_december, table_of_models, table_of_history):
        tables[f.__name__.removeprefix("table_of_")] = lambda f=f: f(home)
    return Study(tables, lambda *asked: figure(home, *asked), plots())
