"""A comparison as a picture: function by function against LLVM, and the totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecgnn.compare.records import FINISHED, LLVM, PACKED, SCALAR, WEIGHTED, Comparison
from vecgnn.picture import COLOURS, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FLOOR = -50.0
"""Percent: functions made dearer by more than this stand at the edge, so that others can be told apart."""


def plot(comparison: Comparison) -> str:
    """The picture as SVG text, the same for the same comparison.

    Raises InputError where matplotlib is not installed.
    """

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        colours = {
            packer: COLOURS[number % len(COLOURS)]
            for number, packer in enumerate(p for p in comparison.packers if p != LLVM)
        } | {LLVM: "#777777"}
        if LLVM in comparison.packers:
            _against_llvm(left, comparison, colours)
        else:
            _sorted(left, comparison, colours)
        _totals(right, comparison, colours)
        limit = comparison.options["march"] if not comparison.options["mcpu"] else comparison.options["mcpu"]
        figure.suptitle(f"Printed throughput cost, {limit}, LLVM {comparison.llvm}", fontsize=10)

    return picture(10, 4.4, draw)


def _shares(comparison: Comparison, packers: list[str]) -> dict[str, list[float]]:
    """Relative reduction in percent, directly after packing, over functions that any packer changes;
    not below FLOOR."""
    functions = [
        (each, scalar)
        for each in comparison.functions
        if (scalar := each.cost(SCALAR)) and any(each.outcomes[packer].changed for packer in packers)
    ]
    return {
        packer: [max(FLOOR, 100 * (1 - (each.cost(packer) or 0) / scalar)) for each, scalar in functions]
        for packer in packers
    }


def _against_llvm(axes: Axes, comparison: Comparison, colours: dict[str, str]) -> None:
    ours = [packer for packer in comparison.packers if packer not in (LLVM, "none")]
    shares = _shares(comparison, [*ours, LLVM])
    for packer, marker in zip(ours, "o^sDvP" * len(ours), strict=False):
        axes.scatter(
            shares[LLVM],
            shares[packer],
            s=18,
            alpha=0.65,
            linewidths=0,
            marker=marker,
            color=colours[packer],
            label=packer,
        )
    values = [value for each in shares.values() for value in each] or [0.0]
    low, high = min(0.0, *values) - 3, max(values) + 3
    axes.plot([low, high], [low, high], color="#999999", linewidth=0.8, zorder=0)
    axes.annotate("cheaper than LLVM", (0.03, 0.94), xycoords="axes fraction", color="#555555")
    axes.annotate("dearer than LLVM", (0.97, 0.03), xycoords="axes fraction", color="#555555", ha="right")
    edge = f" (those below {FLOOR:.0f} at the edge)" if min(values) == FLOOR else ""
    axes.set(
        xlim=(low, high),
        ylim=(low, high),
        xlabel=f"reduction by LLVM's SLP, % of scalar{edge}",
        ylabel="reduction by ours, % of scalar",
        title=f"{len(shares[LLVM])} functions that any changes, after packing",
    )
    if ours:
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, 0.93))


def _sorted(axes: Axes, comparison: Comparison, colours: dict[str, str]) -> None:
    packers = [packer for packer in comparison.packers if packer != "none"]
    for packer, values in _shares(comparison, packers).items():
        axes.plot(sorted(values, reverse=True), color=colours[packer], label=packer)
    axes.set(
        xlabel="functions, each packer's best first",
        ylabel="reduction, % of scalar",
        title="Functions that any changes, after packing",
    )
    if packers:
        axes.legend(frameon=False)


def _totals(axes: Axes, comparison: Comparison, colours: dict[str, str]) -> None:
    packers = [packer for packer in comparison.packers if packer != "none"]
    stages = (PACKED, FINISHED, WEIGHTED)[: 3 if comparison.weighted else 2]
    width = 0.8 / max(1, len(packers))
    for number, packer in enumerate(packers):
        values = []
        for stage in stages:
            scalar = sum(module.total(SCALAR, stage) for module in comparison.modules)
            total = sum(module.total(packer, stage) for module in comparison.modules)
            values.append(100 * (1 - total / max(1, scalar)))
        places = [place + (number - (len(packers) - 1) / 2) * width for place in range(len(stages))]
        bars = axes.bar(places, values, width * 0.92, color=colours[packer], label=packer)
        axes.bar_label(bars, fmt="%.1f", fontsize=8, padding=2)
    axes.axhline(0, color="#333333", linewidth=0.8)
    names = ["after packing", "after the post passes", "after packing, weighted"]
    axes.set_xticks(range(len(stages)), names[: len(stages)])
    axes.set(ylabel="reduction of the total, % of scalar", title="All functions")
    axes.margins(y=0.15)
    if packers:
        axes.legend(frameon=False)
