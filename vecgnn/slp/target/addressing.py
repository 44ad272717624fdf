"""Which address computations an access does for nothing: LLVM's isLegalAddressingMode, by machine.

A getelementptr that fits into the addressing mode of its user costs nothing, any other one instruction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vecgnn.errors import InputError
from vecgnn.ir.layout import DataLayout, split_types


@dataclass(frozen=True, slots=True)
class Address:
    """A base, a constant, and at most one index times a scale (0 without an index)."""

    offset: int
    scale: int
    type: str  # what the last index selects: the accessed type, where the user does not say another


def address_of(source: str, indices: Sequence[str], layout: DataLayout) -> Address | None:
    """The address a getelementptr of this source type computes; None with two variable indices."""
    offset = scale = 0
    current = source
    for position, index in enumerate(indices):
        if position:
            body = layout.types.get(current, current)
            if body[0] == "{" or body.startswith("<{"):
                field = int(index)
                offset += layout.struct(current)[0][field]
                current = layout.fields(current)[field]
                continue
            current = _element(current)
        size = layout.size(current)
        try:
            offset += int(index) * size
        except ValueError:
            if scale:
                return None
            scale = size
    return Address(offset, scale, current)


def _element(type_: str) -> str:
    """Element type of an array or vector type."""
    if type_[0] in "[<" and " x " in type_:
        return type_[1:-1].split(" x ", 1)[1]
    raise InputError(f"no elements in type {type_}")


def legal(machine: str, address: Address, access: int, reachable: bool | None) -> bool:
    """Whether the machine's loads and stores of ``access`` bytes (0 where not known) take the address.

    ``reachable`` is None for a base in a register; for a global, whether its address is a constant to the
    linker (dso_local), as code that is not position-independent has it.
    """
    if machine == "x86":
        if reachable is not None and (not reachable or address.offset >= 16 << 20):
            return False
        if not -(1 << 31) <= address.offset < 1 << 31:
            return False
        return address.scale in (0, 1, 2, 4, 8) or (address.scale in (3, 5, 9) and reachable is not None)
    if reachable is not None or (address.offset and address.scale):
        return False
    if access & (access - 1):
        access = 0
    if address.scale:
        return address.scale in (1, access)
    if -256 <= address.offset < 256:
        return True
    return (
        access > 0 and address.offset > 0 and address.offset % access == 0 and address.offset < access << 12
    )


def constant_lanes(token: str, lanes: int) -> tuple[str, ...] | None:
    """The lanes of a vector constant, None where the token is something else."""
    if token in ("zeroinitializer", "undef", "poison"):
        return ("0" if token == "zeroinitializer" else token,) * lanes
    if token.startswith(("splat (", "splat(")):
        return (token[token.index("(") + 1 : -1].split(" ", 1)[1],) * lanes
    if token[0] == "<":
        return tuple(part.split(" ", 1)[1] for part in split_types(token[1:-1]))
    return None


def splat_value(token: str) -> str:
    """The one value of a constant that is the same in all lanes; any other token as it is."""
    lanes = constant_lanes(token, 1)
    return lanes[0] if lanes and len(set(lanes)) == 1 else token
