"""What each instruction of a function touches: memory, control, the stack; which pairs must keep order."""

from __future__ import annotations

from dataclasses import dataclass

from vecgnn.ir.alias import AliasAnalysis, Location
from vecgnn.ir.effects import BOTH, READ, WRITE, Effects, division_is_safe
from vecgnn.ir.nodes import Instruction

PADS = frozenset({"landingpad", "catchpad", "cleanuppad"})
TERMINATORS = frozenset(
    "ret br switch indirectbr invoke callbr resume unreachable catchswitch catchret cleanupret".split()
)
_EFFECTS = frozenset("phi store fence atomicrmw cmpxchg va_arg alloca".split())
_NEVER_SPECULATED = TERMINATORS | PADS | _EFFECTS
_STACK = ("@llvm.stacksave", "@llvm.stackrestore")


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one instruction touches.  Modes are READ and WRITE bits."""

    references: tuple[tuple[Location, int], ...] = ()  # through pointers it is given
    other: int = 0  # any memory that has escaped
    inaccessible: int = 0
    errno: int = 0
    barrier: bool = False  # keeps its place among all that touch memory
    tail: bool = False  # "other" leaves out this frame's allocas
    stack: bool = False  # saves or restores the stack pointer
    last: bool = False  # nothing may stand between it and the terminator
    convergent: bool = False
    transfers: bool = True  # always goes on to the next instruction
    scopes: str = ""  # !alias.scope and !noalias of a call
    noalias: str = ""

    @property
    def mode(self) -> int:
        found = self.other | self.inaccessible | self.errno | (BOTH if self.barrier else 0)
        for _, mode in self.references:
            found |= mode
        return found


NOTHING = Footprint()


class Footprints:
    """Footprints of the instructions of one function."""

    def __init__(self, alias: AliasAnalysis, effects: Effects) -> None:
        self.alias = alias
        self._effects = effects

    def of(self, instruction: Instruction) -> Footprint:
        form = instruction.form
        match form.opcode:
            case "load" | "store":
                location = self.alias.location(instruction)
                mode = READ if form.opcode == "load" else WRITE
                if form.simple:
                    return Footprint(((location, mode),))
                # A volatile store may trap or end the program (Instruction::willReturn).
                transfers = form.opcode == "load" or "volatile" not in form.attributes
                return Footprint(((location, BOTH),), barrier=True, transfers=transfers)
            case "atomicrmw" | "cmpxchg":
                return Footprint(((self.alias.location(instruction), BOTH),), barrier=True)
            case "fence" | "va_arg":
                return Footprint(barrier=True)
            case "call":
                return self._call(instruction)
            case "alloca":
                return Footprint(barrier=bool(form.attributes & {"inalloca", "swifterror"}))
        return NOTHING

    def _call(self, call: Instruction) -> Footprint:
        form = call.form
        effects = self._effects.of_call(call)
        references = tuple(
            (self.alias.referenced(call, call.operands[position], size), mode)
            for position, mode, size in effects.references
        )
        stack = form.callee.startswith(_STACK)
        return Footprint(
            references,
            other=effects.other,
            inaccessible=effects.inaccessible,
            errno=effects.errno,
            barrier=effects.barrier or stack,
            tail=effects.tail,
            stack=stack,
            last="musttail" in form.attributes or form.callee.startswith("@llvm.experimental.deoptimize"),
            convergent=effects.convergent,
            transfers=effects.transfers,
            scopes=form.metadata.get("alias.scope", ""),
            noalias=form.metadata.get("noalias", ""),
        )

    def safe_to_speculate(self, instruction: Instruction) -> bool:
        """Whether it may be executed where it would not have been (isSafeToSpeculativelyExecute)."""
        form = instruction.form
        if form.opcode in _NEVER_SPECULATED:
            return False
        if form.opcode == "load":
            return form.simple and self.alias.dereferenceable(instruction)
        if form.opcode == "call":
            return self._effects.of_call(instruction).speculatable
        if form.opcode in ("udiv", "sdiv", "urem", "srem"):
            return division_is_safe(instruction)
        return True

    # Pairs

    def conflict(self, first: Footprint, second: Footprint) -> bool:
        """Whether two footprints must keep their order as far as memory goes."""
        if first.barrier or second.barrier:
            return bool(first.mode and second.mode)
        if (
            _ordered(first.other, second.other)
            or _ordered(first.inaccessible, second.inaccessible)
            or _ordered(first.errno, second.errno)
            or _ordered(first.errno, second.other)
            or _ordered(first.other, second.errno)
        ):
            return True
        for location, mode in first.references:
            for other, other_mode in second.references:
                if not _ordered(mode, other_mode) or location.constant or other.constant:
                    continue
                if self.alias.may_alias(location, other):
                    return True
        return self._against_call(first, second) or self._against_call(second, first)

    def _against_call(self, call: Footprint, access: Footprint) -> bool:
        """Whether what a call may do to escaped memory meets another instruction's references."""
        for location, mode in access.references:
            if location.constant:
                continue
            if _ordered(call.other, mode) and self.reaches(call, location):
                return True
            if _ordered(call.errno, mode) and self.may_be_errno(location):
                return True
        return False

    def reaches(self, call: Footprint, location: Location) -> bool:
        """Whether a call's effects on escaped memory can meet a location (BasicAAResult::getModRefInfo)."""
        return self.public(location, call.tail) and self.alias.scopes_may_alias(
            call.scopes, call.noalias, location.scopes, location.noalias
        )

    def public(self, location: Location, tail: bool) -> bool:
        base = location.address.base
        objects = self.alias.objects
        return not objects.private(base) and not (tail and objects.on_stack(base))

    def may_be_errno(self, location: Location) -> bool:
        """Whether a location may be errno: an int in memory that is not this function's (aliasErrno)."""
        if location.size is not None and location.size > 4:
            return False
        if self.alias.objects.identified_local(location.address.base):
            return False
        return self.alias.metadata.errno_may_alias(location.tag)


def _ordered(first: int, second: int) -> bool:
    """Whether two modes on the same memory must keep their order: one of them writes."""
    return bool(first and second and (first | second) & WRITE)


def kind_of(before: Footprint, after: Footprint) -> str:
    """The name of a memory dependence."""
    if before.barrier or after.barrier:
        return "order"
    first, second = before.mode, after.mode
    if first & WRITE and second & READ:
        return "flow"
    if first & WRITE and second & WRITE:
        return "output"
    return "anti" if first & READ and second & WRITE else "order"
