"""The plots of README.md: each draws what study.py gives for its name."""
import statistics

import matplotlib.pyplot as plt

from drawing import BLUE, GREY, INK, ORANGE


def worth(data):
    """A dot a home, a bar the mean."""
    figure, axes = plt.subplots(figsize=(7.4, 2.7), layout="constrained")
    for y, (name, homes) in enumerate(data.items()):
        colour = ORANGE if name.startswith("H2O") else BLUE
        across = [y + 0.09 * (k % 3 - 1) for k in range(len(homes))]
        axes.plot(homes, across, "o", color=colour, markersize=3.5, alpha=0.6, markeredgewidth=0)
        axes.plot([statistics.fmean(homes)] * 2, [y - 0.32, y + 0.32], color=colour, linewidth=2.2)
    axes.set(xlabel="worth: the mean of average precision and of the share found, by home", xlim=(0, 1), yticks=range(len(data)), yticklabels=list(data), ylim=(len(data) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    return figure


def hours(data):
    figure, axes = plt.subplots(figsize=(7.4, 2.9), layout="constrained")
    for (name, scores), (colour, style) in zip(data.items(), ((BLUE, "-"), (ORANGE, "-"), (ORANGE, ":"))):
        axes.step(range(25), [*scores, scores[-1]], where="post", color=colour, linestyle=style, linewidth=1.6, label=name)
    axes.axhline(1, color=INK, linewidth=0.8)
    axes.axhline(0, color=GREY, linewidth=0.5)
    axes.set(ylabel="score of 1500 Wh", xlim=(0, 24), xticks=range(0, 25, 4), xticklabels=[f"{hour:02}:00" for hour in range(0, 25, 4)])
    axes.legend(loc="upper right")
    return figure
