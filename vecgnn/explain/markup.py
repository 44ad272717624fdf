"""Small pieces that the page and the picture are written with."""

from __future__ import annotations

import html
import re

COLOURS = 12
"""Colours that ``graph.css`` holds; packs take them in turn."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def esc(text: str) -> str:
    """Text for HTML and for XML, attributes included; what neither may hold becomes a question mark."""
    return html.escape(_CONTROL.sub("\ufffd", text))


def colour(pack: int | None) -> str:
    """The class of a pack's colour."""
    return "" if pack is None else f"c{pack % COLOURS}"


def number(value: int) -> str:
    """With a true minus sign, so that columns read well."""
    return f"−{-value}" if value < 0 else str(value)


def signed(value: int) -> str:
    return f"+{value}" if value > 0 else number(value)


def plural(count: int, one: str, many: str = "") -> str:
    """Such as "3 packs"."""
    return f"{count} {one if count == 1 else many or one + 's'}"
