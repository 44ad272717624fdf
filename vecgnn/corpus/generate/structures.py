"""Structures worked on field by field: particles, complex numbers, quaternions, pixels, flow variables."""

from __future__ import annotations

from vecgnn.corpus.generate.draft import F32, F64, REALS, Draft, Kind, Lane
from vecgnn.corpus.generate.expressions import constants, splat, tree

_AXES = {2: "xy", 3: "xyz", 4: "xyzw", 5: "ruvwe", 6: "abcdef", 7: "abcdefg", 8: "abcdefgh"}


def _components(draft: Draft, kind: Kind, members: int, groups: int) -> tuple[str, list[list[str]]]:
    """A structure of groups of like members (position, velocity, ...): its name, and the paths by group."""
    rng = draft.rng
    style = rng.choice(("fields", "fields", "arrays", "mixed"))
    fields: list[tuple[str, str]] = []
    paths: list[list[str]] = []
    for group in range(groups):
        stem = "pvamfq"[group % 6]
        if style == "arrays" or (style == "mixed" and draft.chance(0.5)):
            fields.append((kind.name, f"{stem}{group}[{members}]"))
            paths.append([f"{stem}{group}[{lane}]" for lane in range(members)])
        else:
            names = [f"{stem}{axis}{group}" for axis in _AXES.get(members, _AXES[8])[:members]]
            fields += [(kind.name, name) for name in names]
            paths.append(names)
    if draft.chance(0.35):
        other = rng.choice(("int", "double", "float", "char", kind.name, "void *"))
        fields.insert(rng.randrange(len(fields) + 1), (other, "tag"))
    if draft.chance(0.1):
        rng.shuffle(fields)
    return draft.structure(fields), paths


def _layout(draft: Draft, kind: Kind, members: int, groups: int) -> tuple[list[list[str]], str]:
    """Paths to the members, by group, and the structure they are in; or in arrays, or in rows of one."""
    style = draft.rng.choices(("pointer", "element", "arrays", "rows"), (45, 25, 15, 15))[0]
    if style in ("pointer", "element"):
        type_, paths = _components(draft, kind, members, groups)
        name = draft.pointer(type_, out=True)
        if style == "element":
            index = draft.index() if draft.chance(0.6) else str(draft.rng.randrange(4))
            return [[f"{name}[{index}].{path}" for path in group] for group in paths], type_
        return [[f"{name}->{path}" for path in group] for group in paths], type_
    if style == "arrays":
        index = draft.index()
        return [
            [f"{draft.array(kind, out=True)}[{index}]" for _ in range(members)] for _ in range(groups)
        ], ""
    index = draft.index()
    rows = [draft.array(kind, out=True) for _ in range(groups)]
    return [[f"{row}[{members} * {index} + {lane}]" for lane in range(members)] for row in rows], ""


def update(draft: Draft) -> None:
    """Groups of members updated from each other: integration steps, damping, copies with scale and offset."""
    rng = draft.rng
    kind = draft.kind(0.8)
    members = rng.choices((2, 3, 4, 5, 6, 8), (20, 32, 24, 14, 5, 5))[0]
    groups = rng.randrange(2, 5)
    paths, type_ = _layout(draft, kind, members, groups)
    sources = list(paths)
    if type_ and draft.chance(0.4):
        other = draft.pointer(type_)
        first = paths[0][0]
        cut = first.index("->") + 2 if "->" in first else first.index("].") + 2
        sources += [[f"{other}->{path[cut:]}" for path in group] for group in paths]
    steps = [splat(draft.scalar(kind)) for _ in range(rng.randrange(1, 3))]
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        target = rng.choice(paths)
        leaves: list[Lane] = [group.__getitem__ for group in rng.sample(sources, min(len(sources), 3))]
        leaves += [*steps, constants(draft, kind, members)]
        value = tree(draft, kind, leaves, members, rng.choice((1, 2, 2, 3)))
        if draft.chance(0.5):
            step = rng.choice(leaves)
            sign = rng.choice(("+", "+", "-"))
            pairs = [(target[m], f"{target[m]} {sign} {value(m)} * {step(m)}") for m in range(members)]
        else:
            pairs = [(target[m], value(m)) for m in range(members)]
        draft.assign(kind, pairs)


def complex_numbers(draft: Draft) -> None:
    """Complex arithmetic on pairs: products, conjugates, squares, multiply-add, scaling, division."""
    rng = draft.rng
    kind = rng.choice((*REALS, F64))
    count = rng.choice((1, 1, 2, 2, 3, 4))
    split = draft.chance(0.2)

    def number(out: bool) -> list[tuple[str, str]]:
        if split:
            re, im = draft.array(kind, out), draft.array(kind, out)
            return [(f"{re}[{n}]", f"{im}[{n}]") for n in range(count)]
        if draft.chance(0.5):
            name = draft.array(kind, out)
            stride = 2 * rng.choice((1, 1, 1, 2, 4))
            return [(f"{name}[{stride * n}]", f"{name}[{stride * n + 1}]") for n in range(count)]
        name = draft.pointer(draft.structure([(kind.name, "re"), (kind.name, "im")]), out)
        return [(f"{name}[{n}].re", f"{name}[{n}].im") for n in range(count)]

    a, b, out = number(False), number(False), number(True)
    shared = draft.chance(0.3)
    operation = rng.choice(("mul", "mul", "mul", "conj", "square", "madd", "add", "scale", "div", "rotate"))
    factor = draft.scalar(kind) if operation == "scale" else ""
    pairs: list[tuple[str, str]] = []
    for n in range(count):
        (ar, ai), (br, bi), (cr, ci) = a[n], b[0 if shared else n], out[n]
        if draft.chance(0.4):
            ar, ai, br, bi = draft.locals(kind, [ar, ai, br, bi])
        sign, other = ("+", "-") if operation == "conj" else ("-", "+")
        product = (f"{ar} * {br} {sign} {ai} * {bi}", f"{ai} * {br} {other} {ar} * {bi}")
        if draft.chance(0.3):
            product = (product[0], f"{ar} * {bi} {other} {ai} * {br}")
        if operation == "square":
            product = (f"{ar} * {ar} - {ai} * {ai}", f"2 * {ar} * {ai}")
        elif operation == "madd":
            product = (f"{cr} + ({product[0]})", f"{ci} {rng.choice('+-')} ({product[1]})")
        elif operation == "add":
            product = (f"{ar} + {br}", f"{ai} {rng.choice('+-')} {bi}")
        elif operation == "scale":
            product = (f"({ar} - {br}) * {factor}", f"({ai} - {bi}) * {factor}")
        elif operation == "div":
            norm = draft.local(kind, f"{br} * {br} + {bi} * {bi}")
            product = (f"({ar} * {br} + {ai} * {bi}) / {norm}", f"({ai} * {br} - {ar} * {bi}) / {norm}")
        elif operation == "rotate":
            product = (f"{br} - {ai}", f"{bi} + {ar}")
        pairs += [(cr, product[0]), (ci, product[1])]
    draft.assign(kind, pairs, 0.12)


def by_value(draft: Draft) -> None:
    """Small records passed and returned by value: sums, products, scalings of two to four members."""
    rng = draft.rng
    kind = rng.choice((*REALS, F64, F64))
    members = rng.choice((2, 2, 2, 3, 4))
    type_ = draft.structure([(kind.name, f"f{n}") for n in range(members)])
    draft.result = type_
    names = [draft.scalar(type_) for _ in range(rng.choice((1, 2, 2, 3)))]
    if draft.chance(0.2):
        names[-1] = f"(*{draft.pointer(type_)})"
    leaves: list[Lane] = [lambda n, name=name: f"{name}.f{n}" for name in names]
    leaves += [splat(draft.scalar(kind)), *leaves, lambda n: f"{names[0]}.f{(n + 1) % members}"]
    value = tree(draft, kind, leaves, members, rng.choice((1, 2, 2, 3)))
    if draft.chance(0.5):
        step = tree(draft, kind, leaves, members, 1)
        texts = [f"{value(n)} {'+' if n % 2 else '-'} {step(n)}" for n in range(members)]
    else:
        texts = [value(n) for n in range(members)]
    if draft.chance(0.2):
        draft.line(f"if ({names[0]}.f0 > {draft.constant(kind)}) return;")
    draft.line(f"return ({type_}){{{', '.join(draft.locals(kind, texts))}}};")


def quaternion(draft: Draft) -> None:
    """Products of quaternions, cross products, rotation matrices from quaternions, interpolation of them."""
    rng = draft.rng
    kind = rng.choice(REALS)
    a, b = draft.array(kind), draft.array(kind)
    out = draft.array(kind, out=True)
    form = rng.choice(("product", "product", "cross", "cross", "matrix", "lerp"))
    if form == "product":
        signs = [(0, 1, 2, 3), (1, 0, 3, 2), (2, 3, 0, 1), (3, 2, 1, 0)]
        negative = {(0, 1), (0, 2), (0, 3), (1, 3), (2, 1), (3, 2)}
        pairs: list[tuple[str, str]] = []
        for row in range(4):
            order = list(range(4))
            if draft.chance(0.3):
                rng.shuffle(order)
            terms = [f"{'-' if (row, k) in negative else '+'} {a}[{k}] * {b}[{signs[row][k]}]" for k in order]
            pairs.append((f"{out}[{row}]", " ".join(terms).removeprefix("+ ")))
    elif form == "cross":
        count, stride = rng.choice((1, 1, 2, 4)), rng.choice((3, 3, 4))
        pairs = []
        for n in range(count):
            base = n * stride
            for i in range(3):
                j, k = base + (i + 1) % 3, base + (i + 2) % 3
                pairs.append((f"{out}[{base + i}]", f"{a}[{j}] * {b}[{k}] - {a}[{k}] * {b}[{j}]"))
    elif form == "matrix":
        w, x, y, z = draft.locals(kind, [f"{a}[{k}]" for k in range(4)])
        stride = rng.choice((3, 4))
        entries = [
            f"1 - 2 * ({y} * {y} + {z} * {z})",
            f"2 * ({x} * {y} - {z} * {w})",
            f"2 * ({x} * {z} + {y} * {w})",
            f"2 * ({x} * {y} + {z} * {w})",
            f"1 - 2 * ({x} * {x} + {z} * {z})",
            f"2 * ({y} * {z} - {x} * {w})",
            f"2 * ({x} * {z} - {y} * {w})",
            f"2 * ({y} * {z} + {x} * {w})",
            f"1 - 2 * ({x} * {x} + {y} * {y})",
        ]
        pairs = [(f"{out}[{i // 3 * stride + i % 3}]", entry) for i, entry in enumerate(entries)]
    else:
        t = draft.scalar(kind)
        values = draft.locals(kind, [f"{a}[{k}] + ({b}[{k}] - {a}[{k}]) * {t}" for k in range(4)])
        norm = draft.local(kind, " + ".join(f"{v} * {v}" for v in values))
        root = draft.local(kind, f"1 / __builtin_elementwise_sqrt({norm})")
        pairs = [(f"{out}[{k}]", f"{v} * {root}") for k, v in enumerate(values)]
    draft.assign(kind, pairs, 0.1)


def flow(draft: Draft) -> None:
    """Five conserved variables at a point of a grid: fluxes, differences, dissipation."""
    rng = draft.rng
    kind = rng.choice((F64, F64, F32))
    count = rng.choice((5, 5, 5, 4, 3))
    i, j = draft.index(), draft.index()
    rows = rng.choice((10, 12, 64, 65))

    u, r = (draft.rows(kind, f"[][{rows}][{count}]", out) for out in (False, True))
    weights = [draft.scalar(kind) for _ in range(rng.randrange(1, 4))]
    steps = [(f"{i} - 1", j), (i, j), (f"{i} + 1", j), (i, f"{j} - 1"), (i, f"{j} + 1"), (f"{i} + 2", j)]
    used = rng.sample(steps, rng.randrange(2, 5))
    parts = [rng.choice(("+", "-")) + " " + f"{rng.choice(weights)} * " for _ in used]

    def term(m: int) -> str:
        return " ".join(p + f"{u}[{a}][{b}][{m}]" for p, (a, b) in zip(parts, used, strict=True))

    pairs: list[tuple[str, str]] = []
    velocity = pressure = ""
    if draft.chance(0.5):
        velocity = draft.local(kind, f"{u}[{i}][{j}][1] / {u}[{i}][{j}][0]")
        pressure = draft.local(kind, f"{weights[0]} * {u}[{i}][{j}][{count - 1}]")
    for m in range(count):
        value = f"{r}[{i}][{j}][{m}] {term(m)}"
        if velocity:
            value += f" - {velocity} * {u}[{i}][{j}][{m}]" + (f" + {pressure}" if m in (1, count - 1) else "")
        pairs.append((f"{r}[{i}][{j}][{m}]", value))
    draft.assign(kind, pairs, 0.15)
    if draft.chance(0.3):
        draft.assign(kind, [(f"{r}[0][{j}][{m}]", f"{r}[1][{j}][{m}]") for m in range(count)], 0.1)
