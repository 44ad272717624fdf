"""Ratios to a base as a picture: a row for each program, a mark with its interval for each variant."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from vecgnn.errors import InputError
from vecgnn.timing.estimate import Estimate

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Told apart by colour-blind readers too (Okabe and Ito)."""
MARKERS = "osD^vPX"


def ratio_plot(ratios: Mapping[str, Mapping[str, Estimate]], base: str, title: str) -> str:
    """Programs' ratios by variant as SVG text, the same for the same ratios.

    Raises InputError where matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is not installed: pip install 'vecgnn[plot]'") from None
    style: dict[Any, Any] = {
        "svg.hashsalt": "vecgnn",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    programs = list(ratios)
    variants = list(dict.fromkeys(variant for each in ratios.values() for variant in each))
    with rc_context(style):
        height = 1.3 + 0.18 * max(1, len(programs)) * max(2, len(variants))
        figure = Figure(figsize=(8, height), layout="constrained")
        axes = figure.subplots()
        axes.axvline(1.0, color="#777777", linewidth=0.8, zorder=0)
        for number, variant in enumerate(variants):
            shift = 0.8 * ((number + 0.5) / len(variants) - 0.5)
            places = [place for place, name in enumerate(programs) if variant in ratios[name]]
            found = [ratios[programs[place]][variant] for place in places]
            axes.errorbar(
                [each.value for each in found],
                [place + shift for place in places],
                xerr=[*zip(*map(_arms, found), strict=True)],
                fmt=MARKERS[number % len(MARKERS)],
                color=COLOURS[number % len(COLOURS)],
                markersize=4.5,
                elinewidth=1.2,
                capsize=2.5,
                label=variant,
            )
        axes.set(
            yticks=range(len(programs)),
            yticklabels=programs,
            ylim=(len(programs) - 0.4, -0.6),  # the first on top
            xlabel=f"time of {base} / time of the variant, 95 % interval (right of 1: faster than {base})",
        )
        if variants:
            axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        axes.set_title(title, fontsize=10)
        picture = io.StringIO()
        figure.savefig(picture, format="svg", metadata={"Date": None})
    return picture.getvalue()


def _arms(each: Estimate) -> tuple[float, float]:
    """How far its interval reaches below and above the value; 0 without one."""
    if each.low is None or each.high is None:
        return 0.0, 0.0
    return max(0.0, each.value - each.low), max(0.0, each.high - each.value)
