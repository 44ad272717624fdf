"""Packers and LLVM's own SLP vectorizer side by side on the same IR, by the costs that LLVM prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vecgnn import llvm
from vecgnn.errors import InputError
from vecgnn.vectorize import vectorize_text

LLVM = "llvm"
"""The name that stands for LLVM's SLP vectorizer among the packers."""


@dataclass(frozen=True, slots=True)
class FunctionCosts:
    """Printed throughput cost of one function: as it came, and by packer directly after packing.

    ``estimated`` is our own price of the packed function, ``before`` of the scalar one, by packer, where that
    packer changed it.
    """

    name: str
    scalar: int
    by_packer: Mapping[str, int]
    before: Mapping[str, int]
    estimated: Mapping[str, int]

    @property
    def changed(self) -> bool:
        return any(cost != self.scalar for cost in self.by_packer.values()) or bool(self.estimated)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One module: its functions' costs, the emitted modules by packer, and the seconds each packer took."""

    name: str
    functions: tuple[FunctionCosts, ...]
    texts: Mapping[str, str]
    seconds: Mapping[str, float]
    bugs: tuple[str, ...]

    def total(self, packer: str) -> int:
        """Summed printed cost; "scalar" for the module as it came."""
        return sum(f.scalar if packer == "scalar" else f.by_packer[packer] for f in self.functions)


def before_slp_of(path: Path, flags: Sequence[str]) -> str:
    """The IR that reaches the SLP vectorizer: a C or C++ file through clang -O3 up to there, IR as it is.

    Raises ToolError where clang or opt is missing or refuses the file, InputError for an unreadable one.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.suffix in (".ll", ".bc"):
        return llvm.run_passes(path.read_bytes(), "verify")
    clang = "clang++" if path.suffix in (".cc", ".cpp", ".cxx", ".C") else "clang"
    options = ["-O3", *flags, "-Xclang", "-disable-llvm-passes", "-S", "-emit-llvm", "-o", "-"]
    return llvm.before_slp(llvm.run_tool(clang, [*options, str(path)]))


def compare(name: str, ir: str, packers: Sequence[str], mcpu: str | None = None) -> Comparison:
    """Run every packer named (and LLVM's SLP for "llvm") over the same module, and cost what comes out."""
    scalar = llvm.total_costs(ir)
    costs: dict[str, dict[str, int]] = {}
    texts: dict[str, str] = {}
    seconds: dict[str, float] = {}
    before: dict[str, dict[str, int]] = {}
    estimated: dict[str, dict[str, int]] = {}
    bugs: list[str] = []
    for packer in packers:
        if packer == LLVM:
            texts[packer] = llvm.slp(ir)
        else:
            result = vectorize_text(ir, name=name, packer=packer, mcpu=mcpu)
            texts[packer] = result.text
            seconds[packer] = sum(result.seconds.values())
            before[packer] = {report.name: report.cost_before for report in result.changed}
            estimated[packer] = {report.name: report.cost_after for report in result.changed}
            bugs += [f"{name}: {report.name}: {report.reason}" for report in result.functions if report.bug]
        costs[packer] = llvm.total_costs(texts[packer])
    functions = tuple(
        FunctionCosts(
            function,
            cost,
            {packer: costs[packer][function] for packer in packers},
            {packer: known[function] for packer, known in before.items() if function in known},
            {packer: known[function] for packer, known in estimated.items() if function in known},
        )
        for function, cost in scalar.items()
    )
    return Comparison(name, functions, texts, seconds, tuple(bugs))
