"""How the studies' plots look: matplotlib, as SVG, the same bytes for the same figures and the same matplotlib."""
import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

# A light ground of their own, so that they can be read on dark pages too.
GROUND, INK, FAINT, BLUE, ORANGE, RED, GREEN, GREY = "#ffffff", "#333333", "#dddddd", "#2f6fb0", "#d0691a", "#c8323f", "#2f8f5b", "#8a8a8a"

plt.rcParams.update({
    "svg.hashsalt": "knowatt", "svg.fonttype": "none", "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans", "Verdana"], "font.size": 9,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": GREY, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6, "axes.titlesize": 9,
    "figure.facecolor": GROUND, "axes.facecolor": GROUND, "savefig.facecolor": GROUND, "legend.frameon": False,
    "axes.grid": True, "grid.color": FAINT, "grid.linewidth": 0.5, "axes.axisbelow": True,
})


def save(figure, path, drawn_from):
    metadata = {"Date": None, "Creator": None, "Description": f"drawn from {drawn_from}"}
    figure.savefig(path, metadata=metadata, bbox_inches="tight", pad_inches=0.08)
    plt.close(figure)
