#!/usr/bin/env python3
"""The plots of README.md from its figures: *.svg, the same bytes for the same figures and the same matplotlib."""
import csv, pathlib, statistics
from datetime import datetime, timedelta

import matplotlib

matplotlib.use("svg")
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

import tables
from tables import GROUPS, HERE, KINDS, USUAL, names, values

# Readable on light and on dark: no background, and inks of middling lightness.
INK, FAINT, BLUE, ORANGE, RED = "#808080", "#80808050", "#3d85c6", "#d97a1e", "#d9434e"
COLOUR = dict(zip(GROUPS, (ORANGE, BLUE)))
HOMES = {"public": "5 homes of three countries", "more": "14 homes of one neighbourhood"}
SETS = {"public": "first kinds", "other": "other kinds"}

plt.rcParams.update({
    "svg.hashsalt": "knowatt", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6, "axes.titlesize": 9,
    "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none", "legend.frameon": False,
    "axes.grid": True, "grid.color": FAINT, "grid.linewidth": 0.5, "axes.axisbelow": True,
})


def save(figure, name):
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight", pad_inches=0.05)
    plt.close(figure)


def spread(axes, y, found, colour):
    """The least and the most as a thin line, the quarters as a thick one, the mean as a dot."""
    low, _, high = statistics.quantiles(found, n=4, method="inclusive")
    axes.plot([min(found), max(found)], [y, y], color=colour, linewidth=0.7, alpha=0.7)
    axes.plot([low, high], [y, y], color=colour, linewidth=2.4, alpha=0.6, solid_capstyle="butt")
    return axes.plot(statistics.fmean(found), y, "o", color=colour, markersize=4)[0]


def models():
    rows = [(m, "knowatt") for m in tables.BY_WORTH("knowatt")] + [(m, "rival") for m in tables.BY_WORTH("rival")]
    place = {row: i + (row[1] == "rival") * 0.8 for i, row in enumerate(rows)}
    figure, panels = plt.subplots(1, 4, figsize=(9.2, 0.27 * len(rows) + 0.9), sharey=True, layout="constrained")
    titles = [(key, kinds) for key in ("ap", "events") for kinds in KINDS]
    for axes, (key, kinds) in zip(panels, titles):
        for (m, by), y in place.items():
            for group, shift in zip(GROUPS, (0.16, -0.16)):
                dot = spread(axes, y + shift, values(key, m, by, kinds, group), COLOUR[group])
                dot.set_label(HOMES[group])
        what = {"ap": "average precision", "events": "share of mishaps found"}[key]
        axes.set(title=f"{what},\n{SETS[kinds]}", xlim=(0, 1), xticks=[0, 0.25, 0.5, 0.75, 1], xticklabels=["0", "", "0.5", "", "1"])
        axes.tick_params(length=0)
        axes.axhline((len(names("knowatt")) - 1 + len(names("knowatt")) + 0.8) / 2, color=INK, linewidth=0.5)
    panels[0].set(yticks=list(place.values()), yticklabels=[m for m, _ in place], ylim=(max(place.values()) + 0.6, -0.6))
    for label, (_, by) in zip(panels[0].get_yticklabels(), place):
        label.set_fontweight("bold" if by == "knowatt" else "normal")
    handles, labels = panels[0].get_legend_handles_labels()
    unique = dict(zip(labels, handles))
    figure.legend(unique.values(), unique, loc="outside lower center", ncols=2)
    save(figure, "models")


def alerts():
    figure, axes = plt.subplots(figsize=(4.6, 3.2), layout="constrained")
    asked = sorted({int(r["asked"]) for r in tables.ALERTS})
    every = [float(r["alerts"]) for r in tables.ALERTS]
    axes.plot(range(len(asked)), asked, color=INK, linewidth=0.8, linestyle="--", label="as asked")
    for group, shift in zip(GROUPS, (-0.12, 0.12)):
        for i, n in enumerate(asked):
            told = sorted(float(r["alerts"]) for r in tables.ALERTS if int(r["asked"]) == n and r["home"].startswith("cl") == (group == "more"))
            across = [i + shift + 0.1 * (k / max(1, len(told) - 1) - 0.5) for k in range(len(told))]
            axes.plot(across, told, "o", color=COLOUR[group], markersize=3, alpha=0.8, markeredgewidth=0, label=HOMES[group] if i == 0 else None)
            axes.plot([i + shift - 0.09, i + shift + 0.09], [statistics.fmean(told)] * 2, color=COLOUR[group], linewidth=2)
    axes.set(xlabel="alerts asked for in 30 days", ylabel="alerts in 30 days without mishaps", xticks=range(len(asked)), xticklabels=asked, ylim=(0, max(every) * 1.05))
    axes.grid(axis="x", visible=False)
    axes.legend(loc="upper left")
    save(figure, "alerts")


def bad_case():
    with open(HERE / "bad-case.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    at = [datetime.fromisoformat(r["timestamp"].removesuffix("Z")) for r in rows]
    kw = lambda key: [float(r[key]) / 1000 for r in rows]
    figure, axes = plt.subplots(figsize=(9.2, 2.9), layout="constrained")
    axes.fill_between(at, kw("low_wh"), kw("high_wh"), step="post", color=BLUE, alpha=0.25, linewidth=0, label="normal for the hour")
    axes.step(at, kw("wh"), where="post", color=INK, linewidth=1.1, label="readings")
    put_in = [r["kind"] != "" for r in rows]
    shown = set()
    top = max(kw("wh") + kw("high_wh")) * 1.12
    i = 0
    while i < len(rows):
        j = i
        while j < len(rows) and rows[j]["kind"] == rows[i]["kind"]:
            j += 1
        if put_in[i]:
            end = at[j] if j < len(rows) else at[-1]
            axes.axvspan(at[i], end, color=ORANGE, alpha=0.22, linewidth=0, label=None if shown else "a mishap")
            axes.text(at[i], top * 0.995, f" {rows[i]['kind']}", color=ORANGE, va="top", fontsize=8)
            shown.add("mishap")
        i = j
    for inside, fill, label in ((lambda r: float(r["level"]) > 1, RED, "above 1.0 by itself"), (lambda r: float(r["level"]) <= 1, "none", "above 1.0 with the hours before")):
        told = [(t, v) for t, v, r in zip(at, kw("wh"), rows) if float(r["score"]) > 1 and inside(r)]
        axes.plot([t for t, _ in told], [v + top / 40 for _, v in told], "v", color=RED, markerfacecolor=fill, markersize=4.5, linestyle="none", label=label)
    axes.set(ylabel="kWh in the hour", xlim=(at[0], at[-1]), ylim=(0, top))
    axes.xaxis.set_major_locator(mdates.DayLocator())
    axes.xaxis.set_major_formatter(mdates.DateFormatter("%-d %b"))
    figure.legend(loc="outside lower center", ncols=5, columnspacing=1.2)
    save(figure, "bad-case")


def seasons():
    """The UCI home, month by month after its winter."""
    found = tables.after_winter("uci")
    every = tables.after_winter()
    months = sorted(found)
    figure, panels = plt.subplots(1, 3, figsize=(9.2, 2.9), layout="constrained")
    about = {"winter": (ORANGE, "model of December to February"), "before": (BLUE, "model of the 90 days before")}
    for axes, key, title in zip(panels, ("psi", "alerts", "told"), ("drift (population stability index)", "alerts in 30 days, 4 asked", "share of mishaps above 1.0")):
        for training, (colour, label) in about.items():
            one = {k: found[k][training][0] for k in months}
            if key == "psi":
                told = {k: float(r["psi"]) for k, r in one.items() if r["psi"]}
                axes.plot(list(told), list(told.values()), "o-" if training == "winter" else "o", color=colour, markersize=4, linewidth=1, label=label)
                not_told = [k for k in months if k not in told]
                axes.plot(not_told, [0] * len(not_told), "o", color=colour, markersize=4, markerfacecolor="none", clip_on=False)
            else:
                axes.plot(months, [float(r[key]) for r in one.values()], "o-", color=colour, markersize=4, linewidth=1, label=label)
                means = {k: statistics.fmean(float(r[key]) for r in every[k][training]) for k in months if len(every[k][training]) >= 10}
                axes.plot(list(means), list(means.values()), color=colour, linewidth=3, alpha=0.3)
        axes.set(title=title, xticks=months, xticklabels=[(datetime.fromisoformat(found[k]["winter"][0]["from"]) + timedelta(days=15)).strftime("%b") for k in months])
        axes.tick_params(axis="x", labelsize=7.5)
        axes.set_ylim(bottom=0)
        axes.grid(axis="x", visible=False)
        axes.yaxis.set_major_locator(MaxNLocator(5))
    panels[0].axhline(0.25, color=INK, linewidth=0.6, linestyle="--")
    handles, labels = panels[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    save(figure, "seasons")


if __name__ == "__main__":
    for plot in (models, alerts, bad_case, seasons):
        plot()
