"""What larger numerical programs add: entries of Jacobians, banded sweeps, values with their errors."""

from __future__ import annotations

from vecgnn.corpus.generate.draft import F64, REALS, Draft


def jacobian(draft: Draft) -> None:
    """A block of entries, each a few products of shared factors; some zero, some doubled by symmetry."""
    rng = draft.rng
    kind = rng.choice((F64, F64, REALS[0]))
    size = rng.choice((3, 4, 5, 5, 5))
    blocks = rng.choices((1, 2, 3), (70, 20, 10))[0]
    u = draft.array(kind)
    index = draft.index()
    rows = rng.choice((1, 12, 64))
    across = draft.chance(0.4)
    factors = [draft.scalar(kind) for _ in range(rng.randrange(1, 4))]
    base = draft.local(kind, f"1.0{kind.suffix} / {u}[{index} * {size}]")
    terms = [base, draft.local(kind, f"{base} * {base}"), *factors]
    for n in range(1, rng.randrange(2, size + 1)):
        terms.append(draft.local(kind, f"{u}[{index} * {size} + {n}] * {rng.choice((base, factors[0]))}"))
    squares = draft.local(kind, " + ".join(f"{t} * {t}" for t in terms[-2:]))
    terms.append(squares)
    for _ in range(blocks):
        out = draft.rows(kind, f"[][{rows}][{size}][{size}]", out=True)
        pairs: list[tuple[str, str]] = []
        scale = rng.choice((draft.constant(kind), factors[-1]))
        for i in range(size):
            for j in range(size):
                m, n = (j, i) if across else (i, j)
                products: list[str] = []
                for _ in range(rng.choices((0, 1, 2, 3), (18, 40, 28, 14))[0]):
                    sign = rng.choice(("", "", "-"))
                    names = rng.sample(terms, rng.choice((1, 2, 2)))
                    products.append(
                        sign + " * ".join([*names, rng.choice((scale, scale, draft.constant(kind)))])
                    )
                value = " + ".join(products) or "0"
                if i == j:
                    value = f"1 + {value}"
                pairs.append((f"{out}[{index}][0][{m}][{n}]", value))
        draft.assign(kind, pairs, 0.1)


def banded(draft: Draft) -> None:
    """A step of elimination along a line: a tri- or pentadiagonal row against its next ones."""
    rng = draft.rng
    kind = rng.choice((F64, F64, REALS[0]))
    band = rng.choice((3, 5, 5))
    columns = rng.choice((1, 3, 3, 5))
    middle = band // 2
    lhs, rhs = draft.rows(kind, f"[][{band}]", out=True), draft.rows(kind, f"[][{columns}]", out=True)
    i = draft.index()
    systems = rng.choice((1, 1, 1, 2, 3))
    first = lhs
    for system in range(systems):
        if system:
            lhs = draft.rows(kind, f"[][{band}]", out=True) if draft.chance(0.7) else first
        factor = draft.local(kind, f"1 / {lhs}[{i}][{middle}]")
        lines = [f"{lhs}[{i}][{k}] *= {factor};" for k in range(middle + 1, band)]
        lines += [f"{rhs}[{i}][{m}] *= {factor};" for m in range(columns)]
        for below in range(1, middle + 1):
            row = f"[{i} + {below}]"
            pivot = f"{lhs}{row}[{middle - below}]"
            lines += [
                f"{lhs}{row}[{k - below}] -= {pivot} * {lhs}[{i}][{k}];" for k in range(middle + 1, band)
            ]
            lines += [f"{rhs}{row}[{m}] -= {pivot} * {rhs}[{i}][{m}];" for m in range(columns)]
        for line in lines:
            draft.line(line)


def dissipation(draft: Draft) -> None:
    """Fluxes through faces: differences of neighbours by variable, with products of velocities."""
    rng = draft.rng
    kind = rng.choice((F64, F64, REALS[0]))
    count, side = rng.choice(((5, 12), (5, 64), (4, 33))), rng.choice((1, 2))
    members, rows = count
    u, flux = draft.rows(kind, f"[][{rows}][{members}]"), draft.rows(kind, f"[][{members}]", out=True)
    i, j = draft.index(), draft.index()
    points = rng.choice((1, 1, 2, 3))
    weights = [draft.scalar(kind) for _ in range(3)]
    for p in range(points):
        here, before = (f"{u}[{i}][{j} + {p + d}]" for d in (side, 0))
        names = draft.locals(kind, [f"{here}[{m}]" for m in range(members)])
        inverse = [draft.local(kind, f"1 / {x}[0]") for x in (here, before)]
        now = draft.locals(kind, [f"{inverse[0]} * {names[m]}" for m in range(1, members)])
        then = draft.locals(kind, [f"{inverse[1]} * {before}[{m}]" for m in range(1, members)])
        pairs = [
            (f"{flux}[{j} + {p}][{m + 1}]", f"{weights[0]} * ({now[m]} - {then[m]})")
            for m in range(members - 1)
        ]
        if draft.chance(0.6):
            energy = [" + ".join(f"{x} * {x}" for x in side_[:3]) for side_ in (now, then)]
            work = f"{weights[2]} * ({now[0]} * {now[0]} - {then[0]})"
            pairs[-1] = (pairs[-1][0], f"{weights[1]} * (({energy[0]}) - ({energy[1]})) + {work}")
        draft.assign(kind, pairs, 0.1)


def with_errors(draft: Draft) -> None:
    """A value and its error, put into a record: series, scaled by cases, with calls between."""
    rng = draft.rng
    kind = rng.choice((F64, F64, F64, REALS[0]))
    type_ = draft.structure([(kind.name, "val"), (kind.name, "err")])
    draft.result = "int"
    x = draft.scalar(kind)
    out = draft.pointer(type_, out=True)
    if draft.chance(0.7):
        draft.line(f"if ({x} < {draft.constant(kind)}) {{ {out}->val = 0; {out}->err = 0; return 1; }}")
    results = [out]
    for _ in range(rng.choice((0, 1, 1, 2))):
        results.append(draft.pointer(type_))
    a = draft.table(kind, 12) if draft.chance(0.5) else draft.array(kind)
    degree = rng.randrange(2, 6)
    sums: list[str] = []
    for offset in range(0, 2 * degree, degree) if draft.chance(0.6) else (0,):
        text = f"{a}[{offset + degree - 1}]"
        for n in reversed(range(degree - 1)):
            text = f"{a}[{offset + n}] + {x} * ({text})"
        sums.append(draft.local(kind, text))
    value = draft.local(
        kind, rng.choice((" * ", " + ", " / ")).join([*sums, *(f"{r}->val" for r in results[1:])])
    )
    if draft.chance(0.5):
        call = rng.choice(("exp", "log", "sin", "cos", "pow"))
        other = f", {draft.constant(kind)}" if call == "pow" else ""
        tail = "f" if kind.bits == 32 else ""
        value = draft.local(kind, f"{value} * __builtin_{call}{tail}({x}{other})")
    errors = [f"{r}->err * {s}" for r in results[1:] for s in sums[:1]]
    errors.append(f"{draft.constant(kind)} * __builtin_elementwise_abs({value})")
    draft.line(f"{out}->val = {value};")
    draft.line(f"{out}->err = {' + '.join(errors)};")
    draft.line("return 0;")
