"""What stands around a kernel: the function's head, loops over points, guards, calls between statements."""

from __future__ import annotations

import re

from vecgnn.corpus.generate.draft import I32, Draft, Parameter

_PRAGMAS = (
    ("#pragma clang fp reassociate(on) contract(fast)", 12),
    ("#pragma clang fp contract(off)", 8),
    ("", 80),
)


def finished(draft: Draft) -> str:
    """The function as C text, with what it needs ahead of it."""
    if draft.result == "void":
        _interrupt(draft)
        _surround(draft)
    _guard(draft)
    if draft.result != "void":
        nothing = f"({draft.result}){{0}}" if " " in draft.result else "0"
        draft.lines = [line.replace("return;", f"return {nothing};") for line in draft.lines]
    pragma = draft.rng.choices([p for p, _ in _PRAGMAS], [weight for _, weight in _PRAGMAS])[0]
    head = "".join(f"{line}\n" for line in draft.head)
    parameters = ", ".join(f"{p.type}{p.name}{p.bounds}" for p in draft.parameters) or "void"
    body = "".join(f"{line}\n" for line in ([pragma] if pragma else []) + draft.lines)
    return f"{head}{draft.result} {draft.name}({parameters})\n{{\n{body}}}\n"


def _places(draft: Draft) -> list[int]:
    """The lines that a statement may be put before: those that begin a statement of the body itself."""
    return [
        index
        for index, line in enumerate(draft.lines)
        if line[:4] == "    " and line[4] not in " }" and not (index and "#pragma" in draft.lines[index - 1])
    ]


def _interrupt(draft: Draft) -> None:
    """A call of something unknown, or a return, in the midst."""
    choice = draft.rng.random()
    places = _places(draft)
    if choice > 0.13 or len(places) < 3:
        return
    at = draft.rng.choice(places[1:])
    if choice < 0.07:
        draft.head.append(f"extern void {draft.name}_call(void);")
        text = f"{draft.name}_call();"
        if draft.chance(0.4):
            text = f"if ({draft.scalar(I32)}) {text}"
    else:
        text = f"if ({draft.scalar(I32)} {draft.rng.choice(('<', '==', '>'))} {at}) return;"
    draft.lines.insert(at, f"    {text}")


def _guard(draft: Draft) -> None:
    choice = draft.rng.random()
    pointers = [p.name for p in draft.parameters if p.target]
    if choice < 0.05 and pointers:
        draft.lines.insert(0, f"    if (!{draft.rng.choice(pointers)}) return;")
    elif choice < 0.1:
        draft.lines.insert(0, f"    if ({draft.scalar(I32)} <= 0) return;")


def _surround(draft: Draft) -> None:
    """A loop over points: of a few turns, which clang writes out, or of many; or a condition; or nothing."""
    rng = draft.rng
    size = sum(len(line) for line in draft.lines)  # of the text: about 15 characters an instruction
    style = rng.choices(("nothing", "unrolled", "loop", "condition"), (44, 31, 20, 5))[0]
    if style == "nothing" or (style == "unrolled" and size > 6000):
        return
    if style == "condition":
        inner = [f"    {line}" for line in draft.lines]
        draft.lines = [f"    if ({draft.scalar(I32)} > {rng.randrange(9)}) {{", *inner, "    }"]
        return
    turns = rng.choice((2, 2, 3, 4, 4, 8) if size < 1500 else (2, 2, 3, 4))
    index = draft.fresh("n")
    moved = _moved(draft, index)
    opening = f"    for (long {index} = 0; {index} < {turns}; {index}++) {{"
    pragmas = ["#pragma clang loop unroll(full)"] if draft.chance(0.4) else []
    if style == "loop":
        count = draft.scalar(rng.choice(("long", "long", "int", "unsigned")))
        opening = f"    for (long {index} = 0; {index} < (long){count}; {index}++) {{"
        pragmas = ["#pragma clang loop vectorize(disable) interleave(disable)"]
    draft.lines = [*pragmas, opening, *moved, *(f"    {line}" for line in draft.lines), "    }"]


def _moved(draft: Draft, index: str) -> list[str]:
    """Lines that move the pointers on from turn to turn; the parameters are renamed for it."""
    rng = draft.rng
    body = "\n".join(draft.lines)
    stride = rng.choice((1, 2, 3, 4, 4, 8, 8, 16))
    lines: list[str] = []
    parameters: list[Parameter] = []
    for parameter in draft.parameters:
        used = [int(place) for place in re.findall(rf"\b{parameter.name}\[(\d+)\]", body)]
        step = stride if draft.chance(0.8) else rng.choice((1, 2, 4, 5, 16))
        if used and draft.chance(0.65):  # mostly the next turn goes on where this one ends
            step = max(used) + 1
        if not parameter.target or draft.chance(0.12):
            parameters.append(parameter)
            continue
        if " " in parameter.target:  # a structure: the next one
            step = 1
        const = "const " if parameter.const else ""
        name = f"{parameter.name}_"
        lines.append(f"        {const}{parameter.target} *{parameter.name} = {name} + {step} * {index};")
        parameters.append(Parameter(parameter.type, name, target=parameter.target))
    draft.parameters = parameters
    return lines
