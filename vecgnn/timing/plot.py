"""Ratios to a base as a picture: a row for each program, a mark with its interval for each variant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vecgnn.picture import COLOURS, picture
from vecgnn.timing.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = "osD^vPX"


def ratio_plot(ratios: Mapping[str, Mapping[str, Estimate]], base: str, title: str) -> str:
    """Programs' ratios by variant as SVG text, the same for the same ratios.

    Raises InputError where matplotlib is not installed.
    """
    programs = list(ratios)
    variants = list(dict.fromkeys(variant for each in ratios.values() for variant in each))
    height = 1.3 + 0.18 * max(1, len(programs)) * max(2, len(variants))

    def draw(figure: Figure) -> None:
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

    return picture(8, height, draw)


def _arms(each: Estimate) -> tuple[float, float]:
    """How far its interval reaches below and above the value; 0 without one."""
    if each.low is None or each.high is None:
        return 0.0, 0.0
    return max(0.0, each.value - each.low), max(0.0, each.high - each.value)
