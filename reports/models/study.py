"""The tables and figures of README.md, and what its plots show, from the CSV files that `run` makes."""
import pathlib, statistics
from collections import Counter
from datetime import date, timedelta

from figures import Study, markdown, read, signed

HERE = pathlib.Path(__file__).resolve().parent
KINDS = {"public": ("night-load", "left-on", "spike"), "other": ("weak-load", "fridge", "shifted-day", "slow-climb")}
GROUPS = ("public", "more")
USUAL, BASE = "auto", "zscore"


FIGURES, ALERTS, SEASONS, CHOICES = (read(HERE / f"{name}.csv") for name in ("figures", "alerts", "seasons", "choices"))


# Figures

def values(key, model, by=None, kinds=None, homes=None):
    """A figure of each home, for each set of kinds."""
    by = by or ("knowatt" if model in OURS else "rival")
    fits = lambda r: r["model"] == model and r["by"] == by and kinds in (None, r["kinds"]) and homes in (None, r["homes"])
    return [float(r[key]) for r in FIGURES if fits(r) and r[key]]


def mean(key, model, by=None, kinds=None, homes=None):
    return statistics.fmean(values(key, model, by, kinds, homes))


def names(by):
    return list(dict.fromkeys(r["model"] for r in FIGURES if r["by"] == by))


def worth(model, by=None):
    return (mean("ap", model, by) + mean("events", model, by)) / 2


def worth_of_homes(model, by=None):
    """Of each home, over both sets of kinds."""
    by = by or ("knowatt" if model in OURS else "rival")
    homes = {}
    for r in FIGURES:
        if (r["model"], r["by"]) == (model, by):
            homes.setdefault(r["home"], []).append((float(r["ap"]) + float(r["events"])) / 2)
    return {home: statistics.fmean(found) for home, found in homes.items()}


def lead(model, base, by=None, base_by=None):
    """By how much it is worth more, home by home: the mean, its standard error, and in how many homes."""
    one, other = worth_of_homes(model, by), worth_of_homes(base, base_by)
    difference = [one[home] - other[home] for home in one]
    return statistics.fmean(difference), statistics.stdev(difference) / len(difference) ** 0.5, sum(d > 0 for d in difference), len(difference)


OURS = names("knowatt")
BY_WORTH = lambda by: sorted(names(by), key=lambda m: -worth(m, by))


# Tables: the header, then the rows

def models():
    """Every model and rival: average precision / share of mishaps found."""
    pair = lambda m, by, kinds, homes: f"{mean('ap', m, by, kinds, homes):.2f} / {mean('events', m, by, kinds, homes):.2f}"
    row = lambda m, by: [
        f"**{m}**" if by == "knowatt" else m,
        *(pair(m, by, kinds, homes) for homes in GROUPS for kinds in KINDS),
        *(f"{mean('alerts', m, by, 'public', homes):.1f}" for homes in GROUPS),
        f"{mean('told', m, by):.2f}",
    ]
    header = ["", "5 homes, first kinds", "5 homes, other kinds", "14 homes, first kinds", "14 homes, other kinds", "alerts, 5 homes", "alerts, 14 homes", "above 1.0"]
    return markdown(header, *(row(m, by) for by in ("knowatt", "rival") for m in BY_WORTH(by)))


def leads():
    """knowatt's models and the best rivals against the usual model."""
    def row(m, by):
        difference, error, better, homes = lead(m, BASE, by)
        return [f"**{m}**" if by == "knowatt" else m, f"{worth(m, by):.3f}", f"{signed(difference)} ± {error:.3f}", f"{better} of {homes}"]
    ranked = [(m, "knowatt") for m in BY_WORTH("knowatt")] + [(m, "rival") for m in BY_WORTH("rival")[:4]]
    return markdown(["", "worth", f"more than `{BASE}`", "homes where it is worth more"], *(row(*r) for r in ranked if r[0] != BASE))


def level_alone():
    def row(m):
        difference, error, better, homes = lead(m, m, "knowatt", "level-alone")
        pair = lambda by, kinds: f"{mean('ap', m, by, kinds):.2f} / {mean('events', m, by, kinds):.2f}"
        return [f"**{m}**", *(pair(by, kinds) for kinds in KINDS for by in ("level-alone", "knowatt")), f"{signed(difference)} ± {error:.3f}", f"{better} of {homes}"]
    header = ["", "level alone, first kinds", "with the hours before", "level alone, other kinds", "with the hours before", "worth more by", "homes where it is"]
    return markdown(header, *(row(m) for m in BY_WORTH("knowatt")))


def ablation():
    def row(m, by, name):
        difference, error, *_ = lead(m, BASE, by) if (m, by) != (BASE, "knowatt") else (0, 0)
        pair = lambda kinds: f"{mean('ap', m, by, kinds):.2f} / {mean('events', m, by, kinds):.2f}"
        return [name, *(pair(kinds) for kinds in KINDS), f"{mean('alerts', m, by, 'public'):.1f}", f"{signed(difference)} ± {error:.3f}" if error else ""]
    rows = [row(BASE, "knowatt", "all four"), row(BASE, "level-alone", "level")] + [row(m, "ablation", m) for m in names("ablation")]
    return markdown([f"`{BASE}`, by", "first kinds", "other kinds", "alerts", "worth more than all four by"], *rows)


def kinds():
    """The share of each kind that is found."""
    shown = [(m, "knowatt") for m in BY_WORTH("knowatt")] + [(m, "rival") for m in [*BY_WORTH("rival")[:3], "mean-deviation"]]
    every = [k for some in KINDS.values() for k in some]
    row = lambda m, by: [f"**{m}**" if by == "knowatt" else m, *(f"{mean(k, m, by):.2f}" for k in every)]
    return markdown(["", *every], *(row(*s) for s in dict.fromkeys(shown)))


def homes():
    best = BY_WORTH("rival")[0]
    def row(home):
        at = {(r["model"], r["kinds"]): r for r in FIGURES if r["home"] == home and r["by"] in ("knowatt", "rival")}
        pair = lambda m, kinds: f"{float(at[m, kinds]['ap']):.2f} / {float(at[m, kinds]['events']):.2f}"
        return [home, at[USUAL, "public"]["windows"], *(pair(m, kinds) for kinds in KINDS for m in (USUAL, best)), f"{float(at[USUAL, 'public']['alerts']):.1f}"]
    every = dict.fromkeys(r["home"] for r in FIGURES)
    number = lambda home: (home.startswith("cl"), int(home[2:]) if home.startswith("cl") else 0, home)
    header = ["home", "windows", f"`{USUAL}`, first kinds", f"{best}, first kinds", f"`{USUAL}`, other kinds", f"{best}, other kinds", "alerts"]
    return markdown(header, *map(row, sorted(every, key=number)))


def delivered(asked):
    """The alerts a month of each home, where so many were asked for."""
    homes = {}
    for r in ALERTS:
        if r["asked"] == asked:
            homes.setdefault(r["home"], []).append(float(r["alerts"]))
    return {home: statistics.fmean(months) for home, months in homes.items()}


ASKED = list(dict.fromkeys(r["asked"] for r in ALERTS))


def group(home):
    return "more" if home.startswith("cl") else "public"


def alerts():
    def row(asked):
        cells = [asked]
        for some in GROUPS:
            told = [mean for home, mean in delivered(asked).items() if group(home) == some]
            cells += [f"{statistics.fmean(told):.1f}", f"{min(told):.1f} to {max(told):.1f}"]
        return cells
    header = ["asked, a month", "5 homes", "least to most", "14 homes", "least to most"]
    return markdown(header, *map(row, ASKED))


def choices():
    counted = Counter((r["model"], r["shares"]) for r in CHOICES)
    every = list(dict.fromkeys(r["shares"] for r in CHOICES))
    every.sort(key=lambda s: -sum(n for (_, t), n in counted.items() if t == s))
    row = lambda m: [m, *(counted[m, s] for s in every)]
    return markdown(["chosen", *every], *map(row, dict.fromkeys(m for (m, _), _ in counted.most_common())))


def after_winter(home=None):
    """Windows by how many months after the winter they begin: (from the winter, from the 90 days before)."""
    starts = {}
    for r in SEASONS:
        starts.setdefault(r["home"], []).append(r["from"])
    month = {(h, day): k for h, days in starts.items() for k, day in enumerate(dict.fromkeys(days))}
    found = {}
    for r in SEASONS:
        if home in (None, r["home"]):
            found.setdefault(month[r["home"], r["from"]], {}).setdefault(r["trained_on"], []).append(r)
    return found


def seasons():
    every = after_winter()
    def row(k):
        sides = every[k]["winter"], every[k]["before"]
        over = lambda rows, key, digits: f"{statistics.fmean(float(r[key]) for r in rows):.{digits}f}"
        pairs = [over(rows, key, digits) for key, digits in (("alerts", 1), ("told", 2), ("events", 2)) for rows in sides]
        return [k, len(sides[0]), *(f"{sum(bool(r['psi']) for r in rows)}" for rows in sides), *pairs]
    header = ["months on", "homes", "drift told of, winter's model", "recent model", "alerts, winter's", "recent", "above 1.0, winter's", "recent", "found at four false alerts, winter's", "recent"]
    return markdown(header, *map(row, sorted(every)))


# Figures within sentences

def figure(name, *arguments):
    match name, arguments:
        case ("ap" | "events" | "told" | "alerts") as key, (model, *where):
            return f"{mean(key, best(model), None, *(None if w == 'all' else w for w in where)):.2f}"
        case "drift-told", (training,):
            every = [bool(r["psi"]) for r in SEASONS if r["trained_on"] == training]
            return f"{sum(every)} of {len(every)}"
        case "ablation", (*features,):
            difference, error, *_ = lead(" + ".join(features), BASE, "ablation")
            return f"{signed(difference)} ± {error:.3f}"
        case "after-winter", (month, training, key):
            found = statistics.fmean(float(r[key]) for r in after_winter()[int(month)][training])
            return f"{found:.0f}" if key == "alerts" else f"{found:.2f}"
        case "alerts-delivered", (asked, end):
            return f"{(min if end == 'least' else max)(delivered(asked).values()):.1f}"
        case "worth", (model, *by):
            return f"{worth(best(model), *by):.2f}"
        case "lead", (model, base, *by):
            difference, error, *_ = lead(best(model), best(base), *by)
            return f"{signed(difference)} ± {error:.3f}"
        case "better-homes", (model, base, *by):
            return "{2} of {3}".format(*lead(best(model), best(base), *by))
        case "homes", ():
            return str(len({r["home"] for r in FIGURES}))
        case "windows", ():
            return str(sum(int(r["windows"]) for r in FIGURES if (r["model"], r["by"], r["kinds"]) == (BASE, "knowatt", "public")))
        case "best-rival", ():
            return best("best-rival")
        case "chosen", (model,):
            return f"{sum(r['model'] == model for r in CHOICES)} of {len(CHOICES)}"
    raise KeyError(name)


def best(model):
    return BY_WORTH("rival")[0] if model == "best-rival" else model


# What the plots show

def models_plot():
    """Of each model its figures of each home, by panel and group of homes."""
    panels = [(key, some) for key in ("ap", "events") for some in KINDS]
    one = lambda m, by: {"model": m, "by": by, "panels": [{g: values(key, m, by, some, g) for g in GROUPS} for key, some in panels]}
    return {"panels": panels, "rows": [one(m, by) for by in ("knowatt", "rival") for m in BY_WORTH(by)]}


def alerts_plot():
    return {asked: {some: sorted(mean for home, mean in delivered(asked).items() if group(home) == some) for some in GROUPS} for asked in ASKED}


def seasons_plot():
    """The home in France, month by month after its winter, and the mean over homes where there are ten or more."""
    one, every = after_winter("uci"), after_winter()
    figure = lambda row, key: float(row[key]) if row[key] else None
    def of(training):
        mean = lambda k, key: statistics.fmean(float(r[key]) for r in every[k][training])
        keys = ("alerts", "told")
        return {
            "home": {key: [figure(one[k][training][0], key) for k in sorted(one)] for key in ("psi", *keys)},
            "mean": {key: [mean(k, key) for k in sorted(one) if len(every[k][training]) >= 10] for key in keys},
        }
    middle = lambda k: (date.fromisoformat(one[k]["winter"][0]["from"]) + timedelta(days=15)).strftime("%b")
    return {"months": [middle(k) for k in sorted(one)], "winter": of("winter"), "before": of("before")}


def study(_knowatt):
    tables = {f.__name__.replace("_", "-"): f for f in (models, leads, level_alone, ablation, kinds, homes, alerts, choices, seasons)}
    plots = {"models": models_plot(), "alerts": alerts_plot(), "bad-case": read(HERE / "bad-case.csv"), "seasons": seasons_plot()}
    return Study(tables, figure, plots)
