"""The intrinsics that have elementwise vector forms: their operands and how their vector forms are spelt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from vecgnn.errors import InternalError
from vecgnn.ir.layout import vector_of

OperandKind = Literal["vector", "other", "immediate", "scalar"]
"""How a vector form takes an operand: a vector of the result's element type; a vector of an element type of
its own; an immediate constant, or a scalar value (both must be the same in all lanes)."""

_SUFFIXES = {"half": "f16", "bfloat": "bf16", "float": "f32", "double": "f64", "x86_fp80": "f80", "ptr": "p0"}


@dataclass(frozen=True, slots=True)
class IntrinsicShape:
    """Operands of an elementwise intrinsic, one entry each, and what its name's suffix says.

    ``suffix`` lists positions: -1 for the result, otherwise an operand.  ``result`` is "i1" where the result
    is always that, else "".  ``domain`` says what the first operand holds: "int" or "float".
    """

    operands: tuple[OperandKind, ...]
    types: tuple[str, ...]  # per operand: the type of an immediate or scalar, else ""
    suffix: tuple[int, ...] = (-1,)
    domain: Literal["int", "float"] = "float"
    result: str = ""

    @property
    def shared(self) -> tuple[int, ...]:
        """The operands that must be the same in all lanes and stay scalar."""
        return tuple(i for i, kind in enumerate(self.operands) if kind in ("immediate", "scalar"))


def _shape(
    operands: str, domain: Literal["int", "float"], suffix: tuple[int, ...] = (-1,), result: str = ""
) -> IntrinsicShape:
    """From a short form: v a vector, o a vector of its own type, b, w immediates of i1 and i32, n an i32."""
    kinds: dict[str, tuple[OperandKind, str]] = {
        "v": ("vector", ""), "o": ("other", ""),
        "b": ("immediate", "i1"), "w": ("immediate", "i32"), "n": ("scalar", "i32"),
    }  # fmt: skip
    return IntrinsicShape(
        tuple(kinds[c][0] for c in operands), tuple(kinds[c][1] for c in operands), suffix, domain, result
    )


def _table() -> dict[str, IntrinsicShape]:
    groups: list[tuple[str, IntrinsicShape]] = [
        ("fabs sqrt sin cos tan asin acos atan sinh cosh tanh exp exp2 exp10 log", _shape("v", "float")),
        ("log2 log10 floor ceil trunc rint nearbyint round roundeven canonicalize", _shape("v", "float")),
        ("pow atan2 copysign minnum maxnum minimum maximum minimumnum maximumnum", _shape("vv", "float")),
        ("fma fmuladd", _shape("vvv", "float")),
        ("powi", _shape("vn", "float", (-1, 1))),
        ("ldexp", _shape("vo", "float", (-1, 1))),
        ("is.fpclass", _shape("ow", "float", (0,), "i1")),
        ("fptosi.sat fptoui.sat lrint llrint lround llround", _shape("o", "float", (-1, 0))),
        ("bitreverse bswap ctpop", _shape("v", "int")),
        ("abs ctlz cttz", _shape("vb", "int")),
        ("smin smax umin umax sadd.sat uadd.sat ssub.sat usub.sat sshl.sat ushl.sat", _shape("vv", "int")),
        ("smul.fix smul.fix.sat umul.fix umul.fix.sat", _shape("vvw", "int")),
        ("fshl fshr", _shape("vvv", "int")),
        ("scmp ucmp", _shape("oo", "int", (-1, 0))),
    ]
    return {f"llvm.{name}": shape for names, shape in groups for name in names.split()}


VECTOR_INTRINSICS = _table()
"""By name without the type suffix."""


def type_suffix(elem: str, lanes: int = 1) -> str:
    """How a type is written in the name of an intrinsic: ``f64``, ``v4i32``."""
    return (f"v{lanes}" if lanes > 1 else "") + _SUFFIXES.get(elem, elem)


@cache
def base_name(callee: str) -> str:
    """The table's name of an intrinsic's callee (``@llvm.fma.v4f32``: ``llvm.fma``), "" for any other."""
    name = callee.removeprefix("@")
    while name.startswith("llvm."):
        if name in VECTOR_INTRINSICS:
            return name
        name = name.rpartition(".")[0]
    return ""


def intrinsic_declaration(
    name: str, result_elem: str, operand_elems: Sequence[str], lanes: int
) -> tuple[str, str]:
    """The name and the declaration of an intrinsic at that width, from its element types.

    ``operand_elems`` has one entry per operand; entries of operands that stay scalar are their own types.
    """
    shape = VECTOR_INTRINSICS.get(name)
    if shape is None or len(shape.operands) != len(operand_elems):
        raise InternalError(f"{name} with {len(operand_elems)} operands is not an elementwise intrinsic")
    wide = [kind in ("vector", "other") for kind in shape.operands]
    suffix = [
        type_suffix(operand_elems[i], lanes if wide[i] else 1) if i >= 0 else type_suffix(result_elem, lanes)
        for i in shape.suffix
    ]
    types = [
        vector_of(elem, lanes) if vector and lanes > 1 else elem
        for elem, vector in zip(operand_elems, wide, strict=True)
    ]
    for i, kind in enumerate(shape.operands):
        if kind == "immediate":
            types[i] += " immarg"
    mangled = "@" + ".".join([name, *suffix])
    result = vector_of(result_elem, lanes) if lanes > 1 else result_elem
    return mangled, f"declare {result} {mangled}({', '.join(types)})"
