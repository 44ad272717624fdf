"""Integer code: rounds of hashes and ciphers, tricks with bits, reductions, lookups, bytes moved about."""

from __future__ import annotations

from vecgnn.corpus.generate.draft import I8, I16, I32, REALS, U8, U16, U32, U64, Draft, Kind
from vecgnn.corpus.generate.expressions import constants, elements, places, splat, tree


def _rotated(kind: Kind, text: str, count: int) -> str:
    return f"(({text} << {count}) | ({text} >> {kind.bits - count}))"


def rounds(draft: Draft) -> None:
    """Rounds of add, xor and rotate on a state in columns, diagonals, or with a message mixed in."""
    rng = draft.rng
    kind = rng.choice((U32, U32, U64))
    columns = rng.choice((2, 4, 4, 4, 8))
    state = draft.array(kind, out=True)
    message = draft.array(kind) if draft.chance(0.5) else ""
    v = draft.locals(kind, [f"{state}[{n}]" for n in range(4 * columns)])
    shifts = [rng.randrange(1, kind.bits) for _ in range(4)]
    by_step = draft.chance(0.6)  # all columns take one step before any takes the next, or column by column
    steps: list[list[str]] = []
    for turn in range(rng.choice((1, 1, 2))):
        diagonal = turn % 2 == 1 and draft.chance(0.7)
        for column in range(columns):
            a, b, c, d = (
                v[row * columns + (column + (row if diagonal else 0)) % columns] for row in range(4)
            )
            mixed = f" + {message}[{rng.randrange(16)}]" if message else ""
            if draft.chance(0.3):
                mixed += f" + {draft.constant(kind)}" if turn else ""
            steps.append([
                f"{a} += {b}{mixed};", f"{d} ^= {a};", f"{d} = {_rotated(kind, d, shifts[0])};",
                f"{c} += {d};", f"{b} ^= {c};", f"{b} = {_rotated(kind, b, shifts[1])};",
            ])  # fmt: skip
        group = steps[-columns:]
        for row in zip(*group, strict=True) if by_step else group:
            for text in row:
                draft.line(text)
    sign = rng.choice(("=", "=", "+=", "^="))
    for n, name in enumerate(v):
        draft.line(f"{state}[{n}] {sign} {name};")


def bits(draft: Draft) -> None:
    """Counts of bits, byte swaps, masks and shifts by lane, parity, interleaving."""
    rng = draft.rng
    kind = rng.choice((U8, U16, U32, U32, U64))
    lanes = draft.width()
    a, out = draft.array(kind), draft.array(kind, out=True)
    at, to = places(draft, lanes), places(draft, lanes)
    x = elements(a, at)
    form = rng.choice(("count", "swap", "mask", "spread", "shifts", "zeros", "isolate"))
    mask = [f"{rng.getrandbits(kind.bits):#x}{kind.suffix}" for _ in range(3)]
    amounts = [rng.randrange(1, kind.bits) for _ in range(lanes)]
    if form == "count":
        values = [f"__builtin_elementwise_popcount({x(n)})" for n in range(lanes)]
    elif form == "swap":
        swap = f"__builtin_bswap{kind.bits}" if kind.bits > 8 else "__builtin_bitreverse8"
        values = [f"{swap}({x(n)})" for n in range(lanes)]
    elif form == "mask":
        values = [f"({x(n)} & {mask[0]}) | (({x(n)} >> {amounts[0]}) & {mask[1]})" for n in range(lanes)]
    elif form == "spread":
        half = kind.bits // 4
        values = [f"({x(n)} | ({x(n)} << {half})) & {mask[2]}" for n in range(lanes)]
    elif form == "shifts":
        counts = draft.array(kind) if draft.chance(0.5) else ""
        amount = [f"({counts}[{n}] & {kind.bits - 1})" if counts else str(amounts[n]) for n in range(lanes)]
        way = rng.choice(("<<", ">>"))
        values = [f"{x(n)} {way} {amount[n]}" for n in range(lanes)]
    elif form == "zeros" and kind.bits >= 32:
        name = rng.choice(("clz", "ctz")) + ("ll" if kind.bits == 64 else "")
        values = [f"({kind.name})__builtin_{name}({x(n)} | 1)" for n in range(lanes)]
    else:
        values = [f"{x(n)} & (0 - {x(n)})" for n in range(lanes)]
    if draft.chance(0.5):
        other = draft.array(kind)
        operation = rng.choice("^+|&")
        values = [f"({value}) {operation} {other}[{n}]" for n, value in enumerate(values)]
    draft.assign(kind, [(f"{out}[{to[n]}]", f"({kind.name})({values[n]})") for n in range(lanes)])


def reduction(draft: Draft) -> None:
    """Several lanes folded into one: sums, products, extremes, distances, masks of comparisons."""
    rng = draft.rng
    real = draft.chance(0.45)
    kind = rng.choice(REALS) if real else rng.choice((I32, U32, U64, I16, U8, I8, U16))
    lanes = rng.choice((3, 4, 4, 6, 8, 8, 8, 16))
    draft.result = kind.name if real or kind.bits >= 32 else "int"
    a, b = draft.array(kind), draft.array(kind)
    at = places(draft, lanes)
    leaves = [elements(a, at), elements(b, places(draft, lanes) if draft.chance(0.3) else at)]
    form = rng.choice(("dot", "dot", "sum", "distance", "extreme", "bits", "compare", "tree", "product"))
    if form == "dot":
        terms = [f"{leaves[0](n)} * {leaves[1](n)}" for n in range(lanes)]
    elif form == "distance" and not real:
        wide = "int" if kind.bits < 32 else kind.name
        terms = [
            f"__builtin_elementwise_abs((i32)(({wide}){leaves[0](n)} - {leaves[1](n)}))" for n in range(lanes)
        ]
    elif form == "compare":
        sign = rng.choice(("==", "<", ">="))
        terms = [f"({leaves[0](n)} {sign} {leaves[1](n)})" for n in range(lanes)]
    else:
        value = tree(draft, kind, leaves, lanes, rng.choice((0, 1, 1, 2)))
        terms = [value(n) for n in range(lanes)]
    sign = {"bits": rng.choice("|^&"), "product": "*", "compare": rng.choice("&|+")}.get(form, "+")
    if real and sign in "|^&":
        sign = "+"
    if form == "extreme":
        way = rng.choice("<>")
        best = draft.local(kind, terms[0])
        for term in terms[1:]:
            other = draft.local(kind, term)
            draft.line(f"{best} = {best} {way} {other} ? {best} : {other};")
        total = best
    elif form == "tree" or draft.chance(0.25):
        while len(terms) > 1:
            half = len(terms) // 2
            terms = [f"({terms[n]} {sign} {terms[n + half]})" for n in range(half)] + terms[2 * half :]
        total = terms[0]
    else:
        if draft.chance(0.15):
            rng.shuffle(terms)
        total = f" {sign} ".join(f"({term})" for term in terms)
    if draft.chance(0.4):
        total = f"{draft.scalar(kind)} {sign} ({total})"
    if draft.chance(0.25):
        out = draft.array(kind, out=True)
        draft.line(f"{out}[0] = {total};")
        draft.line(f"return {out}[1];")
    else:
        draft.line(f"return {total};")


def lookup(draft: Draft) -> None:
    """Entries of tables picked by bytes, then arithmetic on them."""
    rng = draft.rng
    kind = draft.kind(0.35)
    lanes = rng.choice((2, 4, 4, 8))
    table = draft.table(kind, 16) if draft.chance(0.5) else draft.array(kind)
    source, out = draft.array(U8), draft.array(kind, out=True)
    at = places(draft, lanes)
    mask = rng.choice((15, 7, 3))
    shift = rng.choice((0, 0, 4))
    picks = [f"{table}[({source}[{at[n]}] >> {shift}) & {mask}]" for n in range(lanes)]
    names = draft.locals(kind, picks) if draft.chance(0.5) else picks
    others = draft.array(kind)
    value = tree(
        draft, kind, [names.__getitem__, elements(others, places(draft, lanes))], lanes, rng.choice((1, 2, 2))
    )
    draft.assign(kind, [(f"{out}[{n}]", value(n)) for n in range(lanes)])


def moved(draft: Draft) -> None:
    """Elements moved about: transposes, zips, reversals, rotations, broadcasts, merges; at times scaled."""
    rng = draft.rng
    kind = draft.kind()
    form = rng.choice(("transpose", "zip", "unzip", "reverse", "rotate", "merge", "broadcast", "shuffle"))
    lanes = rng.choice((4, 4, 8, 8, 16))
    a, out = draft.array(kind), draft.array(kind, out=True)
    b = draft.array(kind) if form in ("zip", "merge") else a
    if form == "transpose":
        side = rng.choice((2, 3, 4, 4, 8) if draft.chance(0.3) else (2, 3, 4))
        source = [f"{a}[{n % side * side + n // side}]" for n in range(side * side)]
    elif form == "zip":
        source = [f"{(a, b)[n % 2]}[{n // 2}]" for n in range(lanes)]
    elif form == "unzip":
        source = [f"{a}[{2 * n % lanes + 2 * n // lanes}]" for n in range(lanes)]
    elif form == "reverse":
        source = [f"{a}[{lanes - 1 - n}]" for n in range(lanes)]
    elif form == "rotate":
        by = rng.randrange(1, lanes)
        source = [f"{a}[{(n + by) % lanes}]" for n in range(lanes)]
    elif form == "merge":
        source = [f"{rng.choice((a, b))}[{n}]" for n in range(lanes)]
    elif form == "broadcast":
        source = [f"{a}[{n // 4}]" for n in range(lanes)]
    else:
        source = [f"{a}[{n}]" for n in rng.choices(range(lanes), k=lanes)]
    values = draft.locals(kind, source) if draft.chance(0.3) else source
    leaves = [values.__getitem__, splat(draft.scalar(kind)), constants(draft, kind, len(values))]
    value = tree(draft, kind, leaves[:1], len(values), 0)
    if draft.chance(0.65):
        value = tree(draft, kind, leaves, len(values), rng.choice((1, 1, 2)))
    in_place = f"{out}[{{}}]" if draft.chance(0.9) else f"{out}[2 * {{}}]"
    draft.assign(kind, [(in_place.format(n), value(n)) for n in range(len(values))], 0.15)
