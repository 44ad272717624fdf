"""Pixels, samples and packed integers."""

from __future__ import annotations

from vecgnn.corpus.generate.draft import F32, F64, I8, I16, I32, I64, U8, U16, U32, U64, Draft
from vecgnn.corpus.generate.expressions import elements, places


def pixels(draft: Draft) -> None:
    """Pixels of a few channels: blending, premultiplying, inverting, saturating sums, scaling as floats."""
    rng = draft.rng
    kind = rng.choice((U8, U8, U8, U16))
    top = (1 << kind.bits) - 1
    count, channels = rng.choice(((1, 4), (1, 4), (2, 4), (4, 4), (1, 3), (2, 3), (4, 3), (8, 1), (16, 1)))
    a, b, out = draft.array(kind), draft.array(kind), draft.array(kind, out=True)
    operation = rng.choice(
        ("over", "premultiply", "add", "subtract", "lerp", "invert", "average", "multiply", "curve")
    )
    weight = draft.scalar("unsigned") if operation == "lerp" else ""
    scale = draft.constant(F32)
    pairs: list[tuple[str, str]] = []
    for pixel in range(count):
        alpha = f"{a}[{(pixel + 1) * channels - 1}]"
        if operation in ("over", "premultiply") and draft.chance(0.6):
            alpha = draft.local("unsigned", alpha)
        for channel in range(channels):
            n = pixel * channels + channel
            x, y = f"{a}[{n}]", f"{b}[{n}]"
            if operation == "over":
                value = f"{x} + (({y} * ({top}u - {alpha}) + {top // 2 + 1}) >> {kind.bits})"
            elif operation == "premultiply":
                value = alpha if channel == 3 else f"({x} * {alpha} + {top // 2 + 1}) / {top}"
            elif operation == "add":
                value = f"{x} + {y} > {top} ? {top} : {x} + {y}"
            elif operation == "subtract":
                value = f"{x} > {y} ? {x} - {y} : 0"
            elif operation == "lerp":
                value = f"({x} * (256 - {weight}) + {y} * {weight} + 128) >> 8"
            elif operation == "invert":
                value = f"{top} - {x}" if channel < 3 else x
            elif operation == "average":
                value = f"({x} + {y} + 1) >> 1"
            elif operation == "multiply":
                value = f"((unsigned){x} * {y} + {top // 2}) >> {kind.bits}"
            else:
                value = f"(float){x} * {scale} + (float){y}"
            pairs.append((f"{out}[{n}]", f"({kind.name})({value})"))
    draft.assign(kind, pairs)


def converted(draft: Draft) -> None:
    """Elements of one type turned into another: widened, narrowed with or without saturation, scaled."""
    rng = draft.rng
    lanes = draft.width()
    source, target = rng.sample((U8, U16, I8, I16, I32, U32, I64, F32, F32, F64), 2)
    if source is target:
        target = I32
    a, out = draft.array(source), draft.array(target, out=True)
    at, to = places(draft, lanes), places(draft, lanes)
    x = elements(a, at)
    wide = target if target.real or (not source.real and target.bits > source.bits) else source
    if not wide.real and wide.bits < 32:
        wide = I32
    scale, shift = draft.constant(wide), rng.randrange(1, 8)
    form = rng.choice(("plain", "scale", "scale", "offset", "saturate", "shift", "accumulate"))
    values: list[str] = []
    for n in range(lanes):
        value = f"({wide.name}){x(n)}"
        if form == "scale":
            value = f"{value} * {scale}"
        elif form == "offset":
            value = f"({value} - {scale}) * 3"
        elif form == "shift" and not wide.real:
            value = f"({value} + {1 << (shift - 1)}) >> {shift}"
        elif form == "accumulate":
            value = f"{out}[{to[n]}] + {value}"
        elif form == "saturate" and not target.real and target.bits < wide.bits:
            high = (1 << (target.bits - target.signed)) - 1
            low = -high - 1 if target.signed else 0
            value = f"({value} > {high} ? {high} : {value} < {low} ? {low} : {value})"
        values.append(f"({target.name})({value})")
    draft.assign(target, [(f"{out}[{to[n]}]", values[n]) for n in range(lanes)])


def packed(draft: Draft) -> None:
    """Fields of bits taken out of words or put together to words, bytes loaded as words of either order."""
    rng = draft.rng
    word = rng.choice((U16, U32, U32, U64))
    part = rng.choice([kind for kind in (U8, U16) if kind.bits < word.bits])
    count = word.bits // part.bits
    words = rng.choice((1, 2, 2, 4))
    big = draft.chance(0.4)
    if draft.chance(0.5):
        source, out = draft.array(word), draft.array(part, out=True)
        pairs: list[tuple[str, str]] = []
        for n in range(words * count):
            shift = part.bits * (count - 1 - n % count if big else n % count)
            pairs.append((f"{out}[{n}]", f"({part.name})({source}[{n // count}] >> {shift})"))
        draft.assign(part, pairs, 0.15)
        return
    source, out = draft.array(part), draft.array(word, out=True)
    extra = f" ^ {draft.scalar(word)}" if draft.chance(0.5) else ""
    pairs = []
    for w in range(words):
        parts = [
            f"(({word.name}){source}[{w * count + n}] << {part.bits * (count - 1 - n if big else n)})"
            for n in range(count)
        ]
        pairs.append((f"{out}[{w}]", f"({word.name})(({' | '.join(parts)}){extra})"))
    draft.assign(word, pairs, 0.15)


def colour(draft: Draft) -> None:
    """Colours from one space to another by fixed-point or float weights, for a few pixels."""
    rng = draft.rng
    real = draft.chance(0.4)
    element = rng.choice((F32, U8)) if real else rng.choice((U8, U8, U16))
    pixels_, step = rng.choice((1, 2, 4)), rng.choice((3, 3, 4))
    planar = draft.chance(0.4)
    a = draft.array(element)
    planes = [draft.array(element, out=True) for _ in range(3 if planar else 1)]
    shift = rng.choice((8, 14, 16))
    weights = [
        [
            round(rng.uniform(-1, 1), 3) if real else rng.randrange(-(1 << (shift - 1)), 1 << (shift - 1))
            for _ in range(3)
        ]
        for _ in range(3)
    ]
    pairs: list[tuple[str, str]] = []
    for pixel in range(pixels_):
        inputs = [f"{a}[{pixel * step + k}]" for k in range(3)]
        if draft.chance(0.5):
            inputs = draft.locals(F32 if real else I32, inputs)
        for channel in range(3):
            total = " + ".join(
                f"{inputs[k]} * {weights[channel][k]}{'f' if real else ''}" for k in range(3)
            ).replace("+ -", "- ")
            if not real:
                total = f"({total} + {1 << (shift - 1)}) >> {shift}"
            to = f"{planes[channel]}[{pixel}]" if planar else f"{planes[0]}[{pixel * step + channel}]"
            pairs.append((to, f"({element.name})({total})"))
    draft.assign(element, pairs, 0.12)


def difference(draft: Draft) -> None:
    """Sums of absolute or squared differences of two rows of pixels, of several rows at times."""
    rng = draft.rng
    kind = rng.choice((U8, U8, U16, I16))
    lanes, rows = rng.choice(((4, 1), (8, 1), (16, 1), (4, 2), (4, 4), (8, 2)))
    a, b = draft.array(kind), draft.array(kind)
    stride = draft.index() if rows > 1 else "0"
    draft.result = "int"
    squared = draft.chance(0.35)
    terms: list[str] = []
    for row in range(rows):
        for n in range(lanes):
            x, y = (f"(int){name}[{row} * {stride} + {n}]" for name in (a, b))
            term = f"({x} - {y}) * ({x} - {y})" if squared else f"__builtin_elementwise_abs({x} - {y})"
            terms.append(term)
    draft.line(f"return {' + '.join(terms)};")
