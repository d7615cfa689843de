"""The plots of README.md: each draws what study.py gives for its name."""
from collections import Counter
from datetime import date

import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

from drawing import BLUE, GREY, INK, RED

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def counts(data):
    """How many months brought how many alerts."""
    figure, panels = plt.subplots(2, 2, figsize=(9.2, 4.6), layout="constrained")
    for axes, (asked, found) in zip(panels.flat, data.items()):
        counted, (least, most) = Counter(found["alerts"]), found["expected"]
        at = range(max(counted) + 1)
        axes.axvspan(least - 0.5, most + 0.5, color=BLUE, alpha=0.13, linewidth=0, label="said to expect, four months of five")
        axes.bar(at, [counted[n] for n in at], width=0.8, color=[BLUE if least <= n <= most else RED for n in at])
        axes.bar([0], [0], color=RED, label="outside of that")
        axes.axvline(int(asked), color=INK, linewidth=1, linestyle="--", label="asked for")
        axes.set(title=f"{asked} asked for", xlim=(-0.6, max(counted) + 0.6), ylabel="months")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.grid(axis="x", visible=False)
    for axes in panels[1]:
        axes.set_xlabel("alerts in 30 days")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def months(data):
    """By home and time of the year, the number of alerts."""
    homes = list(dict.fromkeys(row[0] for row in data))
    number = lambda home: (home.startswith("cl"), int(home[2:]) if home.startswith("cl") else 0, home)
    homes.sort(key=number)
    figure, panels = plt.subplots(1, 2, figsize=(9.2, 4.9), sharey=True, layout="constrained")
    for axes, asked, column in zip(panels, (1, 4), (2, 3)):
        for row in data:
            day, told = date.fromisoformat(row[1]).timetuple().tm_yday, row[column]
            far = told > 2 * asked
            axes.text(day, homes.index(row[0]), told, ha="center", va="center", fontsize=8, color=RED if far else INK if told else GREY, fontweight="bold" if far else "normal")
        axes.set(title=f"{asked} asked for", xlim=(0, 366), ylim=(len(homes) - 0.4, -0.6))
        axes.set_xticks([15 + 30.4 * k for k in range(12)], MONTHS, fontsize=8)
        axes.set_yticks(range(len(homes)), homes)
        axes.tick_params(length=0)
        axes.grid(axis="x", visible=False)
        axes.axhline(4.5, color=GREY, linewidth=0.6)
    return figure
