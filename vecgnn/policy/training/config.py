"""The configuration of a training run: one flat TOML file, and single values set by hand."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from vecgnn.errors import InputError

DEFAULT = Path(__file__).with_name("default.toml")

_CHOICES = {
    "architecture": ("residual", "gated"),
    "weighting": ("root", "problem", "candidate"),
    "device": ("auto", "cpu", "cuda"),
}
_POSITIVE = frozenset(
    "hidden rounds batch_nodes states_per_problem learning_rate later_rate clip time_limit patience "
    "validation_problems improve_rollouts".split()
)
"""Numbers that are above 0; all others are 0 or above."""

_FIXED = frozenset(
    "corpus out seed hidden rounds architecture prices dropout batch_nodes states_per_problem".split()
)
"""What a run that goes on cannot change: its checkpoint and its answers hang on it."""


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a run; ``default.toml`` explains each."""

    corpus: str
    out: str
    seed: int
    hidden: int
    rounds: int
    architecture: str
    prices: bool
    dropout: float
    batch_nodes: int
    learning_rate: float
    later_rate: float
    weight_decay: float
    warmup: int
    clip: float
    average: float
    weighting: str
    states_per_problem: int
    clone_epochs: int
    dagger_rounds: int
    dagger_epochs: int
    dagger_problems: int
    improve_rounds: int
    improve_epochs: int
    improve_problems: int
    improve_rollouts: int
    time_limit: float
    patience: int
    minutes: float
    validation_problems: int
    jobs: int
    threads: int
    device: str

    @property
    def folder(self) -> Path:
        return Path(self.out)


_TYPES: dict[str, type] = {
    field.name: {"str": str, "int": int, "bool": bool, "float": float}[str(field.type)]
    for field in fields(Config)
}


def read_config(path: Path | None = None, changes: Sequence[str] = ()) -> Config:
    """The configuration of a file over the default one, with ``key=value`` changes.

    Raises InputError, which names the file (or ``--set``) and the key.
    """
    values = _values(DEFAULT)
    if path is not None:
        values |= _values(path)
    for change in changes:
        values |= _change(change)
    return Config(**values)


def resumed_config(folder: Path, path: Path | None, changes: Sequence[str]) -> Config:
    """The configuration of the run in a folder, with changes to what a run that goes on may change.

    Raises InputError where there is no run, and for a change that its checkpoint does not fit.
    """
    file = folder / "config.toml"
    if not file.is_file():
        raise InputError(f"{folder}: no run to go on with; start one without --resume")
    values = _values(DEFAULT) | _values(file)
    changed = _values(path) if path is not None else {}
    for change in changes:
        changed |= _change(change)
    changed.pop("out", None)  # the folder may have been moved, and --out says where it is
    for key in sorted(_FIXED & changed.keys()):
        if changed[key] != values[key]:
            raise InputError(
                f"{file}: {key} is {values[key]!r} and cannot become {changed[key]!r} in a run that goes on"
            )
    values |= changed
    values["out"] = str(folder)
    return Config(**values)


def as_toml(config: Config) -> str:
    """The configuration as a file that ``read_config`` reads."""
    return "".join(f"{key} = {_literal(value)}\n" for key, value in asdict(config).items())


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)


def _values(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except (UnicodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: not TOML: {error}") from None
    return _checked(table, str(path))


def _change(change: str) -> dict[str, Any]:
    key, equals, text = change.partition("=")
    if not equals:
        raise InputError(f"--set {change}: give key=value")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text  # a word without quotes
    if _TYPES.get(key.strip()) is str and not isinstance(value, str):
        value = text
    return _checked({key.strip(): value}, "--set")


def _checked(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _TYPES:
            raise InputError(f"{where}: no setting is called {key!r}; {DEFAULT.name} has all of them")
        checked[key] = _typed(key, value, where)
    return checked


def _typed(key: str, value: Any, where: str) -> Any:
    wanted = _TYPES[key]
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted:
        names = {str: "a string", int: "a whole number", bool: "true or false", float: "a number"}
        raise InputError(f"{where}: {key} is {names[wanted]}, not {value!r}")
    if key in _CHOICES and value not in _CHOICES[key]:
        raise InputError(f"{where}: {key} is one of {', '.join(_CHOICES[key])}, not {value!r}")
    if wanted in (int, float):
        least = "above 0" if key in _POSITIVE else "0 or above"
        fits = value > 0 if key in _POSITIVE else value >= 0
        if key in ("average", "dropout"):
            fits, least = 0 <= value < 1, "from 0 to below 1"
        if not fits or value == float("inf"):
            raise InputError(f"{where}: {key} is {least}, not {value!r}")
    return value
