"""Small dense linear algebra: products, solves, inverses, and the block solves of implicit flow solvers."""

from __future__ import annotations

from vecgnn.corpus.generate.draft import F64, I32, REALS, Draft, Kind


def _kind(draft: Draft) -> Kind:
    return draft.rng.choice((*REALS, F64, I32)) if draft.chance(0.3) else draft.rng.choice(REALS)


def product(draft: Draft) -> None:
    """A product of small matrices, or of one with a vector, by rows or columns, accumulated or not."""
    rng = draft.rng
    kind = _kind(draft)
    rows, inner, columns = (rng.choice((2, 2, 3, 3, 4, 4, 5)) for _ in range(3))
    if draft.chance(0.5):
        columns = 1
    elif draft.chance(0.6):
        rows = inner = columns
    a, b, out = draft.array(kind), draft.array(kind), draft.array(kind, out=True)
    by_column, other = draft.chance(0.5), draft.chance(0.4)
    start = rng.choice(("", "", "", "+", "-"))
    order = list(range(inner))

    def at_a(i: int, k: int) -> str:
        return f"{a}[{k * rows + i if by_column else i * inner + k}]"

    def at_b(k: int, j: int) -> str:
        return f"{b}[{j * inner + k if other else k * columns + j}]"

    hoisted = {k: draft.local(kind, at_b(k, 0)) for k in order} if columns == 1 and draft.chance(0.5) else {}
    pairs: list[tuple[str, str]] = []
    for i in range(rows):
        for j in range(columns):
            terms = [f"{at_a(i, k)} * {hoisted.get(k) or at_b(k, j)}" for k in order]
            to = f"{out}[{j * rows + i if by_column and draft.restrict < 2 else i * columns + j}]"
            total = " + ".join(terms)
            pairs.append((to, f"{to} {start} ({total})" if start else total))
    draft.assign(kind, pairs, 0.1)


def affine(draft: Draft) -> None:
    """Points through a 3x4 or 4x4 matrix, a colour through a 3x3 one; several points by one matrix."""
    rng = draft.rng
    kind = rng.choice(REALS)
    size = rng.choice((2, 3, 3, 4))
    count = rng.choice((1, 1, 2, 3, 4))
    m = draft.table(kind, size * (size + 1)) if draft.chance(0.3) else draft.array(kind)
    points, out = draft.array(kind), draft.array(kind, out=True)
    separate = draft.chance(0.3)  # one array for each coordinate
    pairs: list[tuple[str, str]] = []
    for n in range(count):
        for i in range(size):

            def place(i: int, n: int = n) -> int:
                return i * 8 + n if separate else n * size + i

            terms = [f"{m}[{i * (size + 1) + k}] * {points}[{place(k)}]" for k in range(size)]
            pairs.append((f"{out}[{place(i)}]", " + ".join([*terms, f"{m}[{i * (size + 1) + size}]"])))
    draft.assign(kind, pairs, 0.12)


def solve(draft: Draft, size: int = 0, columns: int = 0) -> None:
    """Gauss elimination written out, without pivoting: a matrix, and some right-hand sides."""
    rng = draft.rng
    kind = rng.choice((F64, *REALS))
    size = size or rng.choice((2, 2, 3, 3, 4))
    columns = columns or rng.choice((1, 1, 1, 2, size))
    a = draft.rows(kind, f"[{size}][{size}]", out=True)
    r = draft.rows(kind, f"[{size}][{columns}]", out=True)
    back = draft.chance(0.6)
    by_columns = draft.chance(0.4)
    for p in range(size):
        pivot = draft.local(kind, f"1.0{kind.suffix} / {a}[{p}][{p}]")
        for j in range(p + 1, size):
            draft.line(f"{a}[{p}][{j}] *= {pivot};")
        for j in range(columns):
            draft.line(f"{r}[{p}][{j}] *= {pivot};")
        for i in range(0 if back else p + 1, size):
            if i == p:
                continue
            factor = draft.local(kind, f"{a}[{i}][{p}]")
            lines = [f"{a}[{i}][{j}] -= {factor} * {a}[{p}][{j}];" for j in range(p + 1, size)]
            lines += [f"{r}[{i}][{j}] -= {factor} * {r}[{p}][{j}];" for j in range(columns)]
            if by_columns:
                lines.reverse()
            for line in lines:
                draft.line(line)


def block_solve(draft: Draft) -> None:
    """A large one: elimination of a block with others and a right-hand side, after products."""
    rng = draft.rng
    size = rng.choice((4, 5, 5))
    if draft.chance(0.5):
        kind = rng.choice((F64, *REALS))
        a, b, c = (draft.rows(kind, f"[{size}][{size}]", out=name == "c") for name in "abc")
        whole = draft.chance(0.5)
        for j in range(size if whole else 1):
            for i in range(size):
                terms = "".join(f" - {a}[{k}][{i}] * {b}[{j}][{k}]" for k in range(size))
                draft.line(f"{c}[{j}][{i}] = {c}[{j}][{i}]{terms};")
    solve(draft, size, rng.choice((1, 5, 6, 6, 11)))


def inverse(draft: Draft) -> None:
    """Cofactors over the determinant, or the determinant alone."""
    rng = draft.rng
    kind = rng.choice(REALS)
    size = rng.choice((2, 3, 3))
    a, out = draft.array(kind), draft.array(kind, out=True)
    stride = size + draft.chance(0.2)

    def at(i: int, j: int) -> str:
        return f"{a}[{i % size * stride + j % size}]"

    if size == 2:
        cofactors = [at(1, 1), f"-{at(0, 1)}", f"-{at(1, 0)}", at(0, 0)]
        determinant = f"{at(0, 0)} * {at(1, 1)} - {at(0, 1)} * {at(1, 0)}"
    else:
        cofactors = [
            f"{at(j + 1, i + 1)} * {at(j + 2, i + 2)} - {at(j + 1, i + 2)} * {at(j + 2, i + 1)}"
            for i in range(3) for j in range(3)
        ]  # fmt: skip
        determinant = " + ".join(f"{at(0, j)} * ({cofactors[3 * j]})" for j in range(3))
    scale = draft.local(kind, f"1 / ({determinant})")
    if draft.chance(0.2):
        draft.line(f"if ({scale} > {draft.constant(kind)}) return;")
    draft.assign(kind, [(f"{out}[{n}]", f"({c}) * {scale}") for n, c in enumerate(cofactors)], 0.1)


def rank_update(draft: Draft) -> None:
    """An outer product added to a matrix, a rotation of two rows, or one row taken off another."""
    rng = draft.rng
    kind = rng.choice(REALS)
    n = rng.choice((2, 3, 4, 4, 5, 6, 8))
    m = draft.array(kind, out=True)
    form = rng.choice(("outer", "rotate", "row"))
    if form == "outer":
        x, y = draft.array(kind), draft.array(kind)
        rows = rng.choice((2, 2, 3, 4))
        sign = rng.choice("+-")
        pairs = [
            (f"{m}[{i * n + j}]", f"{m}[{i * n + j}] {sign} {x}[{i}] * {y}[{j}]")
            for i in range(rows)
            for j in range(n)
        ]
        draft.assign(kind, pairs, 0.1)
    elif form == "rotate":
        c, s = draft.scalar(kind), draft.scalar(kind)
        for j in range(n):
            x, y = draft.local(kind, f"{m}[{j}]"), draft.local(kind, f"{m}[{n + j}]")
            draft.line(f"{m}[{j}] = {c} * {x} - {s} * {y};")
            draft.line(f"{m}[{n + j}] = {s} * {x} + {c} * {y};")
    else:
        f = draft.scalar(kind) if draft.chance(0.5) else draft.local(kind, f"{m}[{n}] / {m}[0]")
        draft.assign(kind, [(f"{m}[{n + j}]", f"{m}[{n + j}] - {f} * {m}[{j}]") for j in range(n)], 0.2)
