"""One C function on its way: parameters, declarations ahead of it, and its statements."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Kind:
    """An element type: its name in the C text, its size, and how it computes."""

    name: str
    bits: int
    real: bool
    signed: bool = True

    @property
    def suffix(self) -> str:
        """What closes a literal of this type."""
        if self.real:
            return "f" if self.bits == 32 else ""
        return ("" if self.signed else "u") + ("ll" if self.bits == 64 else "")


F32, F64 = Kind("float", 32, True), Kind("double", 64, True)
I8, I16, I32, I64 = (Kind(f"i{bits}", bits, False) for bits in (8, 16, 32, 64))
U8, U16, U32, U64 = (Kind(f"u{bits}", bits, False, False) for bits in (8, 16, 32, 64))
REALS = (F32, F64)
INTEGERS = (I8, I16, I32, I64, U8, U16, U32, U64)

PROLOGUE = """\
typedef signed char i8;
typedef unsigned char u8;
typedef short i16;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
"""

Lane = Callable[[int], str]
"""An expression by its lane: what each of several isomorphic expressions says."""

Assignment = tuple[str, str]
"""What is assigned to, and the expression."""

_LETTERS = "abcdeghpqrvwxyz"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter; ``target`` is the type that a plain pointer points to, and a caller may move it on."""

    type: str
    name: str
    bounds: str = ""
    target: str = ""

    @property
    def const(self) -> bool:
        return self.type.startswith("const ")


@dataclass(slots=True)
class Draft:
    """A function being written; ``head`` holds what stands ahead of it (structures, tables, helpers)."""

    rng: random.Random
    name: str
    head: list[str] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    result: str = "void"
    restrict: float = 0.0
    reuse: float = 0.08
    names: int = 0
    depth: int = 1

    def __post_init__(self) -> None:
        self.restrict = self.rng.choices((0.0, 0.5, 1.0), (30, 20, 50))[0]

    # Choices

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def width(self) -> int:
        return self.rng.choices((2, 3, 4, 5, 6, 7, 8, 16), (14, 8, 32, 6, 7, 3, 22, 8))[0]

    def kind(self, real: float = 0.6) -> Kind:
        if self.chance(real):
            return self.rng.choice(REALS)
        return self.rng.choices(INTEGERS, (1, 2, 4, 2, 3, 3, 4, 2))[0]

    # Names and declarations

    def fresh(self, stem: str = "t") -> str:
        self.names += 1
        return f"{stem}{self.names}"

    def pointer(self, type_: str, out: bool = False, restrict: bool | None = None) -> str:
        """A parameter that points to elements of that type; read only unless it is ``out``."""
        known = [p.name for p in self.parameters if p.target == type_ and not (out and p.const)]
        if known and self.chance(self.reuse):
            return self.rng.choice(known)
        name = _LETTERS[len(self.parameters) % len(_LETTERS)] + str(len(self.parameters))
        strict = self.chance(self.restrict) if restrict is None else restrict
        const = "" if out else "const "
        text = f"{const}{type_} *{'restrict ' if strict else ''}"
        self.parameters.append(Parameter(text, name, target=type_))
        return name

    def array(self, kind: Kind, out: bool = False) -> str:
        if self.chance(0.05):
            name = f"{self.name}_g{len(self.head)}"
            self.head.append(f"extern {kind.name} {name}[];")
            return name
        return self.pointer(kind.name, out)

    def rows(self, kind: Kind, bounds: str, out: bool = False) -> str:
        """An array of arrays with those bounds: a global one, or a parameter."""
        name = self.fresh("m")
        if self.chance(0.4):
            self.head.append(f"{kind.name} {self.name}_{name}{bounds.replace('[]', '[12]')};")
            return f"{self.name}_{name}"
        if self.chance(0.5):
            bounds = f"[restrict {bounds[1:]}"
        self.parameters.append(Parameter(f"{'' if out else 'const '}{kind.name} ", name, bounds))
        return name

    def writable(self, name: str) -> None:
        """Let what a parameter points to be written as well."""
        self.parameters = [
            replace(p, type=p.type.removeprefix("const ")) if p.name == name else p for p in self.parameters
        ]

    def scalar(self, kind: Kind | str) -> str:
        """A parameter by value."""
        name = "s" + str(len(self.parameters))
        self.parameters.append(Parameter(f"{kind if isinstance(kind, str) else kind.name} ", name))
        return name

    def index(self) -> str:
        """A parameter that places in arrays hang on."""
        return self.scalar(self.rng.choices(("long", "int", "unsigned"), (55, 33, 12))[0])

    def structure(self, fields: Sequence[tuple[str, str]]) -> str:
        """The name of a new structure with those fields, each a type and a name (with its bounds)."""
        name = f"{self.name}_s{len(self.head)}"
        body = " ".join(f"{type_} {field_};" for type_, field_ in fields)
        self.head.append(f"struct {name} {{ {body} }};")
        return f"struct {name}"

    def table(self, kind: Kind, length: int) -> str:
        """A constant table of that many entries."""
        name = f"{self.name}_t{len(self.head)}"
        entries = ", ".join(self.constant(kind) for _ in range(length))
        self.head.append(f"static const {kind.name} {name}[{length}] = {{{entries}}};")
        return name

    def variable(self, kind: Kind | str) -> str:
        """A global that anybody may read and write."""
        name = f"{self.name}_g{len(self.head)}"
        self.head.append(f"extern {kind if isinstance(kind, str) else kind.name} {name};")
        return name

    # Literals

    def constant(self, kind: Kind) -> str:
        rng = self.rng
        if kind.real:
            value = rng.choice(
                (0.5, 2.0, 0.25, 1.5, 3.0, round(rng.uniform(-2, 2), 4), round(rng.uniform(0.01, 9), 3))
            )
            return f"{value or 0.125!r}{kind.suffix}"
        top = {8: 63, 16: 2047, 32: 65535, 64: 1 << 40}[kind.bits]
        value = rng.choice((1, 2, 3, 5, 7, 15, 16, rng.randrange(1, 64), rng.randrange(1, top)))
        return f"{value}{kind.suffix}"

    # Statements

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def open(self, text: str) -> None:
        self.line(text + " {")
        self.depth += 1

    def close(self, text: str = "}") -> None:
        self.depth -= 1
        self.line(text)

    def local(self, kind: Kind | str, value: str) -> str:
        """A local variable of that value."""
        name = self.fresh()
        self.line(f"{kind if isinstance(kind, str) else kind.name} {name} = {value};")
        return name

    def locals(self, kind: Kind, values: Sequence[str]) -> list[str]:
        """Local variables of those values, at times declared in another order."""
        names = [self.fresh() for _ in values]
        order = list(range(len(values)))
        if self.chance(0.15):
            self.rng.shuffle(order)
        for index in order:
            self.line(f"{kind.name} {names[index]} = {values[index]};")
        return names

    def assign(self, kind: Kind, pairs: Sequence[Assignment], noise: float = 0.25) -> None:
        """Isomorphic assignments: one by one or from locals, in order or not, with accidents of real code.

        With the probability ``noise`` one lane is missing, differs, hangs on a condition, or the function may
        return between two of them.
        """
        rng = self.rng
        todo = list(pairs)
        style = rng.random()
        if style < 0.25:  # everything is computed before anything is stored
            todo = [
                (to, name)
                for (to, _), name in zip(todo, self.locals(kind, [v for _, v in todo]), strict=True)
            ]
        if rng.random() < 0.15:
            rng.shuffle(todo)
        trouble = rng.choice(_TROUBLES) if len(todo) > 1 and self.chance(noise) else ""
        at = rng.randrange(len(todo)) if todo else 0
        if trouble == "missing":
            del todo[at]
        if trouble == "other":
            to, value = todo[at]
            todo[at] = (to, f"({value}) {rng.choice('+-*')} {self.constant(kind)}")
        flag = self.scalar(I32) if trouble == "exit" else ""
        for index, (to, value) in enumerate(todo):
            if trouble == "exit" and index == at:
                self.line(f"if ({flag} < {index}) return;")
            if trouble == "condition" and index == at:
                self.line(f"if ({self.scalar(I32)}) {to} = {value};")
            elif trouble == "volatile" and index == at:
                self.line(f"{self.variable(f'volatile {kind.name}')} = {value};")
                self.line(f"{to} = {value};")
            else:
                self.line(f"{to} = {value};")


_TROUBLES = ("missing", "other", "other", "condition", "exit", "volatile")
