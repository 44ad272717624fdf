"""Tables of fitted weights, as they ship with the package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from vecgnn.errors import InputError

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Table:
    """Nanoseconds for each unit of a feature, and the CPU on whose scheduling model the features stand (None
    for that of the function's own attributes)."""

    weights: Mapping[str, float]
    mcpu: str | None


def read_table(text: str, where: str) -> Table:
    """Read a table's JSON.  Raises InputError, which names ``where`` it stood."""
    try:
        document = json.loads(text)
        weights = {str(name): float(weight) for name, weight in document["weights"].items()}
        mcpu = document.get("mcpu")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{where}: no table of weights ({error}); fit one anew") from None
    if any(weight < 0 for weight in weights.values()):
        raise InputError(f"{where}: a weight is below 0; fit the table anew")
    return Table(weights, mcpu)


def load_table(mcpu: str | None = None) -> Table:
    """The table that ships for that CPU, else the default one.  Raises InputError where there is none."""
    folder = resources.files("vecgnn.price") / "tables"
    for name in (mcpu, DEFAULT):
        file = folder / f"{name}.json"
        if name and file.is_file():
            return read_table(file.read_text(encoding="utf-8"), f"{name}.json")
    raise InputError("no table of fitted weights is there; use the price mca or tti")
