"""What llvm-mca says about machine blocks: how fast a CPU's scheduling model runs each."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from vecgnn import llvm
from vecgnn.errors import InputError, ToolError
from vecgnn.ir.header import top_level
from vecgnn.price.assembly import Assembly, MachineBlock, assemble
from vecgnn.price.restrict import restricted

_OPTIONS = (
    "-json",
    "-skip-unsupported-instructions=any",
    "-resource-pressure=false",
    "-instruction-info=false",
    # The model's 100 cycles would keep all that uses the stack pointer waiting.
    "-call-latency=1",
    "-o=-",
    "-",
)
_ITERATIONS = ((25, 50), (500, 12), (2_000, 5))
"""Iterations for blocks of up to so many instructions: time is the product of both.  Only loops get the
most."""
_FEWEST_ITERATIONS = 3

_NO_MODEL = ("not a recognized processor", "unable to find instruction-level scheduling information")

_GROUP = re.compile(r"^attributes (#\d+) = \{(.*)\}", re.MULTILINE)
_GROUP_USE = re.compile(r" (#\d+)\b")
_ATTRIBUTE = re.compile(r'"(target-cpu|tune-cpu|target-features)"="([^"]*)"')


@dataclass(frozen=True, slots=True)
class BlockFigures:
    """A machine block on a CPU's scheduling model.

    ``frequency`` counts runs for one entry of the function.  Per run: ``rthroughput`` is cycles by the most
    wanted resource, dispatch included; ``cycles`` those of each further run when the block is run over and
    over, so that what is carried around counts; ``latency`` those of one run by itself.  ``unknown`` counts
    instructions that the model could not read or has no figures for; each counts as one uop.
    """

    name: str
    frequency: float
    instructions: int
    uops: float
    rthroughput: float
    cycles: float
    latency: float
    loop: bool
    unknown: int


@dataclass(frozen=True, slots=True)
class Model:
    """The scheduling model of a function: a CPU, and the features its code may use besides."""

    cpu: str
    features: str


def models(module: str, functions: Collection[str], mcpu: str | None = None) -> dict[str, Model]:
    """Which model each function is run on: that of ``mcpu``, else of the CPU it is tuned for, else of the one
    it is compiled for, else of none by name."""
    groups = dict(_GROUP.findall(module))
    found: dict[str, Model] = {}
    for line in module.splitlines():
        if line.startswith("define ") and (name := top_level(line)) in functions:
            text = line + "".join(groups.get(use, "") for use in _GROUP_USE.findall(line))
            said = dict(_ATTRIBUTE.findall(text))
            tuned = said.get("tune-cpu", "generic")
            cpu = mcpu or (tuned if tuned != "generic" else said.get("target-cpu", ""))
            wanted = [feature for feature in said.get("target-features", "").split(",") if feature[:1] == "+"]
            found[name] = Model(cpu, ",".join(wanted))
    return found


def block_figures(assembly: Assembly, models: Mapping[str, Model]) -> dict[str, tuple[BlockFigures, ...]]:
    """Each function's blocks, those without instructions left out, by ``@name``.

    Raises InputError for a CPU that llvm-mca does not know, ToolError where llvm-mca is missing.
    """
    figures: dict[str, tuple[BlockFigures, ...]] = {}
    for model in dict.fromkeys(models.values()):
        names = [name for name in assembly.functions if models[name] == model]
        blocks = [block for name in names for block in assembly.functions[name] if block.lines]
        measured = iter(_measured(assembly, model, blocks))
        for name in names:
            figures[name] = tuple(next(measured) for block in assembly.functions[name] if block.lines)
    return {name: figures[name] for name in assembly.functions}


def blocks(
    module: str, functions: Collection[str], mcpu: str | None = None
) -> dict[str, tuple[BlockFigures, ...]]:
    """Each function's machine blocks with their figures, by ``@name``; as ``assemble`` and ``block_figures``
    raise."""
    text = restricted(module, functions)
    return block_figures(assemble(text, functions), models(text, functions, mcpu))


def _measured(assembly: Assembly, model: Model, blocks: Sequence[MachineBlock]) -> list[BlockFigures]:
    once = _run(assembly, model, dict(enumerate(blocks)), 1)
    often: dict[int, _Summary] = {}
    sizes = [_iterations(len(block.lines), block.loop) for block in blocks]
    for iterations in sorted(set(sizes)):
        chosen = {index: blocks[index] for index, size in enumerate(sizes) if size == iterations}
        often.update(_run(assembly, model, chosen, iterations))
    return [_figures(block, once.get(index), often.get(index)) for index, block in enumerate(blocks)]


def _iterations(length: int, loop: bool) -> int:
    steps = _ITERATIONS if loop else _ITERATIONS[1:]
    return next((count for limit, count in steps if length <= limit), _FEWEST_ITERATIONS)


@dataclass(frozen=True, slots=True)
class _Summary:
    """What llvm-mca says of a region: of all iterations together, but for the throughput."""

    read: int
    iterations: int
    cycles: int
    uops: int
    width: int
    rthroughput: float


def _figures(block: MachineBlock, once: _Summary | None, often: _Summary | None) -> BlockFigures:
    written = len(block.instructions())
    if once is None or often is None:  # the model could read nothing of it
        return BlockFigures(
            block.name, block.frequency, written, written, written, written, written, block.loop, written
        )
    unknown = max(0, written - once.read)
    extra = unknown / once.width
    cycles = (often.cycles - once.cycles) / (often.iterations - 1)
    return BlockFigures(
        block.name,
        block.frequency,
        written,
        once.uops + unknown,
        max(once.rthroughput, once.uops / once.width) + extra,
        cycles + extra,
        once.cycles + extra,
        block.loop,
        unknown,
    )


def _run(
    assembly: Assembly, model: Model, regions: Mapping[int, MachineBlock], iterations: int
) -> dict[int, _Summary]:
    """llvm-mca's summary of each region, by its number; none for a region of which it could read nothing."""
    if not regions:
        return {}
    options = [f"-iterations={iterations}"]
    if assembly.triple:
        options.append(f"-mtriple={assembly.triple}")
    # Without a CPU llvm-mca would take the machine it runs on.
    options.append(f"-mcpu={model.cpu or 'generic'}")
    if model.features:
        options.append(f"-mattr={model.features}")
    # A region that can be read, since llvm-mca refuses a file without any.
    text = _region(assembly.comment, -1, ["nop"])
    text += "".join(_region(assembly.comment, index, block.lines) for index, block in regions.items())
    try:
        printed = llvm.run_tool("llvm-mca", [*options, *_OPTIONS], text)
    except ToolError as error:
        if any(words in str(error) for words in _NO_MODEL):
            cpu = model.cpu or "generic"
            raise InputError(f"{cpu}: llvm-mca has no model of this CPU; name another with mcpu") from None
        raise
    summaries: dict[int, _Summary] = {}
    for region in json.loads(printed, strict=False)["CodeRegions"]:
        view = region["SummaryView"]
        summaries[int(region["Name"])] = _Summary(
            len(region["Instructions"]),
            view["Iterations"],
            view["TotalCycles"],
            round(view["TotaluOps"] / view["Iterations"]),
            view["DispatchWidth"],
            view["BlockRThroughput"],
        )
    return summaries


def _region(comment: str, index: int, lines: Iterable[str]) -> str:
    body = "".join(f"\t{line}\n" for line in lines)
    return f"{comment} LLVM-MCA-BEGIN {index}\n{body}{comment} LLVM-MCA-END\n"
