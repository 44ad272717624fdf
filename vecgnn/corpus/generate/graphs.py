"""Random expression graphs: levels of lanes over arrays, with lanes permuted between the levels."""

from __future__ import annotations

from vecgnn.corpus.generate.draft import I32, Draft, Kind, Lane
from vecgnn.corpus.generate.expressions import constants, elements, places, splat, tree


def _leaf(draft: Draft, kind: Kind, lanes: int, arrays: list[str], index: str) -> Lane:
    """One operand by lane: elements of an array, a parameter, or elements that an index array picks."""
    choice = draft.rng.random()
    if choice < 0.12:
        return splat(draft.scalar(kind))
    if choice < 0.18:
        return constants(draft, kind, lanes)
    if choice < 0.24:
        picks, base = draft.array(I32), draft.array(kind)
        return lambda lane: f"{base}[{picks}[{lane}]]"
    if choice < 0.3:
        return _strided(draft, kind)
    if not arrays or (len(arrays) < 4 and draft.chance(0.6)):
        arrays.append(draft.array(kind))
    name = draft.rng.choice(arrays)
    at = places(draft, lanes)
    return (lambda lane: f"{name}[{index} + {at[lane]}]") if index else elements(name, at)


def _strided(draft: Draft, kind: Kind) -> Lane:
    """Elements a distance apart that only the caller knows: of a column, or of a vector in a record."""
    if draft.chance(0.5):
        name, stride = draft.array(kind), draft.index()
        return lambda lane: f"{name}[{lane} * {stride}]"
    fields = [("unsigned long", "size"), ("unsigned long", "stride"), (kind.name, "*data")]
    name = draft.pointer(draft.structure(fields))
    stride = f"{name}->stride" if draft.chance(0.8) else "1"
    return lambda lane: f"{name}->data[{lane} * {stride}]"


def expression_graph(draft: Draft) -> None:
    """A few outputs of some lanes each, computed level by level."""
    rng = draft.rng
    kind = draft.kind()
    lanes = draft.width()
    index = draft.index() if draft.chance(0.3) else ""
    arrays: list[str] = []
    leaves = [_leaf(draft, kind, lanes, arrays, index) for _ in range(rng.randrange(2, 5))]
    levels = rng.choices((0, 1, 2, 3), (35, 35, 20, 10))[0] if lanes < 16 else rng.choice((0, 0, 1))
    for _ in range(levels):
        value = tree(draft, kind, leaves, lanes, rng.choice((1, 1, 2)))
        names = draft.locals(kind, [value(lane) for lane in range(lanes)])
        order = list(range(lanes))
        if draft.chance(0.3):
            rng.shuffle(order)
        elif draft.chance(0.2):
            order = [(lane ^ 1) % lanes for lane in order]
        leaves = [*leaves[-2:], lambda lane, names=names, order=order: names[order[lane]]]
        leaves += leaves[-1:]  # what was just computed is read more often than the rest
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        value = tree(draft, kind, leaves, lanes, rng.choice((1, 2, 2, 3)))
        out = arrays[0] if arrays and draft.chance(0.1) else ""
        if out:
            draft.writable(out)
        else:
            out = draft.array(kind, out=True)
        at = places(draft, lanes)
        to = [f"{out}[{index} + {place}]" if index else f"{out}[{place}]" for place in at]
        if draft.chance(0.2):
            to = [f"{out}[{place}]" for place in at]
        draft.assign(kind, [(to[lane], value(lane)) for lane in range(lanes)])


def scattered(draft: Draft) -> None:
    """Statements that have little in common: a share of real code where there is not much to pack."""
    rng = draft.rng
    kind = draft.kind()
    arrays = [draft.array(kind) for _ in range(rng.randrange(1, 4))]
    outs = [draft.array(kind, out=True) for _ in range(rng.randrange(1, 3))]
    extra = draft.scalar(kind)
    for _ in range(rng.randrange(3, 9)):
        leaves = [elements(rng.choice(arrays), [rng.randrange(16)]) for _ in range(3)] + [splat(extra)]
        value = tree(draft, kind, leaves, 1, rng.choice((1, 2, 3)))(0)
        if draft.chance(0.25):
            extra = draft.local(kind, value)
        else:
            draft.line(f"{rng.choice(outs)}[{rng.randrange(8)}] = {value};")
