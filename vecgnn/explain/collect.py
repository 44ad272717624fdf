"""From a module's text to everything that the page says about one of its functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vecgnn import llvm
from vecgnn.codegen.emit import assemble, emit, numbered, unnameable
from vecgnn.codegen.metadata import MetadataWriter
from vecgnn.errors import InputError, ToolError
from vecgnn.explain.facts import Choice, in_order, take_apart
from vecgnn.explain.listing import Line, after, before, vectorized_elsewhere
from vecgnn.explain.offers import Offers, offers
from vecgnn.ir.nodes import Function, Module
from vecgnn.ir.reader import canonical_text, read_canonical
from vecgnn.packers import PACKERS, load_packer, require_packer, why_missing
from vecgnn.slp import legality, target
from vecgnn.slp.cost import Pricer
from vecgnn.slp.pack import DEFAULT_EFFORT, Effort, PackingProblem, Solution
from vecgnn.slp.problem import prices_of, problem_of
from vecgnn.vectorize import FunctionReport, vectorize_text

LLVM = "llvm"
"""Stands among the packers for LLVM's own SLP vectorizer."""

NAMES = {
    "greedy": ("Greedy", "the greedy packer"),
    "ilp": ("Integer program", "the integer program"),
    "policy": ("Learned policy", "the learned policy"),
    LLVM: ("LLVM’s SLP", "LLVM’s SLP vectorizer"),
}
"""What packers are called on a tab, and in a sentence."""


def phrase_of(packer: str) -> str:
    return NAMES.get(packer, ("", f"the packer {packer}"))[1]


_NAMED_IN_ERRORS = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """What one packer made of the function.  ``failure`` says in one line why there is nothing to show;
    ``remark`` why a choice has no text.  LLVM's vectorizer gives text alone."""

    packer: str
    solution: Solution | None = None
    choice: Choice | None = None
    before: tuple[Line, ...] = ()
    after: tuple[Line, ...] = ()
    printed: int | None = None  # what LLVM's cost model prints for the function that came out
    failure: str = ""
    remark: str = ""

    @property
    def title(self) -> str:
        return NAMES.get(self.packer, (self.packer, ""))[0]

    @property
    def phrase(self) -> str:
        return phrase_of(self.packer)


@dataclass(frozen=True, slots=True)
class Study:
    """A function under several packers.  ``reason`` says why nothing can be done with it at all."""

    file: str
    function: Function
    answers: tuple[Answer, ...] = ()
    problem: PackingProblem | None = None
    offers: Offers | None = None
    note: str = ""
    reason: str = ""
    printed: int | None = None  # LLVM's printed cost of the scalar function
    missing: Mapping[str, str] = field(default_factory=dict)  # packers left out, and why

    @property
    def name(self) -> str:
        return self.function.name.removeprefix("@").strip('"')

    @property
    def choices(self) -> dict[str, Choice]:
        return {answer.packer: answer.choice for answer in self.answers if answer.choice}


def study(
    source: bytes | str,
    name: str,
    *,
    function: str | None = None,
    packers: Sequence[str] | None = None,
    mcpu: str | None = None,
    effort: Effort = DEFAULT_EFFORT,
) -> Study:
    """Everything about one function of a module.

    Without ``function`` the module must have just one with candidates.  ``packers`` are names of
    ``vecgnn.packers.PACKERS`` and "llvm"; without any, all that are at hand.  Raises InputError for a
    module that LLVM refuses, for an unknown function or packer, and for one named that cannot be had.
    """
    names, missing = _packers(packers, effort.weights)
    canonical = canonical_text(source.encode() if isinstance(source, str) else source, name)
    module = read_canonical(canonical, name)
    chosen = _chosen(module, function, mcpu)
    report = _report(canonical, name, chosen, mcpu)
    if chosen.reason or not report.target:
        reason = chosen.reason and f"not understood: {chosen.reason}"
        return Study(name, chosen, missing=missing, reason=reason or report.reason or "it is left alone")
    prices = target.load(mcpu or report.target)
    problem = problem_of(module, chosen, prices)
    answers: list[Answer] = []
    for packer in names:
        if packer == LLVM:
            answers.append(_by_llvm(canonical, chosen))
        else:
            answers.append(_answer(module, problem, packer, effort))
    if LLVM in names and (reason := answers[names.index(LLVM)].failure) and packers is None:
        missing = {**missing, LLVM: reason}
        answers = [answer for answer in answers if answer.packer != LLVM]
    choices = {answer.packer: answer.choice for answer in answers if answer.choice}
    return Study(
        file=name,
        function=chosen,
        answers=tuple(answers),
        problem=problem,
        offers=offers(problem, choices),
        note=report.reason if not report.bug else "",
        printed=_printed(canonical, chosen.name),
        missing=missing,
    )


def cheapest(found: Study) -> str:
    """The packer of ours whose packing costs least; "greedy" where none answered."""
    return min(found.choices, key=lambda packer: found.choices[packer].total, default="greedy")


def _packers(wanted: Sequence[str] | None, weights: str | None) -> tuple[list[str], dict[str, str]]:
    """Names of packers to run, and those that cannot be had with the reason.  "none" has nothing to show."""
    if wanted is not None:
        for packer in wanted:
            if packer != LLVM:
                require_packer(packer, weights)
        return list(dict.fromkeys(packer for packer in wanted if packer != "none")), {}
    names: list[str] = []
    missing: dict[str, str] = {}
    for packer in PACKERS:
        if reason := why_missing(packer, weights):
            missing[packer] = reason
        elif packer != "none":
            names.append(packer)
    return [*names, LLVM], missing


def _chosen(module: Module, name: str | None, mcpu: str | None) -> Function:
    by_name = {function.name: function for function in module.functions}
    if name is not None:
        found = by_name.get(f"@{name}") or by_name.get(name) or by_name.get(f'@"{name}"')
        if found is None:
            raise InputError(f"{module.name}: no function {name!r} is defined in it; {_list(by_name)}")
        return found
    likely = [function for function in module.functions if _has_candidates(module, function, mcpu)]
    if len(likely) == 1:
        return likely[0]
    if not likely:
        raise InputError(f"{module.name}: no function in it has anything to pack; {_list(by_name)}")
    raise InputError(
        f"{module.name}: name one with --function: {_list(function.name for function in likely)}"
    )


def _list(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - _NAMED_IN_ERRORS} more" if len(found) > _NAMED_IN_ERRORS else ""
    return (", ".join(found[:_NAMED_IN_ERRORS]) or "it defines none") + more


def _has_candidates(module: Module, function: Function, mcpu: str | None) -> bool:
    """Whether there is any seed: neighbouring accesses, or a reduction."""
    if function.reason:
        return False
    prices, _ = prices_of(module, function, target.load(mcpu) if mcpu else None)
    candidates = problem_of(module, function, prices).candidates
    return any(
        candidates.chains(block) or next(candidates.reductions(block), None) is not None
        for block in candidates.blocks()
    )


def _report(canonical: str, name: str, function: Function, mcpu: str | None) -> FunctionReport:
    """What ``vectorize`` says about the function: the table that counts, or why it is left alone."""
    result = vectorize_text(canonical, name=name, packer="greedy", mcpu=mcpu, functions=[function.name])
    return next(report for report in result.functions if report.name == function.name)


def _answer(module: Module, problem: PackingProblem, packer: str, effort: Effort) -> Answer:
    """What a packer of ours chooses, checked, taken apart and written out."""
    graph, function = problem.graph, problem.graph.function
    choose = load_packer(packer)
    assert choose is not None
    try:
        solution = choose(problem, effort)
        if reason := legality.check(graph, solution.packing):
            return Answer(packer, failure=f"its answer is not legal, please report: {reason}")
        packs = in_order(graph, solution.packing.packs)
        pricer = Pricer(graph, problem.target)
        pricer.update(add=packs)
        if pricer.unpriced:
            return Answer(packer, failure="its answer has no price, please report")
        choice = take_apart(graph, problem.target, packs)
        scalar = tuple(before(function, choice))
        if function.name in unnameable(module) and numbered(function):
            remark = f"The vector code cannot be written: {unnameable(module)[function.name]}."
            return Answer(packer, solution, choice, scalar, remark=remark)
        metadata = MetadataWriter(module.metadata)
        emitted = emit(pricer, metadata)
        text = assemble(module, {module.functions.index(function): emitted}, metadata)
        lines = tuple(after(function, choice, emitted.text, numbered(function)))
        return Answer(packer, solution, choice, scalar, lines, _printed(text, function.name))
    except Exception as error:  # a packer's fault is a line on the page, not the end of it
        return Answer(packer, failure=f"{type(error).__name__}: {error}")


def _by_llvm(canonical: str, function: Function) -> Answer:
    """What LLVM's own vectorizer writes; its packs are not recovered from it."""
    try:
        text = llvm.slp(canonical)
        module = read_canonical(
            canonical_text(text.encode("utf-8", "surrogateescape"), "LLVM's output"), LLVM
        )
        written = next(found.text for found in module.functions if found.name == function.name)
    except ToolError as error:
        return Answer(LLVM, failure=str(error))
    lines = tuple(vectorized_elsewhere(written))
    return Answer(LLVM, None, None, tuple(before(function, None)), lines, _printed(text, function.name))


def _printed(text: str, name: str) -> int | None:
    """LLVM's printed cost of a function, where opt is there to print it."""
    try:
        return llvm.total_costs(text).get(name)
    except ToolError:
        return None
