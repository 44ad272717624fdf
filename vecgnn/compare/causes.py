"""Why LLVM's function came out cheaper than the best of ours, so that the next step is known.

    not tried     our packer left the function alone; the note says why
    vocabulary    much of what LLVM wrote is of a form that we have no pack for (``vecgnn.compare.forms``)
    price         our estimate of the change is not what LLVM prints for it
    solver        the integer program did not prove its answer the best
    candidates    none of these: the packs that LLVM chose were not among ours, or a greedy packer, if that
                  alone was asked, passed them by; the note says where LLVM's vectors end

The first that holds is the cause: a form that is missing makes every later question moot.  Only where scalars
alone read LLVM's vectors and ours found nothing does the missing seed come before the form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vecgnn.compare.bodies import Body, Change
from vecgnn.compare.dominance import shortened
from vecgnn.compare.forms import FOREIGN, MINOR, ROOTS, weight
from vecgnn.compare.records import BEST, LLVM, SCALAR, VOCABULARY, Cause, FunctionCosts, Outcome
from vecgnn.ir.dependence import build
from vecgnn.ir.nodes import Module
from vecgnn.ir.reader import read_module
from vecgnn.slp import target
from vecgnn.slp.cost import Pricer

SEARCHES = "ilp"
"""The packer that proves what it answers."""
SEEDED = frozenset({"store", "reduction"})
"""Ends of vector code at which our candidates begin."""


def attribute(
    functions: Sequence[FunctionCosts], texts: Mapping[str, str], mcpu: str | None = None
) -> dict[str, Cause]:
    """The cause of each of LLVM's wins directly after packing, by function; nothing without LLVM or without a
    packer of ours.  ``texts`` are the modules by packer, "scalar" for the one that came in."""
    wins = [(function, best) for function in functions if (best := _beaten(function))]
    modules = {
        side: read_module(texts[side], side) for side in {SCALAR, LLVM, *(best for _, best in wins)} if wins
    }
    return {function.name: _cause(function, best, modules, mcpu) for function, best in wins}


def _beaten(function: FunctionCosts) -> str:
    """Our best packer where LLVM's SLP came out cheaper than that; "" elsewhere.  Of equal ones that which
    proves its answer, since it can say more."""
    ours = [packer for packer in function.outcomes if packer not in (LLVM, "none", BEST)]
    if LLVM not in function.outcomes or not ours:
        return ""
    best = min(ours, key=lambda packer: (_cost(function, packer), packer != SEARCHES))
    return best if _cost(function, LLVM) < _cost(function, best) else ""


def _cost(function: FunctionCosts, packer: str) -> int:
    """Without run-time checks: who packs those has won nothing."""
    return function.outcomes[packer].packed - function.check_cost(packer)


def _cause(function: FunctionCosts, best: str, modules: Mapping[str, Module], mcpu: str | None) -> Cause:
    outcome = function.outcomes[best]
    difference = _cost(function, best) - _cost(function, LLVM)

    def cause(kind: str, note: str = "", forms: Mapping[str, str] | None = None) -> Cause:
        return Cause(kind, forms or {}, note, best, difference)

    scalar, llvm, ours = (_body(modules[side], function.name) for side in (SCALAR, LLVM, best))
    if scalar is None or ours is None:
        return cause("not tried", outcome.reason or "not understood")
    if outcome.reason and not outcome.changed:
        return cause("not tried", outcome.reason)
    if llvm is None:
        return cause(VOCABULARY, forms={"what our reader does not know": "LLVM's function is not understood"})
    forms, leading = missing_forms(scalar, llvm, ours)
    ends = Change(scalar, llvm).ends
    where = "LLVM's vectors end in " + ", ".join(f"{count} {end}" for end, count in ends.most_common())
    # Our packers begin at memory and at reductions: a tree that scalars alone read has no seed.
    unseeded = not outcome.changed and not SEEDED & ends.keys() and not ROOTS & forms.keys()
    if leading and unseeded:
        return cause("candidates", f"no seed; {where}", forms)
    if leading:
        return cause(VOCABULARY, forms=forms)
    if note := _mispriced(function, outcome, scalar, mcpu):
        return cause("price", note, forms)
    searched = function.outcomes.get(SEARCHES)
    if searched is None:
        return cause("candidates", f"or the choice, as {best} alone was asked; {where}", forms)
    if searched.status != "optimal":
        return cause("solver", f"its answer is {searched.status or 'without a status'}; {where}", forms)
    return cause("candidates", where, forms)


def missing_forms(scalar: Body, llvm: Body, ours: Body) -> tuple[dict[str, str], bool]:
    """The foreign forms that LLVM's function has and ours has not, each with an instruction that shows it,
    and whether the first of them is enough of the vector code to decide."""
    theirs, own = Change(scalar, llvm), Change(scalar, ours)
    found = {
        form: shown
        for form, detect in FOREIGN.items()
        if (shown := list(detect(theirs))) and not any(True for _ in detect(own))
    }
    leading = {form for form, shown in found.items() if weight(theirs, form, shown) >= MINOR}
    ordered = sorted(found, key=lambda form: form not in leading)
    return {form: shortened(found[form][0].text, 110) for form in ordered}, bool(leading)


def _body(module: Module, name: str) -> Body | None:
    function = next((each for each in module.functions if each.name == name), None)
    return None if function is None or function.reason else Body(module, function)


def _mispriced(function: FunctionCosts, outcome: Outcome, scalar: Body, mcpu: str | None) -> str:
    """How our price and LLVM's differ: over the change where there is one, else for the scalar function."""
    if outcome.estimated is not None and outcome.estimated_before is not None:
        ours, printed = outcome.estimated - outcome.estimated_before, outcome.packed - function.scalar
        return f"estimated change {ours:+d}, printed {printed:+d}" if ours != printed else ""
    prices = (
        target.load(mcpu)
        if mcpu
        else target.for_attributes(scalar.function.attributes, scalar.module.triple)[0]
    )
    estimated = Pricer(build(scalar.module, scalar.function), prices).scalar
    if estimated != function.scalar:
        return f"estimated scalar cost {estimated}, printed {function.scalar}"
    return ""
