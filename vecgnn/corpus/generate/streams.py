"""Streams of samples and bytes: fixed-point products, correlations, checksums, matches and copies."""

from __future__ import annotations

from vecgnn.corpus.generate.draft import F32, I16, I32, I64, U8, U16, U32, U64, Draft, Kind


def _product(draft: Draft, form: str, a: str, b: str, shift: int) -> str:
    """A product of fixed-point numbers in one of the ways that signal code writes them."""
    if form == "wide":
        return f"(i32)(((i64){a} * {b}) >> {shift})"
    if form == "rounded":
        return f"(i32)(((i64){a} * {b} + {1 << (shift - 1)}) >> {shift})"
    if form == "split":
        return f"((({a}) >> 16) * (i32)(i16)({b}) + (((({a}) & 0xffff) * (i32)(i16)({b})) >> 16))"
    return f"(((i32)(i16)({a}) * (i16)({b})) >> {shift})"


def fixed_point(draft: Draft) -> None:
    """Fixed-point products with shifts, sums and butterflies of them, saturated or not."""
    rng = draft.rng
    lanes = rng.choice((2, 4, 4, 8))
    form, shift = rng.choice(("wide", "rounded", "split", "short", "short")), rng.choice((8, 14, 15, 15))
    element = I16 if form == "short" and draft.chance(0.6) else I32
    a, b, out = draft.array(element), draft.array(element), draft.array(element, out=True)
    way = rng.choice(("product", "add", "complex", "lerp"))
    other = draft.array(element) if way in ("add", "lerp") else ""
    pairs: list[tuple[str, str]] = []
    for n in range(lanes):
        x, y = f"{a}[{n}]", f"{b}[{n}]"
        value = _product(draft, form, x, y, shift)
        if way == "add":
            value = f"{other}[{n}] + {value}"
        elif way == "lerp":
            value = f"{x} + {_product(draft, form, f'({other}[{n}] - {x})', y, shift)}"
        elif way == "complex":
            m = n ^ 1
            sign = "-" if n % 2 == 0 else "+"
            first = _product(draft, form, f"{a}[{n & ~1}]", f"{b}[{n}]", shift)
            value = f"{first} {sign} {_product(draft, form, f'{a}[{n | 1}]', f'{b}[{m}]', shift)}"
        if element is I16 and draft.chance(0.3):
            value = f"__builtin_elementwise_max(__builtin_elementwise_min((i32)({value}), 32767), -32768)"
        pairs.append((f"{out}[{n}]", f"({element.name})({value})"))
    draft.assign(element, pairs)


def correlation(draft: Draft) -> None:
    """Several sums over the same samples at neighbouring lags, in a loop or written out."""
    rng = draft.rng
    kind, wide = rng.choice(((I16, I32), (I16, I32), (F32, F32), (I16, I64), (U8, I32)))
    lags, taps = rng.choice((2, 4, 4, 8)), rng.choice((1, 2, 4, 4, 8))
    x, y, out = draft.array(kind), draft.array(kind), draft.array(wide, out=True)
    sums = draft.locals(wide, [f"{out}[{n}]" if draft.chance(0.5) else "0" for n in range(lags)])
    loop = draft.chance(0.6)
    index = ""
    if loop:
        count, index = draft.scalar("int"), draft.fresh("j")
        draft.line("#pragma clang loop vectorize(disable) interleave(disable)")
        draft.open(f"for (int {index} = 0; {index} < {count}; {index} += {taps})")
        index += " + "
    for t in range(taps):
        sample = draft.local(wide, f"{x}[{index}{t}]")
        for n in range(lags):
            draft.line(f"{sums[n]} += {sample} * {y}[{index}{t + n}];")
    if loop:
        draft.close()
    draft.assign(wide, [(f"{out}[{n}]", name) for n, name in enumerate(sums)], 0.08)


def checksum(draft: Draft) -> None:
    """Checksums of bytes in a row: two running sums, tables picked by bytes, multiply and xor."""
    rng = draft.rng
    draft.result = "u32"
    data = draft.array(U8)
    count = rng.choice((3, 4, 5, 6, 8, 8, 12, 16))
    prime = rng.choice(("16777619u", "31u", "33u", draft.constant(U32)))
    form = rng.choice(("sums", "table", "multiply", "words"))
    start = draft.scalar(U32)
    if form == "sums":
        low, high = draft.local(U32, f"{start} & 0xffff"), draft.local(U32, f"{start} >> 16")
        for n in range(count):
            draft.line(f"{low} += {data}[{n}]; {high} += {low};")
        draft.line(f"return ({high} << 16) | ({low} % 65521u);")
    elif form == "table":
        table = draft.pointer("u32")
        many = draft.chance(0.5)
        value = draft.local(U32, f"~{start}")
        if many:
            terms = [f"{table}[{256 * (3 - n)} + (({value} >> {8 * n}) & 0xff)]" for n in range(4)]
            draft.line(f"return {' ^ '.join(terms)};")
        else:
            for n in range(min(count, 8)):
                draft.line(f"{value} = {table}[({value} ^ {data}[{n}]) & 0xff] ^ ({value} >> 8);")
            draft.line(f"return ~{value};")
    elif form == "multiply":
        value, mix = draft.local(U32, start), rng.choice("^+")
        for n in range(count):
            draft.line(f"{value} = ({value} {mix} {data}[{n}]) * {prime};")
        draft.line(f"return {value};")
    else:
        words = draft.array(U32)
        names = draft.locals(
            U32, [f"{words}[{n}] * {prime} + {data}[{n}]" for n in range(rng.choice((3, 4, 6)))]
        )
        shifts = [rng.randrange(1, 31) for _ in names]
        turned = [
            f"(({v} << {shift}) | ({v} >> {32 - shift}))" for v, shift in zip(names, shifts, strict=True)
        ]
        draft.line(f"return {' + '.join(turned)} + {start};")


def copies(draft: Draft) -> None:
    """Bytes or words copied, filled and compared in a row, between fields and buffers of other types."""
    rng = draft.rng
    kind: Kind = rng.choice((U8, U8, U16, U32, U64, I16))
    lanes = rng.choice((3, 4, 6, 8, 8, 16))
    a, out = draft.array(kind), draft.array(kind, out=True)
    at = draft.index() if draft.chance(0.4) else "0"
    form = rng.choice(("copy", "fill", "compare", "overlap", "mixed"))
    if form == "compare":
        draft.result = "int"
        count = draft.local("int", "0")
        for n in range(lanes):
            if draft.chance(0.85):
                draft.line(f"{count} += {a}[{at} + {n}] == {out}[{n}];")
        draft.line(f"return {count};")
        return
    if form == "fill":
        value = draft.scalar(kind)
        pairs = [(f"{out}[{at} + {n}]", value if draft.chance(0.9) else "0") for n in range(lanes)]
    elif form == "overlap":
        distance = rng.randrange(1, 5)
        pairs = [(f"{out}[{n + distance}]", f"{out}[{n}]") for n in range(lanes)]
    elif form == "mixed":
        fields = draft.structure(
            [(rng.choice(("u8", "u16", "u32", "i32", "float")), f"f{n}") for n in range(lanes)]
        )
        record = draft.pointer(fields)
        pairs = [(f"{out}[{n}]", f"({kind.name}){record}->f{n}") for n in range(lanes)]
    else:
        pairs = [(f"{out}[{n}]", f"{a}[{at} + {n}]") for n in range(lanes)]
    draft.assign(kind, pairs, 0.3)
