"""The plots of README.md: each draws what study.py gives for its name."""
import math
from datetime import date, datetime, timedelta

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
from matplotlib.colors import PowerNorm

from drawing import BLUE, GREY, INK, ORANGE, RED

COLOUR = {"4": BLUE, "9": ORANGE, "20": GREY}
HOURS = [f"{hour:02}:00" for hour in range(0, 24, 6)]


def days(data):
    """Every hour as a field, a day a column."""
    first = date.fromisoformat(data["first"])
    wh = [[math.nan if v is None else v / 1000 for v in row] for row in data["wh"]]
    figure, axes = plt.subplots(figsize=(9.2, 2.9), layout="constrained")
    # A square root, so that nights differ too.
    image = axes.imshow(wh, aspect="auto", cmap="YlGnBu", norm=PowerNorm(0.5, 0, 6), interpolation="none", extent=(-0.5, len(wh[0]) - 0.5, 23.5, -0.5))
    x, y = zip(*data["alerts"])
    axes.plot(x, y, "s", color="none", markeredgecolor=RED, markersize=3.2, markeredgewidth=0.8, label="above 1.0")
    months = [i for i in range(len(wh[0])) if (first + timedelta(days=i)).day == 1]
    axes.set_xticks(months, [f"{first + timedelta(days=i):%-d %b}" for i in months])
    axes.axvline(months[-1] - 0.5, color=INK, linewidth=1)
    axes.text(months[-1] - 1, -1, "learned ", ha="right", va="bottom")
    axes.text(months[-1], -1, " scored", va="bottom")
    axes.set_yticks(range(0, 24, 6), HOURS)
    axes.grid(visible=False)
    figure.colorbar(image, ax=axes, label="kWh in the hour", ticks=[0, 0.25, 1, 2, 4, 6], pad=0.01)
    figure.legend(loc="outside lower center")
    return figure


def steps(values):
    """An hour's value holds until the next hour."""
    return [*values, values[-1]]


def hours(data):
    figure, panels = plt.subplots(1, 2, figsize=(9.2, 3.2), sharey=True, layout="constrained")
    for axes, (day, rows) in zip(panels, data.items()):
        column = lambda key, i: steps([row[key][i] / 1000 for row in rows])
        axes.fill_between(range(25), column("normal", 0), column("normal", 1), step="post", color=BLUE, alpha=0.2, linewidth=0, label="normal, as learned")
        axes.fill_between(range(25), column("readings", 0), column("readings", 2), step="post", color=BLUE, alpha=0.45, linewidth=0, label="middle half of the readings")
        axes.step(range(25), column("readings", 1), where="post", color=INK, linewidth=1.2, label="median")
        axes.plot([hour + 0.5 for hour in range(24)], [row["most"] / 1000 for row in rows], "_", color=ORANGE, markersize=7, markeredgewidth=1.5, label="most")
        axes.axhline(1.5, color=RED, linewidth=0.7, linestyle="--", label="1500 Wh")
        axes.set(title=day.replace("-", " "), xlim=(0, 24), ylim=(0, 8.6), xticks=range(0, 24, 4), xticklabels=[f"{hour:02}:00" for hour in range(0, 24, 4)])
    panels[0].set_ylabel("kWh in the hour")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return figure


def night(data):
    figure, (readings, scores) = plt.subplots(1, 2, figsize=(9.2, 3.1), layout="constrained")
    at = data["wh"] / 1000
    for hour, found in data["readings"].items():
        share = [(i + 1) / len(found) for i in range(len(found))]
        readings.step([0, *(wh / 1000 for wh in found), 6], [0, *share, 1], where="post", color=COLOUR[hour], linewidth=1.4)
        wh, score = data["curves"][hour]
        scores.plot([x / 1000 for x in wh], score, color=COLOUR[hour], linewidth=1.4, label=f"{int(hour):02}:00")
        there = data["scores"][hour]
        scores.plot(at, there, "o", color=COLOUR[hour], markersize=4)
        scores.annotate(f"{there:.2f}", (at, there), textcoords="offset points", xytext=(6, 6 if hour == "9" else -11), color=COLOUR[hour], fontweight="bold")
    readings.set(title="the readings learned, working days", xlabel="kWh in the hour", ylabel="share of the days with at most that", ylim=(0, 1.02))
    scores.set(title="the score, working days", xlabel="kWh in the hour", ylabel="score", ylim=(-0.2, 2.6))
    scores.axhline(1, color=INK, linewidth=0.8)
    for axes in (readings, scores):
        axes.axvline(at, color=RED, linewidth=0.7, linestyle="--", label="1500 Wh" if axes is scores else None)
        axes.set_xlim(0, 6)
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def december(data):
    figure, (month, days) = plt.subplots(1, 2, figsize=(9.2, 3.1), width_ratios=(2, 3), layout="constrained")
    day, highest = [int(d) for d in data["highest"]], list(data["highest"].values())
    month.bar(day, highest, width=0.8, color=[RED if score > 1 else "#9db8d2" for score in highest])
    month.axhline(1, color=INK, linewidth=0.8)
    month.set(title="the highest score of each day of December", xlabel="day", ylabel="score", xlim=(0.4, 31.6), xticks=range(1, 32, 5))
    month.grid(axis="x", visible=False)
    first = datetime.fromisoformat(data["first"])
    at = [first + timedelta(hours=i) for i in range(len(data["hours"]) + 1)]
    wh, low, high = (steps([row[i] / 1000 for row in data["hours"]]) for i in range(3))
    days.fill_between(at, low, high, step="post", color=BLUE, alpha=0.2, linewidth=0, label="normal for the hour")
    days.step(at, wh, where="post", color=INK, linewidth=1.1, label="readings")
    for inside, fill, label in ((True, RED, "above 1.0 by itself"), (False, "white", "above 1.0 with the hours before")):
        told = [i for i, row in enumerate(data["hours"]) if row[3] > 1 and (row[4] > 1) == inside]
        days.plot([at[i] + timedelta(minutes=30) for i in told], [wh[i] + 0.25 for i in told], "v", color=RED, markerfacecolor=fill, markersize=4.5, linestyle="none", label=label)
    days.set(title="28 to 30 December", ylabel="kWh in the hour", xlim=(at[0], at[-1]), ylim=(0, None))
    days.xaxis.set_major_locator(mdates.HourLocator(byhour=(0, 12)))
    days.xaxis.set_major_formatter(mdates.DateFormatter("%H:%M"))
    figure.legend(loc="outside lower center", ncols=4, columnspacing=1.2)
    return figure
