"""What a network is made of, whichever library computes it: settings, the ways messages take, tensors."""

from __future__ import annotations

from dataclasses import dataclass

from vecgnn.errors import InputError
from vecgnn.policy.encode import KINDS, MARKED, NUMBERS_OF, RELATIONS, WORDS, WORDS_OF

ARCHITECTURES = ("residual", "gated")

ATTENDED = ("lane", "makes", "part")
"""Relations whose sources, followed back or forth from packs, compete for the attention of a node."""

FLAGS_OF = {"instruction": 1, "pack": 2, "operand": 2}
"""What the state adds to a node: packed; chosen, excluded; made by a chosen pack, needed by one."""

WORD_SIZE = 16
SCORE_LIMIT = 8.0
NO_ATTENTION = 1e-6
"""Added to the weights that a node's attention is divided by: it may have nothing to attend to."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The shape of a network.

    hidden: numbers that a node holds.  rounds: of message passing.  prices: whether it sees what things cost.
    dropout: the share of what nodes hear, and of what they make of it, that training leaves out.
    """

    hidden: int = 64
    rounds: int = 6
    architecture: str = "residual"
    prices: bool = True
    dropout: float = 0.0

    @property
    def residual(self) -> bool:
        return self.architecture == "residual"

    @property
    def kept(self) -> int:
        """Rounds that have weights of their own."""
        return self.rounds if self.residual else 1


def check_settings(settings: Settings) -> None:
    """Raises InputError for an architecture that is not known."""
    if settings.architecture not in ARCHITECTURES:
        raise InputError(
            f"unknown architecture {settings.architecture!r}: use one of {', '.join(ARCHITECTURES)}"
        )


@dataclass(frozen=True, slots=True)
class Way:
    """A relation followed in one direction."""

    relation: str
    backwards: bool
    source: str
    sink: str

    @property
    def attended(self) -> bool:
        return self.relation in ATTENDED and self.source == "pack"

    @property
    def marked(self) -> bool:
        return self.relation in MARKED

    @property
    def inputs(self) -> int:
        """What a node hears along it: the plain mean, or what it attends to; then, with marks, their mean."""
        return 2 if self.marked else 1


def _ways() -> list[Way]:
    ways: list[Way] = []
    for name, (source, sink) in RELATIONS.items():
        ways += [Way(name, False, source, sink), Way(name, True, sink, source)]
    return ways


WAYS = tuple(_ways())
WAYS_TO = {kind: tuple(way for way in WAYS if way.sink == kind) for kind in KINDS}
HEARD = {kind: sum(way.inputs for way in ways) for kind, ways in WAYS_TO.items()}
"""How many nodes' numbers a node of a kind hears in a round, its own not among them."""

ENTERING = {kind: WORDS_OF[kind] * WORD_SIZE + NUMBERS_OF[kind] + FLAGS_OF[kind] for kind in KINDS}
"""How many numbers come in for a node of a kind: its words, its numbers, the state's flags."""


def shapes(settings: Settings) -> dict[str, tuple[int, ...]]:
    """The tensors of a network by name, as a file of weights has them."""
    size = settings.hidden
    found: dict[str, tuple[int, ...]] = {"words.weight": (WORDS, WORD_SIZE)}

    def linear(name: str, inputs: int, outputs: int) -> None:
        found[f"{name}.weight"], found[f"{name}.bias"] = (outputs, inputs), (outputs,)

    def normal(name: str) -> None:
        found[f"{name}.weight"] = found[f"{name}.bias"] = (size,)

    for kind in KINDS:
        linear(f"enter.{kind}.0", ENTERING[kind], size)
        linear(f"enter.{kind}.2", size, size)
    for number in range(settings.kept):
        part = f"rounds.{number}"
        for kind in KINDS:
            if settings.residual:
                normal(f"{part}.normal.{kind}")
                linear(f"{part}.mix.{kind}.0", (HEARD[kind] + 1) * size, size)
                linear(f"{part}.mix.{kind}.2", size, size)
            else:
                linear(f"{part}.hear.{kind}", HEARD[kind] * size, size)
                for side in ("ih", "hh"):
                    found[f"{part}.unit.{kind}.weight_{side}"] = (3 * size, size)
                    found[f"{part}.unit.{kind}.bias_{side}"] = (3 * size,)
        if settings.residual:
            linear(f"{part}.scores", size, len(ATTENDED))
    normal("leave.0")
    linear("leave.1", size, size)
    linear("leave.3", size, 1)
    return found
