"""Saved results of policy.py as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from policy_ablate_tables import epochs_of
from policy_figures import ILP, LLVM, functions_of, packers_of
from policy_time_tables import batches_of, median
from policy_time_tables import functions_of as timed_functions

from vecgnn.picture import COLOURS, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Points = Sequence[tuple[float, float]]

FLOOR = -0.5
"""Functions made dearer by a larger share stand at the edge."""


def pictures(table: dict[str, Any]) -> dict[str, str]:
    """The pictures of a table by name."""
    if table["kind"] == "evaluate":
        return {"cost": cost_plot(table)}
    if table["kind"] == "time":
        return {"time": time_plot(table)}
    return {"learning": learning_plot(table["runs"])} if table["runs"] else {}


def time_plot(table: dict[str, Any]) -> str:
    """Seconds over instructions on logarithmic axes, a point for each function, as SVG text.

    Raises InputError where matplotlib is not installed.
    """
    functions = timed_functions(table)

    def points(*fields: str) -> Points:
        pairs = [(each["instructions"], median(each, *fields)) for each in functions]
        return [(x, y) for x, y in pairs if y]

    series: dict[str, tuple[Points, str]] = {
        ILP: ([(each["instructions"], each["ilp"]) for each in functions if each["ilp"]], "s"),
        "policy, alone": (points("policy"), "o"),
        "policy, a module's functions together": (batches_of(table), "D"),
        "greedy": (points("greedy"), "^"),
        f"{LLVM} with its analyses": (points("llvm", "llvm_analyses"), "v"),
    }

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for number, (name, (found, marker)) in enumerate(series.items()):
            if found:
                x, y = zip(*found, strict=True)
                axes.scatter(
                    x, y, s=14, alpha=0.6, linewidths=0, marker=marker, color=COLOURS[number], label=name
                )
        axes.set(xscale="log", yscale="log", xlabel="instructions of the function", ylabel="seconds to pack")
        axes.grid(alpha=0.2)
        axes.legend(frameon=False)

    return picture(7, 4.6, draw)


def cost_plot(table: dict[str, Any]) -> str:
    """Each function's reduction by the policy against LLVM's and the integer program's, as SVG text."""
    functions = [function for function in functions_of(table) if function.changed]
    packers = packers_of(functions)
    mine = [packer for packer in packers if packer.startswith("policy")]
    others = [packer for packer in (LLVM, ILP) if packer in packers]

    def draw(figure: Figure) -> None:
        for axes, other in zip(figure.subplots(1, len(others), squeeze=False)[0], others, strict=True):
            for packer, colour in zip(mine, COLOURS, strict=False):
                x = [100 * max(FLOOR, function.share(other)) for function in functions]
                y = [100 * max(FLOOR, function.share(packer)) for function in functions]
                axes.scatter(x, y, s=10, alpha=0.5, linewidths=0, color=colour, label=packer)
            _diagonal(axes)
            axes.set(
                xlabel=f"reduction by {other}, % of scalar", ylabel="reduction by the policy, % of scalar"
            )
            axes.legend(frameon=False)

    return picture(5 * len(others), 4.4, draw)


def _diagonal(axes: Axes) -> None:
    low, high = min(axes.get_xlim()[0], axes.get_ylim()[0]), max(axes.get_xlim()[1], axes.get_ylim()[1])
    axes.plot([low, high], [low, high], color="#999999", linewidth=0.8, zorder=0)


def learning_plot(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Loss and ratio on the validation split over steps of training, as SVG text."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        for number, (name, lines) in enumerate(runs.items()):
            epochs = epochs_of(lines)
            colour = COLOURS[number % len(COLOURS)]
            steps = [line["steps"] for line in epochs]
            left.plot(steps, [line["train_loss"] for line in epochs], "--", color=colour, linewidth=0.8)
            left.plot(steps, [line["loss"] for line in epochs], color=colour, label=name)
            right.plot(steps, [100 * line["ratio"] for line in epochs], color=colour, label=name)
            for before, after in pairwise(epochs):
                if before["stage"] != after["stage"]:
                    right.axvline(before["steps"], color=colour, linewidth=0.5, linestyle=":")
        left.set(xlabel="steps", ylabel="loss on validation (dashed: on training)")
        right.set(xlabel="steps", ylabel="reduction, % of the labels'")
        right.legend(frameon=False)

    return picture(9, 3.8, draw)
