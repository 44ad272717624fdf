"""What LLVM's cost model sees in the operands of an instruction, as the words that a table's queries take."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from vecgnn.slp.target.intrinsics import VECTOR_INTRINSICS
from vecgnn.slp.target.shuffles import machine_of

if TYPE_CHECKING:
    from vecgnn.slp.target.table import Target


def _integers(values: Sequence[str]) -> list[int] | None:
    words = {"true": "1", "false": "0", "zeroinitializer": "0"}
    try:
        return [int(words.get(value, value)) for value in values]
    except ValueError:
        return None


def is_constant(value: str) -> bool:
    """Whether a token is a constant that the cost model sees as one: not a name, and not undef or poison."""
    return value[0] not in "%@" and value not in ("undef", "poison")


@cache
def operand_kind(values: tuple[str, ...]) -> str:
    """What LLVM's cost model sees in the operand of these lanes: "any", "uniform" (one variable), "const",
    "const_pow2", "const_negpow2" (different constants), "uniform_const", "pow2", "negpow2" (one constant)."""
    if not all(is_constant(value) for value in values):
        if all(value[0] not in "%@" for value in values):  # undef or poison among constants
            return "const" if any(is_constant(value) for value in values) else "any"
        return "uniform" if len(values) > 1 and len(set(values)) == 1 else "any"
    uniform = len(set(values)) == 1
    integers = _integers(values)
    if integers is None:
        return "uniform_const" if uniform else "const"
    power = all(value > 0 and not value & (value - 1) for value in integers)
    negative = all(value < 0 and not -value & (-value - 1) for value in integers)
    kind = "pow2" if power else "negpow2" if negative else ""
    if uniform:
        return kind or "uniform_const"
    return f"const_{kind}" if kind else "const"


def multiplication_kind(target: Target, elem: str, lhs: str, rhs: str) -> str:
    """Whether a vector multiplication has operands so narrow that it is cheaper: "narrow15", "narrow32", "".

    An operand is described as ``zext i8``, ``sext i16`` (an extension from that type), as constants
    (``const 3 -1 ...``), or as "" for anything else.
    """
    if elem not in ("i32", "i64") or not lhs or not rhs or machine_of(target.triple) != "x86":
        return ""
    first, second = _narrowness(lhs), _narrowness(rhs)
    bits, signed = max(first[0], second[0]), first[1] or second[1]
    if elem == "i64":
        return "narrow32" if bits <= 32 and not signed else ""
    if bits > 15:
        return ""
    constant = lhs.startswith("const") or rhs.startswith("const")
    extended = not first[1] or not second[1]
    sse41 = "+sse4.1" in target.features
    words = any(
        text.startswith("sext") and (width == 15 or not sse41)
        for text, (width, _) in ((lhs, first), (rhs, second))
    )
    return "narrow15" if constant or extended or words else ""


def _narrowness(operand: str) -> tuple[int, bool]:
    """Bits that hold an operand, and whether it may be negative."""
    kind, *rest = operand.split(" ")
    if kind == "const":
        integers = _integers(rest)
        if integers is None or not any(integers):  # all zero is a constant of another sort to LLVM
            return 64, False
        bits = max(value.bit_length() if value >= 0 else (-value - 1).bit_length() for value in integers)
        return bits, any(value < 0 for value in integers)
    width = int(rest[0][1:])
    return (width - 1, True) if kind == "sext" else (width, False)


def intrinsic_variant(name: str, flags: frozenset[str], operands: Sequence[tuple[str, ...]]) -> str:
    """What of a call of an elementwise intrinsic changes its price; ``operands`` are lanes of values, one
    tuple per operand (of one value each for a scalar call, or for an operand that stays scalar)."""
    if name in ("llvm.fshl", "llvm.fshr"):
        amount = operand_kind(operands[2]).replace("negpow2", "").replace("pow2", "").rstrip("_")
        amount = {"any": "", "": "uniform_const"}.get(amount, amount)
        return f"rotate {amount}".strip() if operands[0] == operands[1] else amount
    if name == "llvm.powi" or VECTOR_INTRINSICS[name].types[-1] == "i1":
        value = operands[-1][0]
        return "" if value[0] == "%" or value == "false" else value
    if name[5:8] in ("min", "max"):
        return "nnan" if flags & {"nnan", "fast"} else ""
    return ""
