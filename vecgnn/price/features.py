"""What the time of a function may hang on, counted in its machine code for one entry of it."""

from __future__ import annotations

import platform
import re
from collections.abc import Collection, Sequence

from vecgnn.price import classes
from vecgnn.price.assembly import MachineBlock, assemble
from vecgnn.price.forwarding import Run, waiting_loads
from vecgnn.price.mca import BlockFigures, block_figures, models
from vecgnn.price.merged import merged_loads
from vecgnn.price.restrict import restricted

WIDTHS = (8, 16, 32, 64)
FIGURES = ("entries", "uops", "throughput", "carried", "latency")
MEMORY = (*(f"load_{width}" for width in WIDTHS), *(f"store_{width}" for width in WIDTHS))
WAITS = ("waiting_loads", "waiting_again", "merged_loads")
NAMES = (*FIGURES, *classes.NAMES, *MEMORY, *WAITS)
"""All features.  ``entries`` is 1; ``uops`` and the cycles are llvm-mca's: ``throughput`` by the most wanted
resource, ``carried`` what loops take beyond it for what is carried around, ``latency`` what the other blocks
take beyond it when they run by themselves.  Then instructions by class, and loads and stores of up to so many
bytes; loads that wait for stores, as ``forwarding`` tells them, and those that may (``merged``)."""

_X86 = re.compile(r"x86_64|amd64|i[3-6]86", re.IGNORECASE)


def module_features(
    module: str, functions: Collection[str], mcpu: str | None = None
) -> dict[str, dict[str, float]]:
    """Each function's features, by ``@name``, each weighed by the frequency of its block.

    Classes and memory are read from x86 code alone; elsewhere those features are 0.  Raises InputError and
    ToolError as ``assemble`` and ``block_figures`` do.
    """
    text = restricted(module, functions)
    assembly = assemble(text, functions)
    figures = block_figures(assembly, models(text, functions, mcpu))
    x86 = bool(_X86.match(assembly.triple or platform.machine()))
    merged = merged_loads(text)
    found: dict[str, dict[str, float]] = {}
    for name, blocks in assembly.functions.items():
        features = found[name] = dict.fromkeys(NAMES, 0.0)
        _add_figures(features, figures[name])
        features["merged_loads"] = float(merged.get(name, 0))
        if x86:
            _add_instructions(features, blocks)
    return found


def _add_figures(features: dict[str, float], blocks: Sequence[BlockFigures]) -> None:
    features["entries"] = 1.0 if blocks else 0.0
    for block in blocks:
        features["uops"] += block.frequency * block.uops
        features["throughput"] += block.frequency * block.rthroughput
        if block.loop:
            features["carried"] += block.frequency * max(0.0, block.cycles - block.rthroughput)
        else:
            features["latency"] += block.frequency * max(0.0, block.latency - block.rthroughput)


def _add_instructions(features: dict[str, float], blocks: Sequence[MachineBlock]) -> None:
    runs: list[Run] = []
    for block in blocks:
        lines = block.instructions()
        instructions = [classes.read(line) for line in lines]
        for instruction in instructions:
            features[instruction.kind] += block.frequency
            if access := instruction.access:
                width = next((width for width in WIDTHS if access.bytes <= width), WIDTHS[-1])
                features[f"load_{width}"] += block.frequency * access.load
                features[f"store_{width}"] += block.frequency * access.store
        falls_through = not lines or not lines[-1].startswith(("jmp", "ret", "ud2"))
        runs.append(Run(instructions, block.frequency, block.loop, falls_through))
    once, again = waiting_loads(runs)
    features["waiting_loads"] = once
    features["waiting_again"] = max(0.0, again - once)
