"""Butterflies: Fourier, cosine, Haar and Walsh transforms, lifting steps, and whole blocks of them."""

from __future__ import annotations

from vecgnn.corpus.generate.draft import F64, I16, I32, REALS, U8, Draft, Kind


def _read(draft: Draft, kind: Kind, count: int, stride: int) -> list[str]:
    """Locals with the elements of a new array, stored in another type at times."""
    stored = draft.rng.choice((U8, I16)) if not kind.real and draft.chance(0.5) else kind
    a = draft.array(stored)
    return draft.locals(kind, [f"{a}[{stride * n}]" for n in range(count)])


def fourier(draft: Draft) -> None:
    """Butterflies of radix 2, 3 or 4 on complex numbers, with or without twiddle factors."""
    rng = draft.rng
    kind = rng.choice(REALS)
    radix = rng.choice((2, 2, 3, 4, 4))
    count = rng.choice((1, 1, 2, 4)) if radix < 4 else rng.choice((1, 1, 2))
    split = draft.chance(0.3)
    data = draft.array(kind, out=True)
    other = draft.array(kind, out=True) if split else data
    target = data if draft.chance(0.6) else draft.array(kind, out=True)
    apart = target if not split else (other if target == data else draft.array(kind, out=True))
    twiddles = draft.array(kind) if draft.chance(0.6) else ""
    step = rng.choice((1, count, 8))
    half = draft.constant(kind)
    sign, back = rng.choice((("+", "-"), ("-", "+")))

    def at(name: str, n: int, part: int) -> str:
        return f"{name}[{n}]" if split else f"{name}[{2 * n + part}]"

    for c in range(count):
        points: list[tuple[str, str]] = []
        for r in range(radix):
            n = c + r * step
            re, im = draft.locals(kind, [at(data, n, 0), at(other, n, 1)])
            if twiddles and r:
                k = 2 * ((r - 1) * count + c)
                wr, wi = f"{twiddles}[{k}]", f"{twiddles}[{k + 1}]"
                re, im = draft.locals(kind, [f"{re} * {wr} - {im} * {wi}", f"{re} * {wi} + {im} * {wr}"])
            points.append((re, im))
        out: list[tuple[str, str]]
        if radix == 2:
            (ar, ai), (br, bi) = points
            out = [(f"{ar} + {br}", f"{ai} + {bi}"), (f"{ar} - {br}", f"{ai} - {bi}")]
        elif radix == 3:
            (ar, ai), (br, bi), (cr, ci) = points
            sr, si, dr, di = draft.locals(
                kind, [f"{br} + {cr}", f"{bi} + {ci}", f"{br} - {cr}", f"{bi} - {ci}"]
            )
            mr, mi = draft.locals(kind, [f"{ar} - {half} * {sr}", f"{ai} - {half} * {si}"])
            w = draft.constant(kind)
            out = [
                (f"{ar} + {sr}", f"{ai} + {si}"),
                (f"{mr} {sign} {w} * {di}", f"{mi} {back} {w} * {dr}"),
                (f"{mr} {back} {w} * {di}", f"{mi} {sign} {w} * {dr}"),
            ]
        else:
            (ar, ai), (br, bi), (cr, ci), (dr, di) = points
            e = draft.locals(kind, [f"{ar} + {cr}", f"{ai} + {ci}", f"{ar} - {cr}", f"{ai} - {ci}"])
            o = draft.locals(kind, [f"{br} + {dr}", f"{bi} + {di}", f"{br} - {dr}", f"{bi} - {di}"])
            out = [
                (f"{e[0]} + {o[0]}", f"{e[1]} + {o[1]}"),
                (f"{e[2]} {sign} {o[3]}", f"{e[3]} {back} {o[2]}"),
                (f"{e[0]} - {o[0]}", f"{e[1]} - {o[1]}"),
                (f"{e[2]} {back} {o[3]}", f"{e[3]} {sign} {o[2]}"),
            ]
        for r, (re, im) in enumerate(out):
            n = c + r * step
            draft.line(f"{at(target, n, 0)} = {re};")
            draft.line(f"{at(apart, n, 1)} = {im};")


def _even_odd(draft: Draft, kind: Kind, x: list[str], shift: int) -> list[str]:
    """A cosine transform of 4 or 8 values: sums and differences, then products with constants."""
    half = len(x) // 2
    sums = draft.locals(kind, [f"{x[n]} + {x[-1 - n]}" for n in range(half)])
    gaps = draft.locals(kind, [f"{x[n]} - {x[-1 - n]}" for n in range(half)])
    down = f" >> {shift}" if shift and not kind.real else ""
    if half == 4:
        even = _even_odd(draft, kind, sums, shift)
    else:
        even = draft.locals(kind, [f"{sums[0]} + {sums[1]}", f"{sums[0]} - {sums[1]}"])
    odd: list[str] = []
    weights = [draft.constant(kind) for _ in range(half)]
    for row in range(half):
        terms = [f"{gaps[n]} * {weights[(n + row) % half]}" for n in range(half)]
        text = terms[0] + "".join(f" {'-' if (row >> n) & 1 else '+'} {t}" for n, t in enumerate(terms[1:]))
        odd.append(f"({text}){down}")
    result: list[str] = []
    for e, o in zip(even, draft.locals(kind, odd), strict=True):
        result += [e, o]
    return result


def cosine(draft: Draft) -> None:
    """A cosine transform of one row or column of 4 or 8 values, of floats or fixed point."""
    rng = draft.rng
    kind = rng.choice((*REALS, I32, I32))
    count, stride = rng.choice((4, 4, 8)), rng.choice((1, 1, 4, 8))
    values = _even_odd(draft, kind, _read(draft, kind, count, stride), rng.choice((0, 7, 13)))
    out = draft.array(kind, out=True)
    scale = f" * {draft.constant(kind)}" if draft.chance(0.4) else ""
    to = rng.choice((stride, 1))
    draft.assign(kind, [(f"{out}[{n * to}]", f"{v}{scale}") for n, v in enumerate(values)], 0.08)


def walsh(draft: Draft) -> None:
    """Walsh-Hadamard and Haar transforms of 4, 8 or 16 values; a sum of magnitudes of them at times."""
    rng = draft.rng
    kind = rng.choice((I32, I32, I16, *REALS))
    count = rng.choice((4, 8, 8, 16))
    values = _read(draft, kind, count, rng.choice((1, 1, 2, 4)))
    haar = draft.chance(0.3)
    length, step = count, rng.choice((1, count // 2))
    cast = f"({kind.name})" if kind is I16 else ""
    while length > 1:
        new = list(values)
        if haar:
            for n in range(length // 2):
                a, b = values[2 * n], values[2 * n + 1]
                new[n], new[length // 2 + n] = f"{cast}({a} + {b})", f"{cast}({a} - {b})"
            values = draft.locals(kind, new[:length]) + values[length:]
        else:
            gap = length // 2 if step > 1 else count // length
            for n in range(count):
                low = n & ~gap
                new[n] = f"{cast}({values[low]} {'-' if n & gap else '+'} {values[low | gap]})"
            values = draft.locals(kind, new)
        length //= 2
    if draft.chance(0.2) and kind is not I16:
        draft.result = kind.name
        draft.line(f"return {' + '.join(f'__builtin_elementwise_abs({v})' for v in values)};")
        return
    out = draft.array(kind, out=True)
    draft.assign(kind, [(f"{out}[{n}]", v) for n, v in enumerate(values)], 0.08)


def lifting(draft: Draft) -> None:
    """Wavelet lifting of a row: odd samples predicted from even ones, and back."""
    rng = draft.rng
    kind = rng.choice((I32, I16, *REALS))
    count = rng.choice((2, 4, 4, 8))
    a, low, high = draft.array(kind), draft.array(kind, out=True), draft.array(kind, out=True)
    w = draft.constant(kind)
    half = f" * {w}" if kind.real else " >> 1"
    d = draft.locals(
        kind,
        [
            f"({kind.name})({a}[{2 * n + 1}] - (({a}[{2 * n}] + {a}[{2 * n + 2}]){half}))"
            for n in range(count)
        ],
    )
    draft.assign(kind, [(f"{high}[{n}]", d[n]) for n in range(count)], 0.1)
    even = [f"{a}[{2 * n}] + (({d[max(n - 1, 0)]} + {d[n]}){half})" for n in range(count)]
    draft.assign(kind, [(f"{low}[{n}]", f"({kind.name})({even[n]})") for n in range(count)], 0.1)


def block_transform(draft: Draft) -> None:
    """A large one: a whole block of 4x4 or 8x8 through rows, then columns."""
    rng = draft.rng
    kind = rng.choice((I32, *REALS, F64))
    side = rng.choice((4, 8, 8))
    stored = rng.choice((U8, I16, I32)) if not kind.real else kind
    a, out = draft.array(stored), draft.array(kind if kind.real else rng.choice((I16, I32)), out=True)
    shift = rng.choice((0, 7, 11))
    rows = [
        _even_odd(draft, kind, draft.locals(kind, [f"{a}[{side * r + c}]" for c in range(side)]), shift)
        for r in range(side)
    ]
    for c in range(side):
        column = _even_odd(draft, kind, [row[c] for row in rows], shift)
        for r, value in enumerate(column):
            draft.line(f"{out}[{side * r + c}] = {value};")
