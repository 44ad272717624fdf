"""The packer "best": every version made, finished and priced, and the module of the cheapest functions."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vecgnn import llvm
from vecgnn.best.choose import LLVM, SCALAR, Choice, cheapest
from vecgnn.best.modules import changed, functions_of, spliced, with_orders
from vecgnn.best.shield import slp_on
from vecgnn.effort import check_solver
from vecgnn.errors import InputError, ToolError, VecgnnError
from vecgnn.packers import OF_BEST, load_packer
from vecgnn.price import PRICES
from vecgnn.price import price as price_of
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort
from vecgnn.store import vectorize_stored
from vecgnn.vectorize import Result

DEFAULT_PRICE = "mca,calibrated"
DEFAULT_MARGIN = 0.05
"""Of all that was tried on the own kernels what made few programs slower than LLVM's SLP and most of them
faster: docs/cost-and-time.md."""

Prices = Mapping[str, Mapping[str, float]]
"""Function to side to price."""


def _finish(ir: str) -> str:
    return llvm.after_slp(ir, unroll=False)


@dataclass(frozen=True, slots=True)
class Best:
    """The module of the cheapest functions, before the passes that follow SLP.

    ``choices``: one for each function defined, in the module's order.
    ``results``: what each packer did, taken or not.
    ``seconds``: wall time by packer (as its search took, be it in the store), of LLVM's SLP, of finishing and
    pricing, and of putting the module together.
    ``trouble``: why LLVM's versions stand where others were to be priced; "" where all was priced.
    """

    text: str
    before: str
    choices: tuple[Choice, ...]
    results: Mapping[str, Result]
    price: str
    seconds: Mapping[str, float]
    trouble: str = ""
    interrupted: bool = False

    @property
    def changed(self) -> tuple[Choice, ...]:
        """The functions that are not the scalar code."""
        return tuple(choice for choice in self.choices if choice.side != SCALAR)

    @property
    def sides(self) -> dict[str, int]:
        """How many functions come from each side, packers first."""
        counts = Counter(choice.side for choice in self.choices)
        return {side: counts[side] for side in (*self.results, LLVM, SCALAR) if counts[side]}

    @property
    def bugs(self) -> tuple[str, ...]:
        """Defects of ours that cost a packer its version of a function."""
        reports = ((side, report) for side, result in self.results.items() for report in result.functions)
        return tuple(f"{report.name}: {side}: {report.reason}" for side, report in reports if report.bug)


def check_price(text: str, where: str) -> str:
    """The name of a price, or several with commas.  Raises InputError, which names ``where`` it stood."""
    for kind in text.split(","):
        if kind not in PRICES:
            raise InputError(
                f"{where}={text}: no such price; use one of {', '.join(PRICES)}, or several: a,b"
            )
    return text


def installed_packers(effort: Effort = DEFAULT_EFFORT) -> tuple[str, ...]:
    """Of the packers that are asked where none are named those whose packages are installed, greedy first."""
    found: list[str] = []
    for name in OF_BEST:
        try:
            load_packer(name)
            check_solver(name, effort.solver)
        except InputError:
            continue
        found.append(name)
    return tuple(found)


def best_of(
    source: bytes | str,
    *,
    name: str = "<string>",
    packers: Sequence[str] | None = None,
    price: str = DEFAULT_PRICE,
    margin: float = DEFAULT_MARGIN,
    mcpu: str | None = None,
    functions: Sequence[str] | None = None,
    effort: Effort = DEFAULT_EFFORT,
    store: Path | None = None,
    slp: Callable[[str], str] = llvm.slp,
    finish: Callable[[str], str] = _finish,
) -> Best:
    """Of each function the cheapest of scalar code, what each of ``packers`` makes of it, and LLVM's SLP.

    ``packers`` are greedy and the integer program where not given, as far as installed.  ``slp`` is LLVM's
    SLP vectorizer over a module's text, ``finish`` all passes that will follow it but for unrolling (see
    ``llvm.without_unrolling``).
    ``margin`` is that of ``cheapest``, ``store`` that of ``vectorize_stored``, all else that of
    ``vectorize_text``.  By several prices (``a,b``) a version is as dear, relative to LLVM's, as the one says
    that favours it least.  Where pricing fails, LLVM's versions are taken and ``trouble`` says why.  A Ctrl-C
    in a packer ends the search: what was found by then is priced.  Raises InputError as ``vectorize_text``
    does, and ToolError where opt is missing or LLVM's SLP fails.
    """
    check_price(price, "price")
    llvm.find_tool("opt")  # asked before the search, not after it
    cpu = None if mcpu and Path(mcpu).is_file() else mcpu  # a table of prices names no CPU
    clock = _Clock()
    results, interrupted = _packed(
        installed_packers(effort) if packers is None else packers,
        lambda packer: vectorize_stored(
            store, source, name=name, packer=packer, mcpu=mcpu, functions=functions, effort=effort
        ),
    )
    clock.seconds.update({side: sum(result.seconds.values()) for side, result in results.items()})
    with clock.part(LLVM):
        scalar = llvm.run_passes(source, "verify")  # with the orders of use-lists
        theirs = slp(scalar)
    made = _Made(scalar, theirs, results, functions)
    prices: Prices = {}
    trouble = ""
    if made.candidates:
        with clock.part("price"):
            try:
                prices, trouble = _priced(made, finish, price.split(","), cpu)
            except KeyboardInterrupt:
                trouble, interrupted = "interrupted before all was priced: LLVM's SLP everywhere", True
            except VecgnnError as error:
                trouble = f"not priced, LLVM's SLP everywhere: {error}"
    choices = tuple(made.choice(function, prices, margin) for function in made.functions)
    with clock.part("assemble"):
        text = made.module({choice.function: choice.side for choice in choices}, slp)
    return Best(text, made.before, choices, results, price, clock.seconds, trouble, interrupted)


def _packed(packers: Sequence[str], vectorize: Callable[[str], Result]) -> tuple[dict[str, Result], bool]:
    """What each packer says, up to one that the user stopped."""
    if not packers:
        raise InputError("no packer to choose from: name one, such as greedy")
    results: dict[str, Result] = {}
    for packer in packers:
        results[packer] = vectorize(packer)
        if results[packer].interrupted:
            return results, True
    return results, False


class _Made:
    """The versions of a module: which functions each changed, and a module of some of each."""

    def __init__(
        self, scalar: str, theirs: str, results: Mapping[str, Result], functions: Sequence[str] | None
    ) -> None:
        first = next(iter(results.values()))
        self.before = first.before
        self.functions = [report.name for report in first.functions]
        self.texts = {SCALAR: scalar, LLVM: theirs} | {side: result.text for side, result in results.items()}
        self.packers = tuple(results)
        asked = None if functions is None else {f"@{name.removeprefix('@')}" for name in functions}
        self._by_llvm = changed(scalar, theirs)
        self.changed = {side: {report.name for report in result.changed} for side, result in results.items()}
        self.changed[LLVM] = self._by_llvm if asked is None else self._by_llvm & asked
        self.candidates = set[str]().union(*self.changed.values())

    def choice(self, function: str, prices: Prices, margin: float) -> Choice:
        found = prices.get(function, {})
        side = cheapest(found, self.packers, margin)
        if side == LLVM and function not in self.changed[LLVM]:
            side = SCALAR
        return Choice(function, side, found)

    def module(self, sides: Mapping[str, str], slp: Callable[[str], str]) -> str:
        """The module with each function from its side."""
        ours = {function: side for function, side in sides.items() if side in self.packers}
        theirs = {function for function, side in sides.items() if side == LLVM}
        if not ours and not theirs:
            return self.before
        if not ours and theirs == self._by_llvm:
            return self.texts[LLVM]
        text = self.texts[SCALAR]
        if ours:
            text = spliced(self.before, self.texts, ours)
            text = with_orders(text, self.texts[SCALAR], sides.keys() - ours.keys())
        if theirs:
            text = slp_on(text, theirs, slp)
        return llvm.run_passes(text, "verify")


def _priced(
    made: _Made, finish: Callable[[str], str], kinds: Sequence[str], mcpu: str | None
) -> tuple[Prices, str]:
    """Each candidate's prices, and which packers' could not be finished.

    A version that leaves a function alone has the scalar code's price.  A function that the passes remove has
    none.  Raises VecgnnError where scalar code or LLVM's has no price.
    """
    by_side: dict[str, dict[str, list[float]]] = {}
    troubles: list[str] = []
    for side, names in {SCALAR: made.candidates, **made.changed}.items():
        try:
            finished = finish(made.texts[side]) if names else ""
        except ToolError as error:
            if side in (SCALAR, LLVM):
                raise
            troubles.append(f"{side} not considered: {error}")
            continue
        left = [name for name in functions_of(finished) if name in names]
        by_kind = [price_of(finished, kind, functions=left, mcpu=mcpu) if left else {} for kind in kinds]
        by_side[side] = {name: [found[name] for found in by_kind] for name in left}
    scalar = by_side[SCALAR]
    prices = {
        function: least_favoured(
            {
                side: found[function] if function in names else scalar[function]
                for side, names in {SCALAR: made.candidates, **made.changed}.items()
                if (found := by_side.get(side)) is not None and (function in found or function not in names)
            }
        )
        for function in scalar
    }
    return prices, "; ".join(troubles)


def least_favoured(prices: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """One price for each side: the first kind's as it is; where there are several, LLVM's by the first kind
    times what the side costs relative to LLVM's by the kind that favours it least."""
    theirs = prices.get(LLVM)
    if theirs is None or len(theirs) == 1:
        return {side: found[0] for side, found in prices.items()}
    return {
        side: theirs[0] * max(map(_relative, found, theirs)) if side != LLVM else theirs[0]
        for side, found in prices.items()
    }


def _relative(price: float, other: float) -> float:
    if not other:
        return 2.0 if price else 1.0
    return price / other


@dataclass(frozen=True, slots=True)
class _Clock:
    """Seconds by part."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = time.perf_counter() - started
