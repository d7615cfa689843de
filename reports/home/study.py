"""A home's normal: what data/home shows, what knowatt learns of it, and what the month after brought."""
import json, pathlib, re, statistics, tempfile
from datetime import datetime
from zoneinfo import ZoneInfo

from figures import REPORTS, ROOT, Study, Wrong, load, markdown, read, run

DATA = ROOT / "data/home"
ZONE = "Europe/Paris"
UNUSUAL_WH = 1500.0
# Night, morning and evening, as in the talk.
HOURS = (4, 9, 20)
# The week in which little is used but by day now and then: whoever lives here may be away. Nobody noted it.
QUIET = ("2007-10-28", "2007-11-03")
QUIET_WH = 300
# The days that the last plot shows hour by hour.
SHOWN = ("2007-12-28", "2007-12-30")
judge = load(REPORTS / "models/judge.py")


def clock(stamp):
    return datetime.fromisoformat(stamp).astimezone(ZoneInfo(ZONE))


def kind_of_day(at):
    return "day-off" if at.weekday() >= 5 else "working-day"


def at_score(curve, score):
    """The Wh at which a curve has a score; a stretch between two knots is straight."""
    knots = list(zip(curve["wh"], curve["score"]))
    for (wh, s), (next_wh, next_s) in zip(knots, knots[1:]):
        if s <= score <= next_s and s < next_s:
            return wh + (score - s) / (next_s - s) * (next_wh - wh)
    raise Wrong(f"the curve of {curve['day']}, {curve['hour']}:00 does not reach {score}")


def at_wh(curve, wh):
    """The score of a reading: the other way."""
    return at_score({**curve, "wh": curve["score"], "score": curve["wh"]}, wh)


def curves(model):
    return {(c["day"], c["hour"]): c for c in model["curves"]["level"]}


def learn_and_score(knowatt, exclude=None):
    """The model, what is said of the month after, and its scores by the home's clock."""
    with tempfile.TemporaryDirectory() as folder:
        model, scores, away = (pathlib.Path(folder, name) for name in ("model.json", "scores.csv", "away.csv"))
        away.write_text(f"start,end,why\n{','.join(exclude)},away\n" if exclude else "")
        run(knowatt, "train", DATA / "learn-hourly.csv", "--tz", ZONE, "-o", model, *(["--exclude", away] if exclude else []))
        _, said = run(knowatt, "score", model, DATA / "after-hourly.csv", "-o", scores)
        number = lambda value: float(value) if value else None
        return json.loads(model.read_text()), said, [{key: clock(value) if key == "timestamp" else number(value) for key, value in row.items()} for row in read(scores)]


def alerts_of(said):
    return int(re.search(r"(\d+) alerts?\b", said)[1])


class Home:
    """The readings, by the home's clock, the model of the first three months, and how it scores the fourth."""

    def __init__(self, knowatt):
        self.model, self.said, self.scored = learn_and_score(knowatt)
        self.learned, self.after = ([(clock(r["timestamp"]), float(r["wh"])) for r in read(DATA / f"{name}-hourly.csv")] for name in ("learn", "after"))
        self.curves = curves(self.model)
        self.without_quiet, self.said_without_quiet, _ = learn_and_score(knowatt, QUIET)

    def wh(self, hour, day=None):
        """The readings of an hour of the day that were learned, least first."""
        return sorted(wh for at, wh in self.learned if at.hour == hour and day in (None, kind_of_day(at)))

    def kwh_a_day(self, month):
        found = [wh for at, wh in self.learned + self.after if at.month == month]
        return statistics.fmean(found) * 24 / 1000

    def episodes(self):
        """Hours above 1.0 with pauses of at most two hours, as knowatt counts them."""
        hours = [int(row["timestamp"].timestamp() // 3600) for row in self.scored]
        found = judge.episodes(hours, [i for i, row in enumerate(self.scored) if row["score"] > 1])
        if alerts_of(self.said) != len(found):
            raise Wrong(f"{len(found)} episodes were found here, and knowatt says: {self.said}")
        return [[self.scored[i] for i in run] for run in found]


def table_of_alerts(home):
    """Each episode: when, how long, its highest score and what told of it."""
    def row(hours):
        first, top = hours[0]["timestamp"], max(hours, key=lambda r: r["score"])
        why = max(("level", "floor", "step", "rise"), key=lambda key: -1 if top[key] is None else top[key])
        last = hours[-1]["timestamp"]
        return [f"{first:%a} {first.day} December", f"{first:%H:%M}", f"{last:%H}:59", f"{min(r['wh'] for r in hours):,.0f}", f"{top['score']:.2f}", f"{top['timestamp']:%H:%M}", f"{top['wh']:,.0f}", f"{top['expected_high_wh']:,.0f}", why]
    header = ["day", "from", "to", "least Wh in an hour", "highest score", "at", "Wh then", "normal up to, by itself", "told by the"]
    return markdown(header, *map(row, home.episodes()))


def table_of_hours(home):
    """Night, morning, evening: what was read, and what is normal."""
    def row(hour, day):
        found, curve = home.wh(hour, day), home.curves[day, hour]
        low, middle, high = statistics.quantiles(found, n=4)
        reached = sum(wh >= UNUSUAL_WH for wh in found)
        return [f"{hour:02}:00, {day.replace('-', ' ')}", f"{middle:,.0f}", f"{low:,.0f} to {high:,.0f}", f"{found[-1]:,.0f}", f"{at_score(curve, 0):,.0f} to {at_score(curve, 1):,.0f}", f"{reached} of {len(found)}", f"{at_wh(curve, UNUSUAL_WH):.2f}"]
    header = ["", "median Wh", "middle half", "most", "normal, as learned", f"days with {UNUSUAL_WH:,.0f} Wh or more", f"score of {UNUSUAL_WH:,.0f} Wh"]
    return markdown(header, *(row(hour, day) for hour in HOURS for day in ("working-day", "day-off")))


def figure(home, name, *arguments):
    match name, arguments:
        case "days", (day,):
            return str(len(home.wh(4, day)))
        case "median", (hour, day):
            return f"{statistics.median(home.wh(int(hour), day)):,.0f}"
        case "most", (hour,):
            return f"{home.wh(int(hour))[-1]:,.0f}"
        case "reached", (hour, day):
            found = home.wh(int(hour), day)
            return f"{sum(wh >= UNUSUAL_WH for wh in found)} of {len(found)}"
        case "normal", (hour, day):
            return f"{at_score(home.curves[day, int(hour)], 1):,.0f}"
        case "learned-above", ():
            return str(sum(wh > at_score(home.curves[kind_of_day(at), at.hour], 1) for at, wh in home.learned))
        case "learned", ():
            return f"{len(home.learned):,}"
        case "on", (day, hour, key):
            (row,) = (r for r in home.scored if (r["timestamp"].day, r["timestamp"].hour) == (int(day), int(hour)))
            return f"{row[key]:,.0f}" if key == "wh" else f"{row[key]:.2f}"
        case "score", (hour, day):
            return f"{at_wh(home.curves[day, int(hour)], UNUSUAL_WH):.2f}"
        case "narrowest" | "widest" as which, (day,):
            wanted = min if which == "narrowest" else max
            return f"{wanted(range(24), key=lambda hour: at_score(home.curves[day, hour], 1)):02}:00"
        case "kwh-a-day", (month,):
            return f"{home.kwh_a_day(int(month)):.1f}"
        case "alerts", ():
            return str(len(home.episodes()))
        case "longest", ():
            return str(max(map(len, home.episodes())))
        case "night-alerts", ():
            return str(sum(hours[0]["timestamp"].hour < 6 for hours in home.episodes()))
        case "hours-above", ("by-itself",):
            return str(sum(row["level"] > 1 for row in home.scored))
        case "hours-above", ():
            return str(sum(row["score"] > 1 for row in home.scored))
        case "asked" | "likely_fewest" | "likely_most" as key, ():
            return f"{home.model['calibration']['alerts_per_month' if key == 'asked' else key]:.0f}"
        case "highest" | "highest-at" as what, ():
            top = max(home.scored, key=lambda row: row["score"])
            return f"{top['score']:.2f}" if what == "highest" else f"{top['timestamp'].day} December at {top['timestamp']:%H:%M}"
        case "quiet", ():
            found = [wh for at, wh in home.learned if QUIET[0] <= f"{at:%Y-%m-%d}" <= QUIET[1]]
            return f"{sum(wh < QUIET_WH for wh in found)} of {len(found)}"
        case "without-quiet", ("alerts",):
            return str(alerts_of(home.said_without_quiet))
        case "without-quiet", (hour, day):
            return f"{at_wh(curves(home.without_quiet)[day, int(hour)], UNUSUAL_WH):.2f}"
        case "drift", ():
            return home.said.split("population stability index ")[1].split(";")[0]
    raise KeyError(name)


def plots(home):
    days = list(dict.fromkeys(at.date() for at, _ in home.learned + home.after))
    place = {(at.date(), at.hour): round(wh) for at, wh in home.learned + home.after}
    told = [(row["timestamp"], row["score"]) for row in home.scored if row["score"] > 1]
    by_hour = lambda day: [
        {"readings": [round(q) for q in statistics.quantiles(home.wh(hour, day), n=4)], "most": round(home.wh(hour, day)[-1]), "normal": [round(at_score(home.curves[day, hour], edge)) for edge in (0, 1)]}
        for hour in range(24)
    ]
    highest = {}
    for row in home.scored:
        highest[row["timestamp"].day] = max(highest.get(row["timestamp"].day, 0), row["score"])
    shown = [row for row in home.scored if SHOWN[0] <= f"{row['timestamp']:%Y-%m-%d}" <= SHOWN[1]]
    return {
        "days": {"first": str(days[0]), "wh": [[place.get((day, hour)) for day in days] for hour in range(24)], "alerts": [[days.index(at.date()), at.hour] for at, _ in told]},
        "hours": {day: by_hour(day) for day in ("working-day", "day-off")},
        "night": {
            "wh": UNUSUAL_WH,
            "readings": {hour: [round(wh) for wh in home.wh(hour, "working-day")] for hour in HOURS},
            "curves": {hour: [home.curves["working-day", hour]["wh"], home.curves["working-day", hour]["score"]] for hour in HOURS},
            "scores": {hour: at_wh(home.curves["working-day", hour], UNUSUAL_WH) for hour in HOURS},
        },
        "december": {
            "highest": {day: round(score, 4) for day, score in highest.items()},
            "first": SHOWN[0],
            "hours": [[round(row["wh"]), round(row["expected_low_wh"]), round(row["expected_high_wh"]), round(row["score"], 4), round(row["level"], 4)] for row in shown],
        },
    }


def study(knowatt):
    home = Home(knowatt)
    tables = {"alerts": lambda: table_of_alerts(home), "hours": lambda: table_of_hours(home)}
    return Study(tables, lambda *asked: figure(home, *asked), plots(home))
