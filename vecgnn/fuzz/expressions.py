"""Isomorphic expressions for the lanes of a group.

One template is drawn and written out once per lane, with another offset, constant or earlier value in each,
and now and then an irregular lane.  Results stay defined: a flag is put only where the operands' known
range keeps it, shifts and divisors are masked.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FLOATS = ("float", "double", "half")
_SIZES = {"half": 2, "float": 4, "double": 8, "ptr": 8}


def size_of(type_: str) -> int:
    """Bytes of a scalar type."""
    return _SIZES[type_] if type_ in _SIZES else max(1, int(type_[1:]) // 8)


@dataclass(frozen=True, slots=True)
class Value:
    """An SSA name or constant; ``bits`` bounds an integer: it is below 2**bits."""

    text: str
    type: str
    bits: int = 64


@dataclass(frozen=True, slots=True)
class Array:
    """Memory of one element type behind a pointer."""

    pointer: str
    element: str
    length: int
    noalias: bool
    writable: bool = True
    scope: int = 0


Lane = Callable[[int, "Writer"], Value]
"""Writes one lane's instructions and gives its value."""


class Writer:
    """Instructions of one lane, or of one place in the function; names come from a shared counter."""

    def __init__(self, kernel: Names) -> None:
        self.kernel = kernel
        self.lines: list[str] = []

    def emit(self, text: str, type_: str, bits: int = 64, attachment: str = "") -> Value:
        name = self.kernel.fresh()
        self.lines.append(f"  {name} = {text}{attachment}")
        return Value(
            name, type_, min(bits, int(type_[1:])) if type_[0] == "i" and type_[1:].isdigit() else bits
        )

    def line(self, text: str) -> None:
        self.lines.append(f"  {text}")


class Names:
    """What all writers of a function share: fresh names and the declarations they need."""

    def __init__(self) -> None:
        self.count = 0
        self.declared: dict[str, None] = {}

    def fresh(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def intrinsic(self, name: str, result: str, arguments: Sequence[str]) -> str:
        self.declared[f"declare {result} @{name}({', '.join(arguments)})"] = None
        return f"@{name}"


@dataclass(slots=True)
class Context:
    """What expressions may use where they stand."""

    rng: random.Random
    names: Names
    arrays: Sequence[Array]
    scalars: Sequence[Value]
    pools: list[list[Value]]  # earlier groups, lane by lane
    index: str = ""  # an i64 that all addresses are relative to
    float_flags: str = ""
    tagged: str = ""  # "", "tbaa" or "scope": the metadata of accesses
    strange: float = 0.06  # share of irregular lanes


def address(writer: Writer, array: Array, offset: int, index: str, rng: random.Random) -> str:
    """A pointer to element ``offset`` (plus the index, in elements)."""
    pointer = array.pointer
    if index:
        pointer = writer.emit(
            f"getelementptr inbounds {array.element}, ptr {pointer}, i64 {index}", "ptr"
        ).text
    if offset == 0 and rng.random() < 0.8:
        return pointer
    if rng.random() < 0.7:
        flags = rng.choice(
            ("inbounds ", "inbounds nuw ", "", "inbounds ") if offset >= 0 else ("inbounds ", "")
        )
        text = f"getelementptr {flags}i8, ptr {pointer}, i64 {offset * size_of(array.element)}"
    else:
        text = f"getelementptr inbounds {array.element}, ptr {pointer}, i64 {offset}"
    return writer.emit(text, "ptr").text


def tag(array: Array, tagged: str) -> str:
    """The metadata attached to an access, where the function has any."""
    if tagged == "scope":
        return f", !alias.scope !{210 + array.scope}, !noalias !{220 + array.scope}" if array.scope else ""
    if not tagged:
        return ""
    number = {
        "i8": 111,
        "i16": 112,
        "i32": 113,
        "i64": 114,
        "half": 115,
        "float": 116,
        "double": 117,
        "ptr": 118,
    }
    return f", !tbaa !{number[array.element]}"


def lane_offsets(rng: random.Random, lanes: int) -> list[int]:
    """Where the lanes of a load stand: in order, reversed, strided, permuted, with one out of line, or
    equal."""
    first = rng.randrange(0, 9)
    kind = rng.random()
    if kind < 0.55:
        return [first + lane for lane in range(lanes)]
    if kind < 0.67:
        return [first + lanes - 1 - lane for lane in range(lanes)]
    if kind < 0.77:
        stride = rng.choice((2, 3, 4))
        return [first + lane * stride for lane in range(lanes)]
    if kind < 0.89:
        order = list(range(lanes))
        rng.shuffle(order)
        return [first + lane for lane in order]
    if kind < 0.95:
        offsets = [first + lane for lane in range(lanes)]
        offsets[rng.randrange(lanes)] = rng.randrange(20)
        return offsets
    return [first + lane // 2 for lane in range(lanes)]


def template(context: Context, type_: str, lanes: int, depth: int) -> Lane:
    """Draw an expression of that type; the lane number says which lane to write."""
    if depth <= 0:
        return _leaf(context, type_, lanes)
    if type_ in FLOATS:
        return _float(context, type_, lanes, depth)
    if type_ == "i1":
        return _comparison(context, lanes, depth)
    return _integer(context, type_, lanes, depth)


def _leaf(context: Context, type_: str, lanes: int) -> Lane:
    rng = context.rng
    arrays = [array for array in context.arrays if array.element == type_]
    pools = [pool for pool in context.pools if pool[0].type == type_]
    scalars = [scalar for scalar in context.scalars if scalar.type == type_]
    kind = rng.random()
    if arrays and kind < 0.62:
        array = rng.choice(arrays)
        offsets = lane_offsets(rng, lanes)
        shared: dict[int, Value] = {}
        sharing = rng.random() < 0.2
        align = rng.choice((size_of(type_), size_of(type_), 1)) if rng.random() < 0.2 else size_of(type_)

        def load(lane: int, writer: Writer) -> Value:
            if sharing and offsets[lane] in shared and shared[offsets[lane]].text in writer_names(writer):
                return shared[offsets[lane]]
            pointer = address(writer, array, offsets[lane], context.index, context.rng)
            attachment = tag(array, context.tagged)
            value = writer.emit(f"load {type_}, ptr {pointer}, align {align}", type_, attachment=attachment)
            shared[offsets[lane]] = value
            return value

        return load
    if pools and kind < 0.8:
        pool = rng.choice(pools)
        order = [rng.randrange(len(pool)) for _ in range(lanes)] if rng.random() < 0.2 else None
        return lambda lane, writer: pool[order[lane] if order else lane % len(pool)]
    if scalars and kind < 0.88:
        scalar = rng.choice(scalars)
        return lambda lane, writer: scalar
    return _constants(context, type_, lanes)


def writer_names(writer: Writer) -> set[str]:
    """Names written so far in this lane: only these surely stand before what comes next."""
    return {line.split()[0] for line in writer.lines if " = " in line}


def _constants(context: Context, type_: str, lanes: int) -> Lane:
    rng = context.rng
    if type_ in FLOATS:
        numbers = [str(rng.choice((0.5, 1.5, 2.0, 3.0, -1.0, 0.25, 4.0))) for _ in range(lanes)]
    elif type_ == "i1":
        numbers = [rng.choice(("true", "false")) for _ in range(lanes)]
    else:
        top = min(int(type_[1:]) - 1, 12)
        numbers = [str(rng.randrange(1 << top)) for _ in range(lanes)]
    if rng.random() < 0.5:
        numbers = [numbers[0]] * lanes
    return lambda lane, writer: Value(numbers[lane], type_, 12)


def _irregular(context: Context, lanes: int) -> int:
    """The lane in which something differs, -1 for none."""
    return context.rng.randrange(lanes) if context.rng.random() < context.strange else -1


def _integer(context: Context, type_: str, lanes: int, depth: int) -> Lane:
    rng = context.rng
    width = int(type_[1:])
    kind = rng.random()
    if kind < 0.14:
        return _widened(context, type_, lanes, depth)
    if kind < 0.2 and width > 8:
        return _joined(context, type_, lanes, depth)
    if kind < 0.27:
        condition = template(context, "i1", lanes, depth - 1)
        yes, no = (template(context, type_, lanes, depth - 1) for _ in range(2))

        def select(lane: int, writer: Writer) -> Value:
            c, a, b = condition(lane, writer), yes(lane, writer), no(lane, writer)
            return writer.emit(
                f"select i1 {c.text}, {type_} {a.text}, {type_} {b.text}", type_, max(a.bits, b.bits)
            )

        return select
    if kind < 0.38:
        return _integer_intrinsic(context, type_, lanes, depth)
    left, right = template(context, type_, lanes, depth - 1), template(context, type_, lanes, depth - 1)
    operations = [
        "add",
        "sub",
        "mul",
        "and",
        "or",
        "xor",
        "shl",
        "lshr",
        "ashr",
        "udiv",
        "srem",
        "sdiv",
        "urem",
    ]
    weights = [24, 14, 12, 8, 6, 8, 6, 5, 4, 1, 1, 1, 1]
    operation = rng.choices(operations, weights)[0]
    alternating = operation in ("add", "sub") and rng.random() < 0.2
    odd = _irregular(context, lanes)
    flagged = rng.random() < 0.7
    swapped = rng.random() < 0.15
    by = rng.randrange(width)
    shifts = [by if rng.random() < 0.7 else rng.randrange(width) for _ in range(lanes)]
    variable = rng.random() < 0.3

    def binary(lane: int, writer: Writer) -> Value:
        op = operation
        if (alternating and lane % 2) or (lane == odd and op in ("add", "sub")):
            op = "sub" if operation == "add" else "add"
        elif lane == odd and op in ("and", "or", "xor"):
            op = "and"
        a, b = left(lane, writer), right(lane, writer)
        if swapped and lane % 2 and op in ("add", "mul", "and", "or", "xor"):
            a, b = b, a
        return arithmetic(writer, op, type_, a, b, flagged, shifts[lane] if not variable else -1)

    return binary


def arithmetic(writer: Writer, op: str, type_: str, a: Value, b: Value, flagged: bool, shift: int) -> Value:
    """One integer operation with the flags that the operands' ranges allow."""
    width = int(type_[1:])
    flags = ""
    bits = width
    if op in ("add", "mul"):
        bits = max(a.bits, b.bits) + 1 if op == "add" else a.bits + b.bits
        flags = (" nuw" if bits <= width else "") + (" nsw" if bits < width else "")
    elif op == "sub":
        flags = " nsw" if max(a.bits, b.bits) < width else ""
    elif op in ("and", "or", "xor"):
        bits = min(a.bits, b.bits) if op == "and" else max(a.bits, b.bits)
    elif op in ("shl", "lshr", "ashr"):
        if shift < 0:
            b = writer.emit(f"and {type_} {b.text}, {width - 1}", type_, width.bit_length() - 1)
            bits = width if op != "lshr" else a.bits
        else:
            b = Value(str(shift), type_)
            bits = (
                a.bits + shift if op == "shl" else a.bits - shift if a.bits < width or op == "lshr" else width
            )
            if op == "shl":
                flags = (" nuw" if bits <= width else "") + (" nsw" if bits < width else "")
    else:
        mask = 7 if op in ("sdiv", "srem") else (1 << (width - 1)) - 1
        b = writer.emit(f"and {type_} {b.text}, {mask}", type_, 3 if mask == 7 else width - 1)
        b = writer.emit(f"or {type_} {b.text}, 1", type_, b.bits)
        bits = a.bits if a.bits < width else width
    text = f"{op}{flags if flagged else ''} {type_} {a.text}, {b.text}"
    return writer.emit(text, type_, max(0, min(bits, width)))


def _widened(context: Context, type_: str, lanes: int, depth: int) -> Lane:
    """A cast from another width."""
    rng = context.rng
    width = int(type_[1:])
    narrow = [t for t in ("i8", "i16", "i32") if int(t[1:]) < width]
    wide = [t for t in ("i16", "i32", "i64") if int(t[1:]) > width]
    if width < 64 and (not narrow or rng.random() < 0.4):
        source = rng.choice(wide)
        inner = template(context, source, lanes, depth - 1)

        def narrowed(lane: int, writer: Writer) -> Value:
            value = inner(lane, writer)
            return writer.emit(f"trunc {source} {value.text} to {type_}", type_, min(value.bits, width))

        return narrowed
    if rng.random() < 0.15:
        inner = template(context, "i1", lanes, depth - 1)
        return lambda lane, writer: writer.emit(f"zext i1 {inner(lane, writer).text} to {type_}", type_, 1)
    source = rng.choice(narrow)
    signed = rng.random() < 0.45
    inner = template(context, source, lanes, depth - 1)

    def extend(lane: int, writer: Writer) -> Value:
        value = inner(lane, writer)
        low = value.bits < int(source[1:])
        if signed:
            return writer.emit(f"sext {source} {value.text} to {type_}", type_, value.bits if low else width)
        flag = "nneg " if low else ""
        return writer.emit(
            f"zext {flag}{source} {value.text} to {type_}", type_, min(value.bits, int(source[1:]))
        )

    return extend


def _joined(context: Context, type_: str, lanes: int, depth: int) -> Lane:
    """Two bytes put together, or one moved up and down: where ``disjoint`` and ``exact`` hold."""
    high, low = (template(context, "i8", lanes, depth - 1) for _ in range(2))
    down = context.rng.random() < 0.3

    def join(lane: int, writer: Writer) -> Value:
        a = writer.emit(f"zext i8 {high(lane, writer).text} to {type_}", type_, 8)
        moved = writer.emit(f"shl nuw {type_} {a.text}, 8", type_, 16)
        if down:
            return writer.emit(f"lshr exact {type_} {moved.text}, 4", type_, 12)
        b = writer.emit(f"zext i8 {low(lane, writer).text} to {type_}", type_, 8)
        return writer.emit(f"or disjoint {type_} {moved.text}, {b.text}", type_, 16)

    return join


_UNARY = {"abs": ", i1 false", "ctpop": "", "bitreverse": "", "ctlz": ", i1 false", "cttz": ", i1 false"}


def _integer_intrinsic(context: Context, type_: str, lanes: int, depth: int) -> Lane:
    rng = context.rng
    left, right = template(context, type_, lanes, depth - 1), template(context, type_, lanes, depth - 1)
    names = ["smax", "smin", "umax", "umin", "sadd.sat", "uadd.sat", "ssub.sat", "usub.sat", "fshl", *_UNARY]
    if int(type_[1:]) > 8:
        names.append("bswap")
    name = rng.choice(names)
    if name in _UNARY or name == "bswap":
        extra = _UNARY.get(name, "")
        callee = context.names.intrinsic(f"llvm.{name}.{type_}", type_, [type_, "i1"] if extra else [type_])
        return lambda lane, writer: writer.emit(
            f"call {type_} {callee}({type_} {left(lane, writer).text}{extra})", type_
        )
    if name == "fshl":
        callee = context.names.intrinsic(f"llvm.fshl.{type_}", type_, [type_] * 3)
        by = rng.randrange(int(type_[1:]))

        def rotate(lane: int, writer: Writer) -> Value:
            a = left(lane, writer).text
            return writer.emit(f"call {type_} {callee}({type_} {a}, {type_} {a}, {type_} {by})", type_)

        return rotate
    callee = context.names.intrinsic(f"llvm.{name}.{type_}", type_, [type_] * 2)

    def call(lane: int, writer: Writer) -> Value:
        a, b = left(lane, writer), right(lane, writer)
        return writer.emit(f"call {type_} {callee}({type_} {a.text}, {type_} {b.text})", type_)

    return call


def _comparison(context: Context, lanes: int, depth: int) -> Lane:
    rng = context.rng
    elements = [array.element for array in context.arrays if array.element != "ptr"]
    source = rng.choice(elements or ["i32"])
    left, right = (template(context, source, lanes, depth - 1) for _ in range(2))
    if source in FLOATS:
        opcode, words = "fcmp", ("olt", "ogt", "oeq", "une", "ole", "ult", "uno", "oge")
        if context.float_flags and rng.random() < 0.5:
            opcode = f"fcmp {context.float_flags}"
    else:
        opcode, words = "icmp", ("eq", "ne", "slt", "sgt", "ult", "uge", "sle", "ugt")
    predicate = rng.choice(words)
    odd = _irregular(context, lanes)
    instead = rng.choice(words)

    def compare(lane: int, writer: Writer) -> Value:
        a, b = left(lane, writer), right(lane, writer)
        word = instead if lane == odd else predicate
        return writer.emit(f"{opcode} {word} {source} {a.text}, {b.text}", "i1", 1)

    return compare


def _float(context: Context, type_: str, lanes: int, depth: int) -> Lane:
    rng = context.rng
    flags = f"{context.float_flags} " if context.float_flags else ""
    finite = "nnan" in flags or "ninf" in flags or "fast" in flags
    kind = rng.random()
    if kind < 0.1:
        return _float_cast(context, type_, lanes, depth)
    if kind < 0.18:
        condition = template(context, "i1", lanes, depth - 1)
        yes, no = (template(context, type_, lanes, depth - 1) for _ in range(2))

        def select(lane: int, writer: Writer) -> Value:
            c, a, b = condition(lane, writer), yes(lane, writer), no(lane, writer)
            return writer.emit(f"select {flags}i1 {c.text}, {type_} {a.text}, {type_} {b.text}", type_)

        return select
    if kind < 0.32:
        names = [
            "fabs",
            "fma",
            "fmuladd",
            "maxnum",
            "minnum",
            "copysign",
            "floor",
            "maximum",
            "minimum",
            "trunc",
        ]
        names += [] if finite else ["sqrt"]
        name = rng.choice(names)
        count = {
            "fma": 3,
            "fmuladd": 3,
            "maxnum": 2,
            "minnum": 2,
            "copysign": 2,
            "maximum": 2,
            "minimum": 2,
        }.get(name, 1)
        parts = [template(context, type_, lanes, depth - 1) for _ in range(count)]
        callee = context.names.intrinsic(f"llvm.{name}.{_suffix(type_)}", type_, [type_] * count)

        def call(lane: int, writer: Writer) -> Value:
            passed = ", ".join(f"{type_} {part(lane, writer).text}" for part in parts)
            return writer.emit(f"call {flags}{type_} {callee}({passed})", type_)

        return call
    if kind < 0.37:
        inner = template(context, type_, lanes, depth - 1)
        return lambda lane, writer: writer.emit(f"fneg {flags}{type_} {inner(lane, writer).text}", type_)
    left, right = template(context, type_, lanes, depth - 1), template(context, type_, lanes, depth - 1)
    operation = rng.choices(["fadd", "fsub", "fmul", "fdiv"], [10, 6, 10, 0 if finite else 1])[0]
    alternating = operation in ("fadd", "fsub") and rng.random() < 0.2
    odd = _irregular(context, lanes)
    swapped = rng.random() < 0.15
    bare = _irregular(context, lanes)

    def binary(lane: int, writer: Writer) -> Value:
        op = operation
        if (alternating and lane % 2) or (lane == odd and op in ("fadd", "fsub")):
            op = "fsub" if operation == "fadd" else "fadd"
        a, b = left(lane, writer), right(lane, writer)
        if swapped and lane % 2 and op in ("fadd", "fmul"):
            a, b = b, a
        return writer.emit(f"{op} {'' if lane == bare else flags}{type_} {a.text}, {b.text}", type_)

    return binary


def _suffix(type_: str) -> str:
    return {"float": "f32", "double": "f64", "half": "f16"}.get(type_, type_)


def _float_cast(context: Context, type_: str, lanes: int, depth: int) -> Lane:
    rng = context.rng
    kind = rng.random()
    if kind < 0.5:
        source = rng.choice(("i8", "i16", "i32", "i64"))
        opcode = rng.choice(("sitofp", "uitofp"))
        if type_ == "half":  # what does not fit is infinite: fine, but flags may forbid it
            source = "i8"
    else:
        source = "float" if type_ != "float" else rng.choice(("double", "half"))
        widths = {"half": 16, "float": 32, "double": 64}
        opcode = "fpext" if widths[source] < widths[type_] else "fptrunc"
    inner = template(context, source, lanes, depth - 1)
    return lambda lane, writer: writer.emit(f"{opcode} {source} {inner(lane, writer).text} to {type_}", type_)
