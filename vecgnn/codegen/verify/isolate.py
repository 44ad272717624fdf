"""Two versions of one function, and all they need, in one module that can be compiled and run by itself.

Both versions stand side by side under new names and share their globals, so that an address means the same to
both.  Metadata and target attributes are dropped: the host runs whatever CPU the code was meant for.  A
function that is only declared becomes a stub, which writes its arguments to a record and asks the caller what
to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vecgnn.codegen.verify.undefined import NOTE, Checks, mark_blocks
from vecgnn.ir.layout import DataLayout, split_types
from vecgnn.ir.nodes import Argument, Declaration, Function, Module

SLOT = 64
"""Bytes per argument in the record that passes them."""

_TOKEN = re.compile(r'@(?:[-\w$.]+|"[^"]*")')
_LOCAL = re.compile(r'%(?:[-\w$.]+|"[^"]*")')
_TOKEN_OR_STRING = re.compile(r'@(?:[-\w$.]+|"[^"]*")|"[^"]*"')
_ATTACHMENT = re.compile(r",? !(?!\d)[\w.$-]+ !\d+")
_GROUP_USE = re.compile(r"(?<=[\w)\]\"*>]) #(\d+)(?=[\s,\[{]|$)", re.MULTILINE)
_GROUP = re.compile(r"^attributes #(\d+) = \{ (.*) \}$", re.MULTILINE)
_TYPE = re.compile(r'^(%(?:[-\w$.]+|"[^"]*")) = type (.*)$', re.MULTILINE)
_DECLARE = re.compile(r"^declare .*$", re.MULTILINE)
_LINKAGE = re.compile(
    r"\b(?:private|internal|available_externally|linkonce|weak|common|appending|extern_weak|linkonce_odr|weak_odr"
    r"|external|dso_local|dso_preemptable|default|hidden|protected|dllimport|dllexport|externally_initialized"
    r"|unnamed_addr|local_unnamed_addr|thread_local(?:\([a-z]+\))?) ?"
)
_PLACEMENT = re.compile(r',? (?:section|partition|gc) "[^"]*"|,? comdat(?:\(\$(?:[-\w$.]+|"[^"]*")\))?')
_PERSONALITY = re.compile(r' personality ptr @(?:[-\w$.]+|"[^"]*")')
_CONVENTION = re.compile(
    r"\b(fastcc|coldcc|tailcc|swiftcc|swifttailcc|ghccc|preserve_\w+cc|x86_\w+cc|win64cc|cc ?\d+)(?= )"
)
_VARIADIC_CALL = re.compile(r' \((?:[^()\n]*, )?\.\.\.\) (@(?:[-\w$.]+|"[^"]*"))\(')
_DROPPED_CALL = re.compile(
    r"^  (?:tail )?call void @llvm\.(?:experimental\.noalias\.scope\.decl|dbg\.\w+)\(.*\n", re.M
)
_DROPPED_ATTRIBUTE = re.compile(
    r'"(?:target-cpu|target-features|tune-cpu|min-legal-vector-width|prefer-vector-width)"="[^"]*" ?'
)
_ABI = re.compile(r"^(?:byval|sret|byref|zeroext|signext|inreg|swiftself|swifterror|swiftasync|nest|align )")

LIBRARY = frozenset(
    f"@{name}{suffix}"
    for name in (
        "sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh exp exp2 expm1 log log2 "
        "log10 log1p fma pow sqrt cbrt hypot fabs floor ceil trunc round rint nearbyint roundeven "
        "fmod remainder fmin fmax fdim copysign ldexp scalbn logb erf erfc tgamma lgamma lrint "
        "llrint lround llround ilogb"
    ).split()
    for suffix in ("", "f")
) | frozenset("@abs @labs @llabs @memcpy @memmove @memset @memcmp @strlen @bcmp".split())
"""External functions that run as they are: they depend on their arguments and what these point to."""


class CannotIsolate(Exception):
    """The function holds something that cannot be run here; the message says what."""


@dataclass(frozen=True, slots=True)
class Stub:
    """A declared function whose calls are answered by the caller; ``variadic`` is one list of types of it."""

    number: int
    declaration: Declaration
    variadic: bool = False


@dataclass(frozen=True, slots=True)
class Isolated:
    """The module: call ``vg.before`` or ``vg.after`` with the address of a record of argument slots; the
    result is written to the slot behind the last argument.  ``globals`` maps tokens of the module to
    symbols."""

    text: str
    arguments: tuple[Argument, ...]
    result: str
    globals: dict[str, str]
    global_types: dict[str, str]
    filled: frozenset[str]  # globals whose content is the caller's to choose: variables, not constants
    external: frozenset[str]
    stubs: tuple[Stub, ...]
    same: bool
    blocks: int  # of the scalar version; block n is marked in byte n of ``vg.seen`` when it is reached


def isolate(before: Module, after: Module, name: str, triple: str, layout: DataLayout) -> Isolated:
    """Put the two versions of a function side by side.  Raises CannotIsolate."""
    return _Isolation(before, after, name, triple, layout).build()


def closure(module: Module, name: str) -> list[Function]:
    """A function and every function defined in the module that it mentions, directly or through others."""
    defined = {function.name: function for function in module.functions}
    found: dict[str, Function] = {}
    work = [name]
    while work:
        current = work.pop()
        if current in defined and current not in found:
            found[current] = defined[current]
            work += _TOKEN.findall(defined[current].text)
    return list(found.values())


def isolate_checked(before: Module, name: str, triple: str, layout: DataLayout) -> str:
    """The scalar version alone, as ``vg.before``, with a check beside each instruction that may give poison.

    Its globals are those of the module that ``isolate`` made, by the same symbols.
    """
    return _Isolation(before, before, name, triple, layout, checked=True).build().text


class _Isolation:
    def __init__(
        self, before: Module, after: Module, name: str, triple: str, layout: DataLayout, checked: bool = False
    ) -> None:
        self.before, self.after = before, after
        self.name = name
        self.triple = triple
        self.layout = layout
        self.stubs: dict[str, Stub] = {}
        self.declared: dict[str, str] = {}  # intrinsics and library functions: token -> declare line
        self.globals: dict[str, str] = {}  # token -> symbol
        self.lines: list[str] = []  # global definitions
        self.filled: set[str] = set()
        self.external: set[str] = set()
        self.groups: dict[str, str] = {}
        self.renamed: dict[str, str] = {}
        self.noted = Checks(layout, before.metadata)
        self.checks: Checks | None = self.noted if checked else None
        self.blocks = 0

    def build(self) -> Isolated:
        for module, which in ((self.before, "scalar"), (self.after, "vectorized")):
            if not any(function.name == self.name for function in module.functions):
                raise CannotIsolate(f"the {which} module does not define it")
        function = next(f for f in self.before.functions if f.name == self.name)
        other = next(f for f in self.after.functions if f.name == self.name)
        if function.reason or other.reason:
            raise CannotIsolate(f"not understood: {function.reason or other.reason}")
        types = [[f.type, *(argument.type for argument in f.arguments)] for f in (function, other)]
        if types[0] != types[1] and not any("%" in type_ for type_ in types[0]):
            raise CannotIsolate("the two versions have different types")
        sides = [(self.before, function, "b"), (self.after, other, "a")][: 1 if self.checks else 2]
        named = self._types()
        bodies = [self._side(module, main, letter) for module, main, letter in sides]
        bodies[-1] = self._retype(bodies[-1]) if len(bodies) > 1 else bodies[-1]
        thunks = [self._thunk(main, letter) for _, main, letter in sides]
        thunks[-1] = self._retype(thunks[-1]) if len(thunks) > 1 else thunks[-1]
        self.lines += [NOTE, f"@vg.seen = global [{max(1, self.blocks)} x i8] zeroinitializer"]
        stubs = [self._stub(stub) for stub in self.stubs.values()]
        groups = [f"attributes #{number} = {{ {text} }}" for text, number in self.groups.items()]
        text = "\n".join(
            [
                f'target datalayout = "{self.layout.text}"',
                f'target triple = "{self.triple}"',
                *(f"{token} = type {body}" for token, body in named.items()),
                "@vg.active = external global i32",
                "@vg.jump = external global [64 x i64]",
                "declare void @siglongjmp(ptr, i32) noreturn",
                "declare i32 @vg.call(i32, ptr)",
                "define internal ptr @vg.tls(ptr %p) { ret ptr %p }",
                "define internal i32 @vg.personality() { ret i32 0 }",  # nothing that is called here throws
                *self.lines,
                *self.declared.values(),
                *stubs,
                *bodies,
                *thunks,
                *groups,
            ]
        )
        return Isolated(
            text + "\n",
            function.arguments,
            function.type,
            self.globals,
            {
                token: module.globals[token].type
                for module in (self.after, self.before)
                for token in module.globals
            },
            frozenset(self.filled),
            frozenset(self.external),
            tuple(self.stubs.values()),
            self._plain(self.before) == self._plain(self.after),
            self.blocks,
        )

    def _types(self) -> dict[str, str]:
        """The named types of both versions; where a name means two things, the second's names all change."""
        outside = [
            "".join(p for p in module.pieces if isinstance(p, str)) for module in (self.before, self.after)
        ]
        types, later = (dict(_TYPE.findall(text)) for text in outside)
        if any(types.get(token, body) != body for token, body in later.items()):
            self.renamed = {token: _suffixed(token) for token in later}
        for token, body in later.items():
            types[self.renamed.get(token, token)] = self._retype(body)
        return types

    def _retype(self, text: str) -> str:
        """The text with the second version's type names replaced (a local of that name changes with it)."""
        if not self.renamed:
            return text
        return _LOCAL.sub(lambda found: self.renamed.get(found[0], found[0]), text)

    def _plain(self, module: Module) -> list[str]:
        """The texts of the functions without the numbers of attribute groups and metadata."""
        return [_GROUP_USE.sub("", _ATTACHMENT.sub("", f.text)) for f in closure(module, self.name)]

    # One version

    def _side(self, module: Module, main: Function, letter: str) -> str:
        functions = closure(module, self.name)
        if len(functions) > 300:
            raise CannotIsolate(f"it calls {len(functions)} functions")
        defined = {function.name: f"@vg.{letter}.{number}" for number, function in enumerate(functions)}
        groups = dict(_GROUP.findall("".join(p for p in module.pieces if isinstance(p, str))))
        return "\n".join(self._function(module, function, defined, groups, letter) for function in functions)

    def _function(
        self,
        module: Module,
        function: Function,
        defined: dict[str, str],
        groups: dict[str, str],
        letter: str,
    ) -> str:
        self._check(module, function, defined)
        text = _DROPPED_CALL.sub("", function.text)
        lines = [_ATTACHMENT.sub("", line) for line in text.split("\n") if not line.startswith("    #dbg_")]
        text = "\n".join(self._instrumented(function, lines, letter))
        header, rest = text.split("\n", 1)
        head, _, tail = header.partition("(")
        head = _LINKAGE.sub("", head).replace("define ", "define internal ", 1)
        tail = _LINKAGE.sub(
            "", _PLACEMENT.sub("", _PERSONALITY.sub(" personality ptr @vg.personality", tail))
        )
        text = f"{head}({tail}\n{rest}"
        # The code generator drops a load without a use, and with it the fault that an over-read must end in.
        text = text.replace(" = load ", " = load volatile ").replace(" volatile volatile ", " volatile ")
        text = text.replace(" = load volatile atomic ", " = load atomic ")
        if re.search(r"metadata !\d", text):
            raise CannotIsolate(f"{function.name} passes metadata to an intrinsic")
        text = self._fixed_calls(function, text, defined)
        text = text.replace("@llvm.threadlocal.address.p0(", "@vg.tls(")
        text = _GROUP_USE.sub(lambda found: self._group(groups.get(found[1], "")), text)
        return _TOKEN.sub(lambda found: self._symbol(module, found[0], defined), text)

    def _instrumented(self, function: Function, lines: list[str], letter: str) -> list[str]:
        """The function with what is to be noted about a run: blocks that the scalar version reaches,
        vectors not aligned as they say in the other, and all that gives poison where that was asked for."""
        if letter == "b" and not self.checks:
            if function.name != self.name:
                return lines
            self.blocks = len(function.blocks)
            return mark_blocks(function, lines)
        behind: dict[str, list[str]] = {}
        for instruction in function.instructions:
            checks = self.noted.misaligned(instruction, vectors_only=not self.checks)
            if self.checks:
                checks = [*self.checks.after(instruction), *checks]
            if checks:
                behind[_ATTACHMENT.sub("", instruction.text)] = checks
        return [piece for line in lines for piece in (line, *behind.get(line[2:], ()))]

    def _fixed_calls(self, function: Function, text: str, defined: dict[str, str]) -> str:
        """Calls with a variable number of arguments as calls of one stub for each list of types."""
        calls = iter([i for i in function.instructions if "variadic" in i.form.attributes and i.form.callee])

        def replace(found: re.Match[str]) -> str:
            form = next(calls).form
            if form.callee != found[1] or found[1] in defined:
                raise CannotIsolate(
                    f"{function.name} calls {found[1]}, which takes a variable number of arguments"
                )
            token = f"{form.callee} {form.type} {form.operand_types}"
            if token not in self.stubs:
                declaration = Declaration(
                    form.callee,
                    form.type,
                    form.operand_types,
                    form.argument_attributes,
                    frozenset(),
                    {},
                    False,
                )
                self.stubs[token] = Stub(len(self.stubs), declaration, variadic=True)
            return f" @vg.s{self.stubs[token].number}("

        return _VARIADIC_CALL.sub(replace, text)

    def _check(self, module: Module, function: Function, defined: dict[str, str]) -> None:
        if function.reason:
            raise CannotIsolate(f"{function.name} not understood: {function.reason}")
        if "..." in function.header and re.search(r"\.\.\.\)", function.header):
            raise CannotIsolate(f"{function.name} takes a variable number of arguments")
        for instruction in function.instructions:
            form = instruction.form
            if instruction.opcode in ("call", "invoke", "callbr"):
                if not form.callee:
                    raise CannotIsolate(f"{function.name} calls through a pointer")
                if form.callee.startswith("@llvm.coro.") or instruction.opcode == "callbr":
                    raise CannotIsolate(f"{function.name} has {form.callee or instruction.opcode}")
            elif instruction.opcode in ("resume", "indirectbr", "va_arg"):
                raise CannotIsolate(f"{function.name} has {instruction.opcode}")
            if any(operand in defined for operand in instruction.operands):
                raise CannotIsolate(f"{function.name} takes a function's address")

    def _group(self, text: str) -> str:
        text = _DROPPED_ATTRIBUTE.sub("", text).strip()
        if not text:
            return ""
        return f" #{self.groups.setdefault(text, str(len(self.groups)))}"

    def _symbol(self, module: Module, token: str, defined: dict[str, str]) -> str:
        """The name a token gets; what it stands for is added to the module."""
        if token in defined:
            return defined[token]
        if token.startswith(("@llvm.", "@vg.")):
            if token not in self.declared and token.startswith("@llvm."):
                extra = self.checks.declared.get(token) if self.checks else None
                self.declared[token] = extra or self._declare_line(module, token)
            return token
        if token in module.globals:
            return self._global(module, token)
        declaration = module.declarations.get(token)
        if declaration is None:
            return token
        if token in LIBRARY and not declaration.defined:
            self.declared.setdefault(token, self._declare_line(module, token))
            return token
        if token not in self.stubs:
            if "..." in self._declare_line(module, token):
                raise CannotIsolate(f"it uses {token}, which takes a variable number of arguments")
            self.stubs[token] = Stub(len(self.stubs), declaration)
        return f"@vg.s{self.stubs[token].number}"

    def _declare_line(self, module: Module, token: str) -> str:
        for piece in module.pieces:
            if isinstance(piece, str) and token in piece:
                for line in _DECLARE.findall(piece):
                    found = _TOKEN.search(line)
                    if found and found[0] == token:
                        return _GROUP_USE.sub("", _ATTACHMENT.sub("", _LINKAGE.sub("", line)))
        function = next((f for f in module.functions if f.name == token), None)
        if function is None:
            raise CannotIsolate(f"{token} is not declared")
        return "declare " + _GROUP_USE.sub("", _LINKAGE.sub("", function.header[7:-1]))

    def _global(self, module: Module, token: str) -> str:
        if token in self.globals:
            return self.globals[token]
        global_ = module.globals[token]
        if global_.kind == "alias" and (target := re.search(r'ptr (@(?:[-\w$.]+|"[^"]*"))$', global_.text)):
            return self._symbol(module, target[1], {})
        if global_.kind != "variable":
            raise CannotIsolate(f"{token} is an {global_.kind}")
        if "addrspace(" in global_.text.split("{")[0]:
            raise CannotIsolate(f"{token} is in another address space")
        symbol = self.globals[token] = f"@vg.g{len(self.globals)}"
        text = _ATTACHMENT.sub("", _PLACEMENT.sub("", global_.text))
        words, keyword, rest = re.split(r"\b(global|constant)\b", text, maxsplit=1)
        if re.search(r"\bexternal\b|\bextern_weak\b", words):
            self.external.add(token)
            rest = rest.replace(global_.type, f"{global_.type} zeroinitializer", 1)
            keyword = "global"
        if keyword == "global":
            self.filled.add(token)
        if "," not in rest[len(global_.type) :] or ", align " not in rest:
            rest += f", align {max(1, self.layout.alignment(global_.type))}"
        # A function named in an initializer could only be called through a pointer, which is refused.
        rest = _TOKEN_OR_STRING.sub(
            lambda found: self._initializer(module, found[0]) if found[0][0] == "@" else found[0], rest
        )
        if self.checks and keyword == "global":
            self.lines.append(f"{symbol} = external global {global_.type}")
        else:
            self.lines.append(f"{symbol} = {keyword}{rest}")
        return symbol

    def _initializer(self, module: Module, token: str) -> str:
        if token in module.globals:
            return self._global(module, token)
        raise CannotIsolate(f"a global it uses holds the address of {token}")

    # What stands around the versions

    def _thunk(self, function: Function, letter: str) -> str:
        """Loads the arguments, calls the function, stores the result."""
        lines = [f"define void @vg.{'before' if letter == 'b' else 'after'}(ptr %record) {{"]
        passed: list[str] = []
        for number, argument in enumerate(function.arguments):
            if argument.type in ("metadata", "token") or self.layout.store_size(argument.type) > SLOT:
                raise CannotIsolate(f"argument {argument.name} has type {argument.type}")
            if any(a.startswith(("inalloca", "preallocated")) for a in argument.attributes):
                raise CannotIsolate(f"argument {argument.name} is passed on the stack")
            lines += [
                f"  %s{number} = getelementptr i8, ptr %record, i64 {SLOT * number}",
                f"  %a{number} = load {argument.type}, ptr %s{number}, align 64",
            ]
            kept = " ".join(sorted(a for a in argument.attributes if _ABI.match(a)))
            passed.append(f"{argument.type} {kept} %a{number}")
        convention = _CONVENTION.search(function.header.split("@")[0])
        call = (
            f"call {convention[1] if convention else ''} {function.type} @vg.{letter}.0({', '.join(passed)})"
        )
        if function.type == "void":
            lines.append(f"  {call}")
        else:
            if self.layout.store_size(function.type) > 4 * SLOT:
                raise CannotIsolate(f"it returns {function.type}")
            lines += [
                f"  %r = {call}",
                f"  %s = getelementptr i8, ptr %record, i64 {SLOT * len(function.arguments)}",
                f"  store {function.type} %r, ptr %s, align 64",
            ]
        return "\n".join([*lines, "  ret void", "}"])

    def _stub(self, stub: Stub) -> str:
        """Stores the arguments, asks, returns the answer; or leaves the run where the answer says so."""
        declaration = stub.declaration
        if not declaration.type:
            raise CannotIsolate(f"the declaration of {declaration.name} was not understood")
        for attributes in declaration.argument_attributes:
            if any(a.startswith(("byval", "inalloca", "preallocated")) for a in attributes):
                raise CannotIsolate(f"it passes a struct by value to {declaration.name}")
        count = len(declaration.argument_types)
        for type_ in (*declaration.argument_types, declaration.type):
            if type_ != "void" and (type_ in ("metadata", "token") or self.layout.store_size(type_) > SLOT):
                raise CannotIsolate(f"it calls {declaration.name} with a {type_}")
        module = self.before if declaration.name in self.before.declarations else self.after
        line = self._declare_line(module, declaration.name)
        convention = None if stub.variadic else _CONVENTION.search(line.split("@")[0])
        how = convention[1] if convention else ""
        parameters = ", ".join(
            f"{type_} %a{number}" for number, type_ in enumerate(declaration.argument_types)
        )
        lines = [
            f"define internal {how} {declaration.type} @vg.s{stub.number}({parameters}) {{",
            f"  %record = alloca [{SLOT * (count + 1)} x i8], align 64",
        ]
        for number, type_ in enumerate(declaration.argument_types):
            lines += [
                f"  %s{number} = getelementptr i8, ptr %record, i64 {SLOT * number}",
                f"  store {type_} %a{number}, ptr %s{number}, align 64",
            ]
        lines += [
            "  store volatile i32 2, ptr @vg.active",
            f"  %code = call i32 @vg.call(i32 {stub.number}, ptr %record)",
            "  store volatile i32 1, ptr @vg.active",
            "  %stop = icmp ne i32 %code, 0",
            "  br i1 %stop, label %leave, label %back",
            "leave:",
            "  store volatile i32 0, ptr @vg.active",
            "  call void @siglongjmp(ptr @vg.jump, i32 1000)",
            "  unreachable",
            "back:",
        ]
        if declaration.type == "void":
            lines.append("  ret void")
        else:
            lines += [
                f"  %s = getelementptr i8, ptr %record, i64 {SLOT * count}",
                f"  %r = load {declaration.type}, ptr %s, align 64",
                f"  ret {declaration.type} %r",
            ]
        return "\n".join([*lines, "}"])


def _suffixed(token: str) -> str:
    return f'{token[:-1]}.after"' if token.endswith('"') else f"{token}.after"


def struct_sizes_agree(first: DataLayout, second: DataLayout) -> bool:
    """Whether two layouts put the same things at the same places, as far as the module's types show."""
    try:
        return first.little_endian == second.little_endian and all(
            first.size(name) == second.size(name)
            for name, body in first.types.items()
            if body != "opaque" and split_types(body)
        )
    except Exception:
        return False
