"""What instructions other than plain loads and stores may do: memory touched, control not passed on.

Follows LangRef (memory attribute, argument attributes), Instruction::mayThrow and willReturn,
isGuaranteedToTransferExecutionToSuccessor and isSafeToSpeculativelyExecute of LLVM's ValueTracking.cpp.
"""

from __future__ import annotations

from dataclasses import dataclass

from vecgnn.ir.layout import split_types
from vecgnn.ir.nodes import Declaration, Form, Instruction, Module
from vecgnn.ir.ranges import constant

READ, WRITE = 1, 2
BOTH = READ | WRITE
_MODES = {"none": 0, "read": READ, "write": WRITE, "readwrite": BOTH}

# Their memory effects only stand for control dependence (BasicAA and SLPVectorizer skip them).
_WITHOUT_EFFECT = (
    "@llvm.assume",
    "@llvm.dbg.",
    "@llvm.donothing",
    "@llvm.experimental.noalias.scope.decl",
    "@llvm.pseudoprobe",
    "@llvm.sideeffect",
)
_LIFETIME = ("@llvm.lifetime.start.", "@llvm.lifetime.end.", "@llvm.invariant.")
_SIZED = ("@llvm.memcpy.", "@llvm.memmove.", "@llvm.memset.")
_MASKED = ("@llvm.masked.load.", "@llvm.masked.store.")


@dataclass(frozen=True, slots=True)
class CallEffects:
    """What a call may do.  Modes are READ and WRITE bits, one for each kind of memory."""

    argument: int  # through its pointer arguments
    errno: int
    inaccessible: int  # memory that no load or store of this module can touch
    other: int  # anything else that has escaped
    transfers: bool  # always goes on to the next instruction
    speculatable: bool
    barrier: bool  # nothing that touches memory may pass it
    convergent: bool
    tail: bool  # does not touch this frame's allocas
    references: tuple[tuple[int, int, int | None], ...]  # (operand, mode, bytes or None) through arguments


def memory_modes(text: str) -> tuple[int, int, int, int]:
    """Modes for argument, errno, inaccessible and other memory of what stands in ``memory(...)``."""
    default = 0
    named: dict[str, int] = {}
    for part in split_types(text):
        kind, colon, mode = part.rpartition(": ")
        if colon:
            named[kind] = _MODES.get(mode, BOTH)
        else:
            default = _MODES.get(mode, BOTH)
    inaccessible = named.pop("inaccessiblemem", default)
    argument, errno = named.pop("argmem", default), named.pop("errnomem", default)
    for kind in list(named):
        if kind.startswith("target_mem"):
            inaccessible |= named.pop(kind)
    other = default
    for mode in named.values():  # a kind not known here
        other |= mode
    return argument, errno, inaccessible, other


class Effects:
    """Effects of the calls of one module, found once per form."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._known: dict[Form, CallEffects] = {}
        self._constant_sizes: dict[tuple[Form, str], CallEffects] = {}

    def of_call(self, call: Instruction) -> CallEffects:
        form = call.form
        if form.callee.startswith(_SIZED):
            key = (form, call.operands[2])
            if key not in self._constant_sizes:
                self._constant_sizes[key] = self._read(call)
            return self._constant_sizes[key]
        known = self._known.get(form)
        if known is None:
            known = self._known[form] = self._read(call)
        return known

    def attributes_of_argument(self, form: Form, position: int) -> frozenset[str]:
        """An argument's attributes at the call and at the callee."""
        here = form.argument_attributes[position] if position < len(form.argument_attributes) else frozenset()
        declaration = self._module.declarations.get(form.callee)
        if declaration and position < len(declaration.argument_attributes):
            return here | declaration.argument_attributes[position]
        return here

    def has(self, form: Form, attribute: str) -> bool:
        declaration = self._module.declarations.get(form.callee)
        return attribute in form.attributes or bool(declaration and attribute in declaration.attributes)

    def returned(self, form: Form) -> frozenset[str]:
        """Attributes of what a call returns."""
        declaration = self._module.declarations.get(form.callee)
        return form.return_attributes | (declaration.return_attributes if declaration else frozenset())

    def _read(self, call: Instruction) -> CallEffects:
        form = call.form
        declaration = self._module.declarations.get(form.callee)
        modes = _declared_modes(form, declaration)
        barrier = self.has(form, "returns_twice") or (form.callee == "asm" and " sideeffect " in call.text)
        if form.callee.startswith(_WITHOUT_EFFECT):
            modes = (0, 0, 0, 0)
        elif form.bundles:
            modes = (BOTH, BOTH, BOTH, BOTH)
        argument, errno, inaccessible, other = modes
        references: list[tuple[int, int, int | None]] = []
        volatile = form.callee.startswith(_SIZED) and call.operands[-1] == "true"
        for position, type_ in enumerate(form.operand_types):
            if "ptr" not in type_ or position >= len(form.argument_attributes) or not (argument | other):
                continue
            if not type_.startswith("ptr"):
                other |= argument
                continue
            attributes = self.attributes_of_argument(form, position)
            # A pointer to what has not escaped may be used for both "argument" and "other" effects.
            mode = (argument | other) & _argument_mode(attributes)
            if any(attribute.startswith("byval") for attribute in attributes):
                mode &= READ
            if mode:
                references.append((position, mode, self._size(call)))
        return CallEffects(
            argument=argument,
            errno=errno,
            inaccessible=inaccessible,
            other=other,
            transfers=all(self.has(form, word) for word in ("nounwind", "willreturn"))
            and not self.has(form, "noreturn"),
            speculatable=self.has(form, "speculatable") and not form.bundles,
            barrier=barrier or volatile,
            convergent=self.has(form, "convergent"),
            tail="tail" in form.attributes
            and not any(attribute.startswith("byval") for a in form.argument_attributes for attribute in a),
            references=tuple(references),
        )

    def _size(self, call: Instruction) -> int | None:
        """How many bytes a call touches at each of its pointer arguments, where that is known."""
        form = call.form
        if form.callee.startswith(_SIZED):
            return constant(call.operands[2])
        if form.callee.startswith(_MASKED):
            type_ = form.type if form.type != "void" else form.operand_types[0]
            return None if "vscale" in type_ else self._module.layout.store_size(type_)
        return None


def _declared_modes(form: Form, declaration: Declaration | None) -> tuple[int, int, int, int]:
    modes = (BOTH, BOTH, BOTH, BOTH)
    for attribute in form.attributes:
        if attribute.startswith("memory("):
            modes = memory_modes(attribute[7:-1])
    if declaration and "memory" in declaration.attributes:
        declared = memory_modes(declaration.attributes["memory"])
        modes = tuple(here & there for here, there in zip(modes, declared, strict=True))
    return modes  # pyright: ignore[reportReturnType]


def _argument_mode(attributes: frozenset[str]) -> int:
    if "readnone" in attributes:
        return 0
    if "readonly" in attributes:
        return READ
    return WRITE if "writeonly" in attributes else BOTH


def captured_provenance(attributes: frozenset[str]) -> tuple[bool, bool]:
    """Whether a call may keep the pointer passed under these attributes, and whether it may return it."""
    if "nocapture" in attributes:
        return False, False
    for attribute in attributes:
        if attribute.startswith("byval"):
            return False, False
        if attribute.startswith("captures("):
            kept, returned = "", ""
            for part in split_types(attribute[9:-1]):
                if part.startswith("ret: "):
                    returned = part
                elif "ret: " in returned:
                    returned += part
                else:
                    kept += part
            return "provenance" in kept, "provenance" in returned or "provenance" in kept
    return True, True


def division_is_safe(instruction: Instruction) -> bool:
    """Whether an integer division cannot trap: the divisor is a constant, not 0 and, signed, not -1."""
    divisor = instruction.operands[1]
    if divisor.startswith("splat ("):
        divisor = divisor[7:-1].rpartition(" ")[2]
    number = constant(divisor)
    return number is not None and number != 0 and (instruction.opcode in ("udiv", "urem") or number != -1)
