"""Stencils, filters, polynomials and interpolation: neighbours weighted and summed."""

from __future__ import annotations

from vecgnn.corpus.generate.draft import F64, I16, I32, REALS, U8, U16, Draft, Kind


def _samples(draft: Draft) -> tuple[Kind, Kind]:
    """The types of what is read and of the sums."""
    kind = draft.rng.choice((*REALS, *REALS, I32, U8, I16))
    return kind, kind if kind.real else I32


def _weights(draft: Draft, kind: Kind, count: int) -> list[str]:
    """Literals, parameters or elements of an array, some of them equal."""
    style = draft.rng.random()
    if style < 0.4:
        texts = [draft.constant(kind) for _ in range((count + 1) // 2 if draft.chance(0.5) else count)]
        return (texts + texts[::-1])[-count:]
    if style < 0.6 and count <= 5:
        return [draft.scalar(kind) for _ in range(count)]
    name = draft.table(kind, count) if draft.chance(0.3) else draft.array(kind)
    return [f"{name}[{n}]" for n in range(count)]


def stencil(draft: Draft) -> None:
    """Neighbours in 1 to 3 dimensions, for several points in a row."""
    rng = draft.rng
    kind, wide = _samples(draft)
    dimensions = rng.choice((1, 2, 2, 3))
    points = rng.choice((1, 2, 4, 4, 8))
    row = draft.index() if draft.chance(0.4) else str(rng.choice((8, 16, 34, 64, 100)))
    plane = str(rng.choice((256, 1156, 4096)))
    near = {1: [(0, 0, d) for d in (-1, 0, 1)], 2: [(0, y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]}.get(
        dimensions, [(0, 0, 0), (0, 0, 1), (0, 0, -1), (0, 1, 0), (0, -1, 0), (1, 0, 0), (-1, 0, 0)]
    )
    if dimensions == 1 and draft.chance(0.5):
        near = [(0, 0, -2), *near, (0, 0, 2)]
    if dimensions == 2 and draft.chance(0.5):
        near = [(z, y, x) for z, y, x in near if not (x and y)]
    a, out = draft.array(kind), draft.array(kind, out=True)
    base = draft.index() if draft.chance(0.5) else str(rng.choice((0, 1)))
    if draft.chance(0.15):
        near = rng.sample(near, len(near) - 1)
    weights = _weights(draft, wide, len(near)) if draft.chance(0.75) else []
    middle = draft.array(kind) if draft.chance(0.2) else ""
    pairs: list[tuple[str, str]] = []
    for n in range(points):

        def at(z: int, y: int, x: int, n: int = n) -> str:
            text = (
                f"{base} + {n + x + 2}"
                + (f" + {y} * {row}" if y else "")
                + (f" + {z} * {plane}" if z else "")
            )
            return f"{a}[{text}]"

        if weights:
            terms = [f"{w} * {at(*p)}" for w, p in zip(weights, near, strict=True)]
            value = " + ".join(terms)
        else:
            value = f"{' + '.join(at(*p) for p in near[1:])} - {len(near) - 1} * {at(*near[0])}"
        if middle:
            value = f"{middle}[{base} + {n}] * ({value})"
        if not kind.real and kind.bits < 32:
            value = f"({value}) >> {rng.choice((4, 4, 8))}"
        pairs.append((f"{out}[{base} + {n}]", f"({kind.name})({value})"))
    draft.assign(kind, pairs, 0.12)


def finite_response(draft: Draft) -> None:
    """Several outputs of a filter of some taps, or one output of many taps."""
    rng = draft.rng
    kind, wide = _samples(draft)
    outputs, taps = rng.choice(((1, 8), (1, 16), (2, 4), (4, 4), (4, 4), (4, 3), (8, 4), (3, 5), (4, 8)))
    a, out = draft.array(kind), draft.array(kind, out=True)
    weights = _weights(draft, wide, taps)
    stride = rng.choice((1, 1, 1, 2, 2))
    by_tap = draft.chance(0.3)
    down = "" if kind.real else f" >> {rng.choice((6, 8, 15))}"
    values: list[str] = []
    if by_tap:
        names = draft.locals(wide, [f"{a}[{n * stride}] * {weights[0]}" for n in range(outputs)])
        for t in range(1, taps):
            for n in range(outputs):
                draft.line(f"{names[n]} += {a}[{n * stride + t}] * {weights[t]};")
        values = names
    else:
        for n in range(outputs):
            values.append(" + ".join(f"{a}[{n * stride + t}] * {weights[t]}" for t in range(taps)))
    draft.assign(kind, [(f"{out}[{n}]", f"({kind.name})(({v}){down})") for n, v in enumerate(values)], 0.12)


def recursive_response(draft: Draft) -> None:
    """Recursive filters: biquads in parallel on channels, or samples that hang on the last ones."""
    rng = draft.rng
    kind = rng.choice(REALS)
    channels = rng.choice((1, 2, 2, 4, 4, 8))
    state, x, y = draft.array(kind, out=True), draft.array(kind), draft.array(kind, out=True)
    c = _weights(draft, kind, 5)
    steps = rng.choice((1, 1, 2, 4)) if channels < 8 else 1
    together = draft.chance(0.5)  # the state of one channel lies together
    places = [(2 * n, 2 * n + 1) if together else (n, n + channels) for n in range(channels)]
    z = [draft.locals(kind, [f"{state}[{p}]", f"{state}[{q}]"]) for p, q in places]
    for step in range(steps):
        for n in range(channels):
            at = step * channels + n
            value = draft.local(kind, f"{x}[{at}]")
            result = draft.local(kind, f"{c[0]} * {value} + {z[n][0]}")
            draft.line(f"{z[n][0]} = {c[1]} * {value} - {c[3]} * {result} + {z[n][1]};")
            draft.line(f"{z[n][1]} = {c[2]} * {value} - {c[4]} * {result};")
            draft.line(f"{y}[{at}] = {result};")
    for n, (p, q) in enumerate(places):
        draft.line(f"{state}[{p}] = {z[n][0]};")
        draft.line(f"{state}[{q}] = {z[n][1]};")


def polynomial(draft: Draft) -> None:
    """A polynomial or a quotient of two, by Horner's rule or in powers, at several points."""
    rng = draft.rng
    kind = rng.choice(REALS)
    points, degree = rng.choice((1, 2, 2, 3, 4, 4, 8)), rng.randrange(2, 8)
    x, out = draft.array(kind), draft.array(kind, out=True)
    form = rng.choice(("horner", "horner", "powers", "quotient", "several", "even"))
    c = _weights(draft, kind, degree + 1)
    other = _weights(draft, kind, degree + 1)
    values: list[str] = []

    def horner(at: str, weights: list[str]) -> str:
        text = weights[-1]
        for weight in reversed(weights[:-1]):
            text = f"({text}) * {at} + {weight}"
        return text

    for n in range(points):
        at = draft.local(kind, f"{x}[{0 if form == 'several' else n}]") if draft.chance(0.6) else f"{x}[{n}]"
        if form == "powers":
            values.append(" + ".join(f"{w}" + f" * {at}" * k for k, w in enumerate(c)))
        elif form == "quotient":
            values.append(f"({horner(at, c)}) / ({horner(at, other)})")
        elif form == "even":
            square = draft.local(kind, f"{at} * {at}")
            values.append(f"{at} * ({horner(square, c)})")
        elif form == "several":
            values.append(horner(at, [f"{w} * {n + 1}" for w in c]))
        else:
            values.append(horner(at, c))
    draft.assign(kind, [(f"{out}[{n}]", v) for n, v in enumerate(values)], 0.12)


def interpolation(draft: Draft) -> None:
    """Between two, four or eight neighbours, on channels of a pixel or columns of a field."""
    rng = draft.rng
    kind, wide = rng.choice(((F64, F64), (REALS[0], REALS[0]), (U8, I32), (U8, REALS[0]), (U16, I32)))
    channels = rng.choice((1, 2, 3, 4, 4, 8))
    a, out = draft.array(kind), draft.array(kind, out=True)
    row = draft.index() if draft.chance(0.6) else "64"
    u = draft.scalar(wide)
    form = rng.choice(("linear", "bilinear", "bilinear", "cubic"))
    v = draft.scalar(wide) if form == "bilinear" else u
    one = "1" if wide.real else "256"
    by_weights = draft.chance(0.5)
    pairs: list[tuple[str, str]] = []
    for n in range(channels):
        p = [f"{a}[{n}]", f"{a}[{n + channels}]", f"{a}[{n} + {row}]", f"{a}[{n + channels} + {row}]"]
        if form == "linear":
            value = (
                f"{p[0]} * ({one} - {u}) + {p[1]} * {u}"
                if by_weights
                else f"{p[0]} + ({p[1]} - {p[0]}) * {u}"
            )
        elif form == "cubic":
            q = [f"{a}[{n + k * channels}]" for k in range(4)]
            value = (
                f"{q[1]} + {u} * (({q[2]} - {q[0]}) / 2 + {u} * ({q[0]} - 3 * {q[1]} + {q[2]} * 2 - {q[3]}"
                f" + {u} * (3 * ({q[1]} - {q[2]}) + {q[3]} - {q[0]})))"
            )
        elif by_weights:
            value = (
                f"({p[0]} * ({one} - {u}) + {p[1]} * {u}) * ({one} - {v})"
                f" + ({p[2]} * ({one} - {u}) + {p[3]} * {u}) * {v}"
            )
        else:
            top = draft.local(wide, f"{p[0]} * {one} + ({p[1]} - {p[0]}) * {u}")
            low = draft.local(wide, f"{p[2]} * {one} + ({p[3]} - {p[2]}) * {u}")
            value = f"{top} * {one} + ({low} - {top}) * {v}"
        if not wide.real:
            value = f"({value} + 128) >> {8 if form == 'linear' else 16}"
        pairs.append((f"{out}[{n}]", f"({kind.name})({value})"))
    draft.assign(kind, pairs, 0.12)
