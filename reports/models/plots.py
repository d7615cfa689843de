"""The plots of README.md: each draws what study.py gives for its name."""
import statistics
from datetime import datetime

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

from drawing import BLUE, GREY, INK, ORANGE, RED

COLOUR = {"public": ORANGE, "more": BLUE}
HOMES = {"public": "5 homes of three countries", "more": "14 homes of one neighbourhood"}
SETS = {"public": "first kinds", "other": "other kinds"}


def lines(axes, spans, **style):
    """Horizontal lines (y, from, to), as one artist: a path each would be a large file."""
    x, y = [], []
    for at, low, high in spans:
        x += [low, high, float("nan")]
        y += [at] * 3
    axes.plot(x, y, solid_capstyle="butt", **style)


def models(data):
    """The least and the most as a thin line, the quarters as a thick one, the mean as a dot."""
    rows = data["rows"]
    ours = sum(row["by"] == "knowatt" for row in rows)
    place = [i + (row["by"] == "rival") * 0.8 for i, row in enumerate(rows)]
    figure, panels = plt.subplots(1, 4, figsize=(9.2, 0.27 * len(rows) + 0.9), sharey=True, layout="constrained")
    for i, (axes, (key, kinds)) in enumerate(zip(panels, data["panels"])):
        for group, shift in zip(COLOUR, (0.16, -0.16)):
            found = [(y + shift, row["panels"][i][group]) for y, row in zip(place, rows)]
            quarters = {y: statistics.quantiles(values, n=4, method="inclusive") for y, values in found}
            lines(axes, [(y, min(values), max(values)) for y, values in found], color=COLOUR[group], linewidth=0.7, alpha=0.7)
            lines(axes, [(y, low, high) for y, (low, _, high) in quarters.items()], color=COLOUR[group], linewidth=2.4, alpha=0.55)
            axes.plot([statistics.fmean(values) for _, values in found], [y for y, _ in found], "o", color=COLOUR[group], markersize=4, markeredgewidth=0, label=HOMES[group])
        what = {"ap": "average precision", "events": "share of mishaps found"}[key]
        axes.set(title=f"{what},\n{SETS[kinds]}", xlim=(0, 1), xticks=[0, 0.25, 0.5, 0.75, 1], xticklabels=["0", "", "0.5", "", "1"])
        axes.tick_params(length=0)
        axes.axhline(ours - 0.1, color=GREY, linewidth=0.5)
    panels[0].set(yticks=place, yticklabels=[row["model"] for row in rows], ylim=(max(place) + 0.6, -0.6))
    for label, row in zip(panels[0].get_yticklabels(), rows):
        label.set_fontweight("bold" if row["by"] == "knowatt" else "normal")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def alerts(data):
    figure, axes = plt.subplots(figsize=(4.6, 3.2), layout="constrained")
    axes.plot(range(len(data)), [int(asked) for asked in data], color=INK, linewidth=0.8, linestyle="--", label="as asked")
    for group, shift in zip(COLOUR, (-0.12, 0.12)):
        for i, told in enumerate(groups[group] for groups in data.values()):
            across = [i + shift + 0.1 * (k / max(1, len(told) - 1) - 0.5) for k in range(len(told))]
            axes.plot(across, told, "o", color=COLOUR[group], markersize=3, alpha=0.8, markeredgewidth=0, label=HOMES[group] if i == 0 else None)
            axes.plot([i + shift - 0.09, i + shift + 0.09], [statistics.fmean(told)] * 2, color=COLOUR[group], linewidth=2)
    most = max(max(told) for groups in data.values() for told in groups.values())
    axes.set(xlabel="alerts asked for in 30 days", ylabel="alerts in 30 days without mishaps", xticks=range(len(data)), xticklabels=list(data), ylim=(0, most * 1.05))
    axes.grid(axis="x", visible=False)
    axes.legend(loc="upper left")
    return figure


def bad_case(rows):
    at = [datetime.fromisoformat(r["timestamp"].removesuffix("Z")) for r in rows]
    kw = lambda key: [float(r[key]) / 1000 for r in rows]
    figure, axes = plt.subplots(figsize=(9.2, 2.9), layout="constrained")
    axes.fill_between(at, kw("low_wh"), kw("high_wh"), step="post", color=BLUE, alpha=0.25, linewidth=0, label="normal for the hour")
    axes.step(at, kw("wh"), where="post", color=INK, linewidth=1.1, label="readings")
    top = max(kw("wh") + kw("high_wh")) * 1.12
    label, i = "a mishap", 0
    while i < len(rows):
        j = i
        while j < len(rows) and rows[j]["kind"] == rows[i]["kind"]:
            j += 1
        if rows[i]["kind"]:
            axes.axvspan(at[i], at[min(j, len(rows) - 1)], color=ORANGE, alpha=0.22, linewidth=0, label=label)
            axes.text(at[i], top * 0.995, f" {rows[i]['kind']}", color=ORANGE, va="top", fontsize=8)
            label = None
        i = j
    for inside, fill, label in ((lambda r: float(r["level"]) > 1, RED, "above 1.0 by itself"), (lambda r: float(r["level"]) <= 1, "none", "above 1.0 with the hours before")):
        told = [(t, v) for t, v, r in zip(at, kw("wh"), rows) if float(r["score"]) > 1 and inside(r)]
        axes.plot([t for t, _ in told], [v + top / 40 for _, v in told], "v", color=RED, markerfacecolor=fill, markersize=4.5, linestyle="none", label=label)
    axes.set(ylabel="kWh in the hour", xlim=(at[0], at[-1]), ylim=(0, top))
    axes.xaxis.set_major_locator(mdates.DayLocator())
    axes.xaxis.set_major_formatter(mdates.DateFormatter("%-d %b"))
    figure.legend(loc="outside lower center", ncols=5, columnspacing=1.2)
    return figure


def seasons(data):
    figure, panels = plt.subplots(1, 3, figsize=(9.2, 2.9), layout="constrained")
    about = {"winter": (ORANGE, "model of December to February"), "before": (BLUE, "model of the 90 days before")}
    months = range(len(data["months"]))
    for axes, key, title in zip(panels, ("psi", "alerts", "told"), ("drift (population stability index)", "alerts in 30 days, 4 asked", "share of mishaps above 1.0")):
        for training, (colour, label) in about.items():
            home = data[training]["home"][key]
            if key == "psi":
                told = [k for k in months if home[k] is not None]
                not_told = [k for k in months if home[k] is None]
                axes.plot(told, [home[k] for k in told], "o-" if training == "winter" else "o", color=colour, markersize=4, linewidth=1, label=label)
                axes.plot(not_told, [0] * len(not_told), "o", color=colour, markersize=4, markerfacecolor="none", clip_on=False)
            else:
                axes.plot(months, home, "o-", color=colour, markersize=4, linewidth=1, label=label)
                mean = data[training]["mean"][key]
                axes.plot(range(len(mean)), mean, color=colour, linewidth=3, alpha=0.3)
        axes.set(title=title, xticks=months, xticklabels=data["months"])
        axes.tick_params(axis="x", labelsize=7.5)
        axes.set_ylim(bottom=0)
        axes.grid(axis="x", visible=False)
        axes.yaxis.set_major_locator(MaxNLocator(5))
    # From here on `knowatt score` tells of it.
    panels[0].axhline(0.4, color=INK, linewidth=0.6, linestyle="--")
    handles, labels = panels[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure
