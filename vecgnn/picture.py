"""What the package's plots share: matplotlib where it is there, one style, SVG that is the same each time."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vecgnn.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Told apart by colour-blind readers too (Okabe and Ito)."""


def picture(width: float, height: float, draw: Callable[[Figure], None]) -> str:
    """What ``draw`` puts on a figure of so many inches, as SVG text.

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
    with rc_context(style):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        svg = io.StringIO()
        figure.savefig(svg, format="svg", metadata={"Date": None})
    return svg.getvalue()
