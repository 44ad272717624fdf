"""Isomorphic expressions over lanes: trees drawn once, and written out lane by lane."""

from __future__ import annotations

from collections.abc import Sequence

from vecgnn.corpus.generate.draft import Draft, Kind, Lane

_REAL = (
    "+",
    "-",
    "*",
    "/",
    "min",
    "max",
    "abs",
    "sqrt",
    "select",
    "fma",
    "negate",
    "alternate",
    "floor",
    "call",
)
_REAL_WEIGHTS = (26, 18, 34, 2, 2, 2, 2, 2, 3, 2, 2, 3, 1, 1)
_WHOLE = (
    "+", "-", "*", "&", "|", "^", "<<", ">>", "min", "max", "abs", "select", "negate", "alternate", "rotate",
    "saturate", "average", "not",
)  # fmt: skip
_WHOLE_WEIGHTS = (26, 16, 14, 7, 6, 9, 6, 9, 4, 4, 2, 5, 2, 3, 3, 2, 3, 2)


def splat(text: str) -> Lane:
    return lambda lane: text


def elements(name: str, places: Sequence[int]) -> Lane:
    """Elements of an array (or pointer) at fixed places, by lane."""
    return lambda lane: f"{name}[{places[lane]}]"


def places(draft: Draft, lanes: int) -> list[int]:
    """Where the lanes of a group of loads or stores lie: mostly side by side and in order."""
    rng = draft.rng
    first = rng.choice((0, 0, 0, 0, 1, 2, 4, rng.randrange(12)))
    style = rng.choices(
        ("in order", "reversed", "stride", "permuted", "pairs", "scattered", "rotated"),
        (62, 6, 12, 6, 5, 4, 5),
    )[0]
    order = list(range(lanes))
    if style == "reversed":
        order.reverse()
    elif style == "stride":
        stride = rng.choice((2, 2, 3, 4, 5, 8, lanes))
        order = [lane * stride for lane in order]
    elif style == "permuted":
        rng.shuffle(order)
    elif style == "pairs":
        order = [lane ^ 1 for lane in order]
    elif style == "scattered":
        order = rng.sample(range(4 * lanes), lanes)
    elif style == "rotated":
        order = order[1:] + order[:1]
    return [first + place for place in order]


def constants(draft: Draft, kind: Kind, lanes: int) -> Lane:
    """A constant of all lanes, or one for each."""
    if draft.chance(0.55):
        return splat(draft.constant(kind))
    texts = [draft.constant(kind) for _ in range(lanes)]
    return lambda lane: texts[lane]


def tree(draft: Draft, kind: Kind, leaves: Sequence[Lane], lanes: int, depth: int) -> Lane:
    """A random expression of that depth whose leaves are among those given, or constants."""
    if depth <= 0:
        return draft.rng.choice(leaves) if leaves and draft.chance(0.88) else constants(draft, kind, lanes)
    names, weights = (_REAL, _REAL_WEIGHTS) if kind.real else (_WHOLE, _WHOLE_WEIGHTS)
    operation = draft.rng.choices(names, weights)[0]
    shallow = 0 if draft.chance(0.35) else depth - 1
    left = tree(draft, kind, leaves, lanes, depth - 1)
    right = tree(draft, kind, leaves, lanes, shallow)
    if left(0) == right(0) and not draft.chance(0.2):  # x - x and the like are rare
        right = constants(draft, kind, lanes)
    made = apply(draft, kind, operation, left, right, lanes)
    if draft.chance(0.03):  # one lane does something else
        odd, other = (
            draft.rng.randrange(lanes),
            apply(draft, kind, draft.rng.choice("+-*"), left, right, lanes),
        )
        return lambda lane: other(lane) if lane == odd else made(lane)
    return made


def apply(draft: Draft, kind: Kind, operation: str, left: Lane, right: Lane, lanes: int) -> Lane:
    """One operation on each lane; the result has the type of its operands again."""
    rng = draft.rng
    cast = f"({kind.name})" if not kind.real and kind.bits < 32 else ""
    unsigned = f"u{kind.bits}"
    if operation in ("<<", ">>"):
        counts = [rng.randrange(1, kind.bits)] * lanes
        if draft.chance(0.15):
            counts = [rng.randrange(1, kind.bits) for _ in range(lanes)]
        before = f"({unsigned})" if operation == "<<" else ""
        return lambda lane: f"({kind.name})({before}{left(lane)} {operation} {counts[lane]})"
    if operation == "rotate":
        count = rng.randrange(1, kind.bits)
        back = kind.bits - count
        return lambda lane: (
            f"({kind.name})((({unsigned}){left(lane)} << {count}) | (({unsigned}){left(lane)} >> {back}))"
        )
    if operation == "alternate":
        signs = rng.choice((("+", "-"), ("-", "+"), ("+", "+", "-", "-"), ("+", "*")))
        return lambda lane: f"{cast}({left(lane)} {signs[lane % len(signs)]} {right(lane)})"
    if operation in ("min", "max"):
        if draft.chance(0.5):
            return lambda lane: (
                f"__builtin_elementwise_{operation}(({kind.name}){left(lane)}, ({kind.name}){right(lane)})"
            )
        sign = "<" if operation == "min" else ">"
        return lambda lane: f"({left(lane)} {sign} {right(lane)} ? {left(lane)} : {right(lane)})"
    if operation == "saturate":
        way = rng.choice(("add_sat", "sub_sat"))
        return lambda lane: (
            f"__builtin_elementwise_{way}(({kind.name}){left(lane)}, ({kind.name}){right(lane)})"
        )
    if operation == "average":
        if kind.bits == 64:
            return lambda lane: f"(({left(lane)} + {right(lane)} + 1) >> 1)"
        wide = ("i" if kind.signed else "u") + ("64" if kind.bits == 32 else "32")
        return lambda lane: f"({kind.name})((({wide}){left(lane)} + {right(lane)} + 1) >> 1)"
    if operation == "select":
        sign = rng.choice(("<", ">", "<=", "==", "!="))
        other = constants(draft, kind, lanes)
        if draft.chance(0.5):
            return lambda lane: f"({left(lane)} {sign} {right(lane)} ? {left(lane)} : {other(lane)})"
        return lambda lane: f"({left(lane)} {sign} {other(lane)} ? {right(lane)} : {left(lane)})"
    if operation in ("abs", "sqrt", "floor"):
        if operation == "abs" and not kind.signed:
            return lambda lane: f"{cast}({left(lane)} ^ {right(lane)})"
        return lambda lane: f"__builtin_elementwise_{operation}(({kind.name})({left(lane)}))"
    if operation == "call":
        names = ("sqrt", "fabs", "fmin", "fmax", "copysign", "floor", "rint", "exp", "sin", "log")
        name = rng.choices(names, (4, 3, 3, 3, 2, 2, 2, 1, 1, 1))[0] + ("f" if kind.bits == 32 else "")
        if name.rstrip("f") in ("fmin", "fmax", "copysign"):
            return lambda lane: f"__builtin_{name}({left(lane)}, {right(lane)})"
        return lambda lane: f"__builtin_{name}({left(lane)})"
    if operation == "fma":
        third = constants(draft, kind, lanes)
        return lambda lane: f"__builtin_elementwise_fma({left(lane)}, {right(lane)}, {third(lane)})"
    if operation == "negate":
        return lambda lane: f"{cast}(- {left(lane)})"
    if operation == "not":
        return lambda lane: f"{cast}(~{left(lane)})"
    return lambda lane: f"{cast}({left(lane)} {operation} {right(lane)})"
