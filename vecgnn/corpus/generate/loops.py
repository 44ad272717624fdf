"""Lanes that live across the turns of loops, indirect accesses, pairs of bodies, borders, decisions."""

from __future__ import annotations

from vecgnn.corpus.generate.draft import F32, F64, I32, REALS, Draft, Kind, Lane
from vecgnn.corpus.generate.expressions import constants, elements, places, splat, tree


def carried(draft: Draft) -> None:
    """Several variables carried through a loop: sums, products, recurrences; stored or returned behind it."""
    rng = draft.rng
    kind = draft.kind(0.7)
    if not kind.real and kind.bits < 32:
        kind = I32
    lanes = rng.choice((2, 3, 4, 4, 5, 8))
    a, b = draft.array(kind), draft.array(kind)
    out = draft.array(kind, out=True)
    count = draft.scalar(rng.choice(("long", "int")))
    names = draft.locals(kind, [rng.choice(("0", f"{out}[{n}]")) for n in range(lanes)])
    index = draft.fresh("i")
    stride = rng.choice((lanes, lanes, 1, 8))
    at = places(draft, lanes)
    base = f"{stride} * {index}"
    x: Lane = lambda lane: f"{a}[{base} + {at[lane]}]"  # noqa: E731
    y: Lane = rng.choice(
        (lambda lane: f"{b}[{base} + {lane}]", splat(f"{b}[{index}]"), constants(draft, kind, lanes))
    )
    value = tree(draft, kind, [x, x, y], lanes, rng.choice((1, 1, 2)))
    draft.line("#pragma clang loop vectorize(disable) interleave(disable)")
    draft.open(f"for (long {index} = 0; {index} < (long){count}; {index}++)")
    form = rng.choice(("sum", "sum", "mix", "extreme", "chain"))
    for n in range(lanes):
        if form == "sum":
            draft.line(f"{names[n]} {'+' if draft.chance(0.97) else '-'}= {value(n)};")
        elif form == "mix":
            draft.line(f"{names[n]} = {names[n]} * {y(n)} + {value(n)};")
        elif form == "extreme":
            term = draft.local(kind, value(n))
            draft.line(f"{names[n]} = {term} < {names[n]} ? {term} : {names[n]};")
        else:
            draft.line(f"{names[n]} = {names[(n + 1) % lanes]} + {value(n)};")
    if draft.chance(0.2):
        draft.line(f"if ({names[0]} > {draft.constant(kind)}) break;")
    draft.close()
    if draft.chance(0.35):
        draft.result = kind.name
        draft.line(f"return {' + '.join(names)};")
        return
    draft.assign(kind, [(f"{out}[{n}]", name) for n, name in enumerate(names)], 0.1)


def gathered(draft: Draft) -> None:
    """Elements picked by an array of indices, worked on, and put side by side or scattered again."""
    rng = draft.rng
    kind = draft.kind(0.75)
    lanes = rng.choice((2, 3, 4, 4, 8))
    index = rng.choice(
        (I32, Kind("u16", 16, False, False), Kind("i64", 64, False), Kind("u8", 8, False, False))
    )
    picks, a, b = draft.array(index), draft.array(kind), draft.array(kind)
    out = draft.array(kind, out=True)
    block = rng.choice((1, 1, 1, 2, 3))  # elements that lie together at each index
    total = lanes if block == 1 else max(1, lanes // block) * block
    wheres = [f"{picks}[{n // block}]" for n in range(total)]
    if draft.chance(0.5):
        shared = {w: draft.local("long", w) for w in dict.fromkeys(wheres)}
        wheres = [shared[w] for w in wheres]
    at = [f"{where} * {block} + {n % block}" if block > 1 else where for n, where in enumerate(wheres)]
    leaves: list[Lane] = [
        lambda n: f"{a}[{at[n]}]",
        elements(b, places(draft, total)),
        splat(draft.scalar(kind)),
    ]
    value = tree(draft, kind, leaves, total, rng.choice((1, 2, 2)))
    scatter = draft.chance(0.3)
    pairs = [(f"{out}[{at[n] if scatter else n}]", value(n)) for n in range(total)]
    if draft.chance(0.3):
        pairs = [(to, f"{to} + {v}") for to, v in pairs]
    draft.assign(kind, pairs, 0.12)


def bodies(draft: Draft) -> None:
    """Forces between pairs of points: differences, a squared distance, and a share for each axis."""
    rng = draft.rng
    kind = rng.choice(REALS)
    axes = rng.choice((2, 3, 3, 3))
    fields = [(kind.name, f"p[{axes}]"), (kind.name, f"v[{axes}]"), (kind.name, "mass")]
    if draft.chance(0.4):
        fields = [(kind.name, f"{stem}{axis}") for stem in "pv" for axis in "xyz"[:axes]] + fields[2:]
    separate = "p[" not in fields[0][1]
    type_ = draft.structure(fields)
    p, q = draft.pointer(type_, out=True), draft.pointer(type_, out=True)

    def member(body: str, stem: str, axis: int) -> str:
        return f"{body}->{stem}{'xyz'[axis]}" if separate else f"{body}->{stem}[{axis}]"

    d = draft.locals(kind, [f"{member(p, 'p', k)} - {member(q, 'p', k)}" for k in range(axes)])
    square = draft.local(kind, " + ".join(f"{x} * {x}" for x in d) + f" + {draft.constant(kind)}")
    if draft.chance(0.3):
        draft.line(f"if ({square} > {draft.scalar(kind)}) return;")
    strength = draft.local(
        kind,
        rng.choice(
            (f"1 / ({square} * __builtin_elementwise_sqrt({square}))", f"{draft.scalar(kind)} / {square}")
        ),
    )
    both = draft.chance(0.7)
    for k in range(axes):
        draft.line(f"{member(p, 'v', k)} -= {d[k]} * {strength} * {q}->mass;")
        if both:
            draft.line(f"{member(q, 'v', k)} += {d[k]} * {strength} * {p}->mass;")


def borders(draft: Draft) -> None:
    """Code for the border of a field: ghost cells copied, mirrored or extrapolated, corners apart."""
    rng = draft.rng
    kind = rng.choice((F64, F64, F32, I32))
    count, rows = rng.choice((2, 3, 4, 5, 5, 8)), rng.choice((6, 12, 33))
    u = draft.rows(kind, f"[][{rows}][{count}]", out=True)
    i = draft.index()
    forms = rng.sample(("copy", "mirror", "extrapolate", "zero", "periodic"), rng.choice((1, 2, 2)))
    for form in forms:
        side = rng.choice((0, rows - 1))
        near, next_ = (1, 2) if side == 0 else (rows - 2, rows - 3)
        pairs: list[tuple[str, str]] = []
        for m in range(count):
            inner, second = f"{u}[{i}][{near}][{m}]", f"{u}[{i}][{next_}][{m}]"
            value = {
                "copy": inner,
                "mirror": f"-{inner}" if m in (1, 2) else inner,
                "extrapolate": f"2 * {inner} - {second}",
                "zero": "0",
                "periodic": f"{u}[{i}][{rows - 1 - side}][{m}]",
            }[form]
            pairs.append((f"{u}[{i}][{side}][{m}]", value))
        draft.assign(kind, pairs, 0.15)


def decisions(draft: Draft) -> None:
    """Clamps, thresholds, comparisons to masks, sorting networks, picks of the greater of two records."""
    rng = draft.rng
    kind = draft.kind(0.5)
    lanes = draft.width()
    a, b, out = draft.array(kind), draft.array(kind), draft.array(kind, out=True)
    x, y = elements(a, places(draft, lanes)), elements(b, places(draft, lanes))
    form = rng.choice(("clamp", "threshold", "mask", "sort", "sort", "pick", "sign", "branch"))
    low, high = (
        (draft.scalar(kind), draft.scalar(kind)) if draft.chance(0.5) else (draft.constant(kind), "63")
    )
    if form == "sort":
        count = rng.choice((4, 4, 8))
        v = draft.locals(kind, [f"{a}[{n}]" for n in range(count)])
        for gap in (1, 2, 1) if count == 4 else (1, 2, 1, 4, 2, 1):
            for n in (n for n in range(count) if not n & gap):
                p, q = v[n], v[n | gap]
                less, more = f"{p} < {q} ? {p} : {q}", f"{p} < {q} ? {q} : {p}"
                v[n], v[n | gap] = draft.locals(kind, [less, more])
        draft.assign(kind, [(f"{out}[{n}]", text) for n, text in enumerate(v)], 0.08)
        return
    values: list[str] = []
    for n in range(lanes):
        if form == "clamp":
            values.append(f"{x(n)} < {low} ? {low} : {x(n)} > {high} ? {high} : {x(n)}")
        elif form == "threshold":
            values.append(f"{x(n)} > {low} ? {x(n)} - {y(n)} : 0")
        elif form == "mask":
            values.append(f"{x(n)} > {y(n)} ? {high} : {low}")
        elif form == "pick":
            values.append(f"{a}[0] > {b}[0] ? {x(n)} : {y(n)}")
        elif form == "sign":
            values.append(f"({x(n)} > {low}) - ({x(n)} < {y(n)})")
        else:
            values.append(f"({x(n)} < {low} && {y(n)} > {high}) ? {x(n)} * {y(n)} : {x(n)}")
    draft.assign(kind, [(f"{out}[{n}]", f"({kind.name})({v})") for n, v in enumerate(values)], 0.12)


def copied(draft: Draft) -> None:
    """Fields of one structure to those of another, of other types and in another order, scaled and moved."""
    rng = draft.rng
    members = rng.choice((2, 3, 4, 4, 5, 6, 8))
    source, target = draft.kind(), draft.kind()
    if draft.chance(0.5):
        target = source
    names = [f"f{n}" for n in range(members)]
    shuffled = rng.sample(names, members) if draft.chance(0.25) else names
    a = draft.pointer(draft.structure([(source.name, name) for name in names]))
    b = draft.pointer(draft.structure([(target.name, name) for name in shuffled]), out=True)
    wide = target if target.real else source
    scale = draft.scalar(wide) if draft.chance(0.5) else draft.constant(wide)
    offset = draft.scalar(wide) if draft.chance(0.5) else draft.constant(wide)
    form = rng.choice(("{} * {} + {}", "({} - {}) * {}", "{}", "{} * {}", "{} + {}"))
    pairs = [
        (f"{b}->{name}", f"({target.name})({form.format(f'({wide.name}){a}->{name}', scale, offset)})")
        for name in names
    ]
    draft.assign(target, pairs, 0.2)
