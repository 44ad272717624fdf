"""What a base pointer may point into, and which of these objects are known to differ.

Follows LLVM's BasicAliasAnalysis.cpp (aliasCheck), AliasAnalysis.cpp (isIdentifiedObject, isEscapeSource),
CaptureTracking.cpp and the rule of GlobalsModRef.cpp on globals whose address is never taken.
"""

from __future__ import annotations

import re
from functools import cached_property

from vecgnn.errors import InputError
from vecgnn.ir.address import Addresses
from vecgnn.ir.effects import Effects, captured_provenance
from vecgnn.ir.nodes import Instruction, Module
from vecgnn.ir.ranges import constant
from vecgnn.ir.values import Values

_MAX_ROOTS = 24
_ALIGN = re.compile(r", align (\d+)")
_DEREFERENCEABLE = re.compile(r"dereferenceable\((\d+)\)")
_BYVAL = re.compile(r"byval\((.*)\)$")

IDENTIFIED = frozenset({"alloca", "noalias call", "noalias argument", "global"})
LOCAL = frozenset({"alloca", "noalias call", "noalias argument"})


class Objects:
    """The objects of one function.  A root is a base pointer that is no phi and no select.

    Kinds of roots: alloca, noalias call, noalias argument (byval too), argument, global, null, undef, load
    and call (a pointer from memory or from elsewhere), escaped (other values that only an escaped pointer
    can become), unknown.
    """

    def __init__(self, module: Module, values: Values, addresses: Addresses, effects: Effects) -> None:
        self._module = module
        self._values = values
        self._addresses = addresses
        self._effects = effects
        self._kinds: dict[str, str] = {}
        self._roots: dict[str, frozenset[str]] = {}
        self._largest: dict[str, int | None] = {}
        self._distinct: dict[tuple[str, str], bool] = {}
        self._null_is_valid = "null_pointer_is_valid" in values.function.attributes

    def kind(self, root: str) -> str:
        known = self._kinds.get(root)
        if known is None:
            known = self._kinds[root] = self._kind(root)
        return known

    def _kind(self, root: str) -> str:
        instruction = self._values.definitions.get(root)
        if instruction is not None:
            match instruction.opcode:
                case "alloca":
                    return "alloca"
                case "load":
                    return "load"
                case "call" | "invoke":
                    if instruction.form.callee.startswith("@llvm.ptrmask."):
                        return "unknown"
                    return "noalias call" if "noalias" in self._effects.returned(instruction.form) else "call"
                case "extractvalue":
                    return "argument" if instruction.operands[0] in self._values.arguments else "escaped"
                case "inttoptr" | "extractelement":
                    return "escaped"
                case "phi" | "select":
                    return "choice"
            return "unknown"
        argument = self._values.arguments.get(root)
        if argument is not None:
            if "noalias" in argument.attributes or any(a.startswith("byval") for a in argument.attributes):
                return "noalias argument"
            return "argument"
        if root[0] == "@":
            variable = self._module.globals.get(root)
            return "unknown" if variable is not None and variable.kind == "alias" else "global"
        if root == "null":
            return "unknown" if self._null_is_valid else "null"
        return "undef" if root in ("undef", "poison") else "unknown"

    def roots(self, base: str) -> frozenset[str]:
        """Every root that a base may be based on, through phi and select; {"?"} where that is not known."""
        known = self._roots.get(base)
        if known is not None:
            return known
        found: set[str] = set()
        seen = {base}
        work = [base]
        while work:
            current = work.pop()
            if self.kind(current) != "choice":
                found.add(current)
                continue
            instruction = self._values.definitions[current]
            incoming = instruction.operands[1:] if instruction.opcode == "select" else instruction.operands
            for operand in incoming:
                inner = self._addresses.of(operand).base
                if inner not in seen:
                    seen.add(inner)
                    work.append(inner)
            if len(seen) > 4 * _MAX_ROOTS:
                found.add("?")
                break
        known = frozenset(found) if len(found) <= _MAX_ROOTS else frozenset({"?"})
        self._roots[base] = known
        return known

    def distinct(self, first: str, second: str) -> bool:
        """Whether nothing based on the first base can overlap anything based on the second."""
        key = (first, second) if first < second else (second, first)
        known = self._distinct.get(key)
        if known is None:
            known = self._distinct[key] = all(
                self._roots_distinct(a, b) for a in self.roots(first) for b in self.roots(second)
            )
        return known

    def _roots_distinct(self, first: str, second: str) -> bool:
        a, b = self.kind(first), self.kind(second)
        if a in ("null", "undef") or b in ("null", "undef"):
            return True
        if first == second:
            return False
        if a in IDENTIFIED and b in IDENTIFIED:
            return True
        if self._too_large(first, second) or self._too_large(second, first):
            return True
        return self._cannot_hold(first, a, second, b) or self._cannot_hold(second, b, first, a)

    def _too_large(self, pointer: str, object_: str) -> bool:
        """Whether more bytes are known to follow a pointer than a whole object has (isObjectSmallerThan)."""
        extent = self.extent(pointer)
        if not extent:
            return False
        size = self.size(object_)
        return size is not None and size < extent

    def _cannot_hold(self, pointer: str, kind: str, object_: str, object_kind: str) -> bool:
        """Whether a pointer from elsewhere cannot point into an object."""
        if object_kind in LOCAL:
            if kind == "argument":
                return True
            return kind in ("load", "call", "escaped") and object_ not in self.captured
        if object_kind == "global":
            variable = self._module.globals.get(object_)
            hidden = variable is not None and not variable.address_taken
            return hidden and kind in ("argument", "load", "call")
        return False

    def private(self, base: str) -> bool:
        """Whether only this function's own pointers, or calls given one, can touch what a base points to."""
        return all(self.kind(root) in LOCAL and root not in self.captured for root in self.roots(base))

    def on_stack(self, base: str) -> bool:
        return all(self.kind(root) == "alloca" for root in self.roots(base))

    def identified_local(self, base: str) -> bool:
        return all(self.kind(root) in LOCAL for root in self.roots(base))

    def constant(self, base: str) -> bool:
        """Whether nothing changes the memory while this function runs (BasicAAResult::getModRefInfoMask)."""
        return all(self._constant_root(root) for root in self.roots(base))

    def _constant_root(self, root: str) -> bool:
        if root in self._module.globals:
            return self._module.globals[root].constant
        argument = self._values.arguments.get(root)
        if argument is None:
            return False
        return "noalias" in argument.attributes and bool(argument.attributes & {"readonly", "readnone"})

    # Sizes

    def size(self, base: str) -> int | None:
        """Bytes of the object that a base is the start of, rounded up to its alignment as LLVM does."""
        instruction = self._values.definitions.get(base)
        layout = self._module.layout
        if instruction is not None:
            count = constant(instruction.operands[0]) if instruction.operands else 1
            if instruction.opcode != "alloca" or count is None or "vscale" in instruction.form.accessed_type:
                return None
            return _round_up(layout.size(instruction.form.accessed_type) * count, instruction.form.align)
        variable = self._module.globals.get(base)
        if variable is not None and variable.kind == "variable" and variable.type:
            if variable.interposable or _is_declaration(variable.text):
                return None
            align = _ALIGN.search(variable.text)
            return _round_up(self._sized(variable.type), int(align[1]) if align else 1) or None
        argument = self._values.arguments.get(base)
        if argument is not None:
            for attribute in argument.attributes:
                if found := _BYVAL.match(attribute):
                    return layout.size(found[1])
        return None

    def largest(self, base: str) -> int | None:
        """Bytes of the largest object that a base may be based on, where all sizes are known."""
        if base not in self._largest:
            sizes = [self.size(root) for root in self.roots(base)]
            self._largest[base] = None if None in sizes else max(sizes, default=None)  # pyright: ignore
        return self._largest[base]

    def extent(self, base: str) -> int:
        """Bytes that are known to lie in one object from the base on (dereferenceable)."""
        argument = self._values.arguments.get(base)
        if argument is not None:
            return _dereferenceable(argument.attributes)
        instruction = self._values.definitions.get(base)
        if instruction is not None and instruction.opcode in ("call", "invoke"):
            return _dereferenceable(self._effects.returned(instruction.form))
        return self.size(base) or 0

    def dereferenceable(self, base: str) -> int:
        """Bytes from the base on that a load may read anywhere in the function (isDereferenceablePointer)."""
        layout = self._module.layout
        instruction = self._values.definitions.get(base)
        if instruction is not None:
            count = constant(instruction.operands[0]) if instruction.operands else 1
            if instruction.opcode != "alloca" or count is None or "vscale" in instruction.form.accessed_type:
                return 0
            return layout.size(instruction.form.accessed_type) * count
        variable = self._module.globals.get(base)
        if variable is not None:
            known = variable.kind == "variable" and variable.type and "extern_weak" not in variable.text
            return self._sized(variable.type) if known else 0
        argument = self._values.arguments.get(base)
        return max(_dereferenceable(argument.attributes), self.size(base) or 0) if argument is not None else 0

    def _sized(self, type_: str) -> int:
        try:
            return self._module.layout.size(type_)
        except InputError:  # an opaque type
            return 0

    def alignment(self, base: str) -> int:
        """Known alignment of a base pointer."""
        instruction = self._values.definitions.get(base)
        if instruction is not None:
            return instruction.form.align or 1 if instruction.opcode == "alloca" else 1
        if base in self._module.globals:
            found = _ALIGN.search(self._module.globals[base].text)
            return int(found[1]) if found else 1
        argument = self._values.arguments.get(base)
        if argument is not None:
            return max([int(a[6:]) for a in argument.attributes if a.startswith("align ")], default=1)
        return 1

    # Captures

    @cached_property
    def captured(self) -> frozenset[str]:
        """Identified local objects of which a copy of the pointer may be kept elsewhere."""
        values = self._values
        objects = [name for name in (*values.arguments, *values.definitions) if self._pointer_object(name)]
        holders: dict[str, int] = {name: 1 << number for number, name in enumerate(objects)}
        done: dict[str, int] = {}
        work = list(objects)
        captured = 0
        while work:
            name = work.pop()
            bits = holders[name] & ~done.get(name, 0)
            if not bits:
                continue
            done[name] = holders[name]
            for index in values.users.get(name, ()):
                user = values.function.instructions[index]
                kept, passed = self._use(user, name)
                if kept:
                    captured |= bits
                if passed and bits & ~holders.get(user.name, 0):
                    holders[user.name] = holders.get(user.name, 0) | bits
                    work.append(user.name)
        return frozenset(name for number, name in enumerate(objects) if captured >> number & 1)

    def _pointer_object(self, name: str) -> bool:
        return self._values.type_of(name).startswith("ptr") and self.kind(name) in LOCAL

    def _use(self, user: Instruction, name: str) -> tuple[bool, bool]:
        """Whether a use captures the pointer, and whether the user's result is the pointer again."""
        form, operands = user.form, user.operands
        match form.opcode:
            case "load":
                return not form.simple, False
            case "store":
                return operands[0] == name or not form.simple, False
            case "getelementptr":
                return name in operands[1:] or not form.type.startswith("ptr"), True
            case "phi" | "select" | "addrspacecast" | "bitcast":
                return False, True
            case "icmp":
                return False, False  # the address only, not the right to use it
            case "ret" | "va_arg":
                return False, False
            case "call" | "invoke":
                return self._call_use(user, name)
        return True, False

    def _call_use(self, call: Instruction, name: str) -> tuple[bool, bool]:
        form = call.form
        if form.callee == "@llvm.assume":
            return False, False
        if form.callee.startswith(
            ("@llvm.launder.invariant.group.", "@llvm.strip.invariant.group.", "@llvm.ptrmask.")
        ):
            return False, True
        effects = self._effects.of_call(call)
        writes = (effects.argument | effects.errno | effects.inaccessible | effects.other) & 2
        if not writes and effects.transfers and form.type == "void" and not form.bundles:
            return False, False
        if effects.barrier or (form.bundles and call.operands.count(name) != call.text.count(name)):
            return True, True
        kept = passed = False
        for position, operand in enumerate(call.operands):
            if operand == name and position < len(form.argument_attributes):
                keeps, returns = captured_provenance(self._effects.attributes_of_argument(form, position))
                kept, passed = kept or keeps, passed or returns
        if passed and form.type != "void" and not form.type.startswith("ptr"):
            kept = True  # part of an aggregate
        return kept, passed and form.type.startswith("ptr")


def _round_up(size: int, align: int) -> int:
    return -(-size // align) * align if align > 1 else size


def _is_declaration(text: str) -> bool:
    return bool(re.match(r"(?:[a-z_]+(?:\([^)]*\))? )*?(?:external|extern_weak) ", text))


def _dereferenceable(attributes: frozenset[str]) -> int:
    return max([int(found[1]) for a in attributes if (found := _DEREFERENCEABLE.match(a))], default=0)
