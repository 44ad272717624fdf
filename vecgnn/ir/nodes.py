"""The records that a module is read into.

Values are named by the token that stands in the text: ``%x`` or ``%12`` for locals, ``@g`` for globals,
and the constant's own text for constants.  Types are LLVM's own spelling (``i32``, ``<4 x float>``,
``ptr addrspace(1)``).  An instruction is its ``Form`` (all that it is apart from the local names in it,
shared between instructions of the same shape) plus those names.  Nothing here is changed after reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vecgnn.ir.layout import DataLayout

BINARY = frozenset(
    "add fadd sub fsub mul fmul udiv sdiv fdiv urem srem frem shl lshr ashr and or xor".split()
)
CASTS = frozenset(
    "trunc zext sext fptrunc fpext fptoui fptosi uitofp sitofp ptrtoint ptrtoaddr inttoptr bitcast "
    "addrspacecast".split()
)
FAST_MATH_FLAGS = frozenset({"nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc", "fast"})
POISON_FLAGS = frozenset({"nuw", "nsw", "exact", "disjoint", "nneg", "samesign", "inbounds", "nusw"})


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """The shape of an instruction; compared by identity (the reader makes equal shapes one object).

    operand_types has one entry per operand.  Operands are, by opcode: load (pointer); store (value,
    pointer); getelementptr (base, indices...); call and invoke (arguments only; an indirect callee is the
    last operand, type ``ptr``); phi (incoming values); br (condition, if any); select (condition, true,
    false); insertelement (vector, scalar, index); extractvalue (aggregate); atomicrmw and cmpxchg
    (pointer, values...); everything else in the order of the text.
    """

    opcode: str
    type: str  # result type, "void" when there is no result
    operand_types: tuple[str, ...]
    flags: frozenset[str] = frozenset()  # fast-math, poison and GEP flags; "tail", "volatile" are not flags
    predicate: str = ""  # icmp and fcmp; the operation of atomicrmw
    callee: str = ""  # "@name" of a direct call, "asm" for inline assembly, "" for an indirect call
    accessed_type: str = ""  # load: the result; store: the value; getelementptr, alloca: the element type
    align: int = 0  # bytes, as stated; 0 where nothing is stated
    simple: bool = True  # False when volatile or atomic
    indices: tuple[int, ...] = ()  # extractvalue, insertvalue; shufflevector mask (-1 poison)
    metadata: Mapping[str, str] = field(default_factory=dict)  # kind -> "!12"
    attributes: frozenset[str] = frozenset()  # call site, groups resolved: "nounwind", "memory(none)", ...
    return_attributes: frozenset[str] = frozenset()  # call site: "noalias", "noundef", ...
    argument_attributes: tuple[frozenset[str], ...] = ()  # call site, one per argument
    bundles: bool = False  # has operand bundles
    globals: frozenset[str] = frozenset()  # every "@name" the text mentions, metadata apart


@dataclass(frozen=True, slots=True, eq=False)
class Instruction:
    """One instruction; ``index`` counts through the function, ``name`` is "" without a result."""

    index: int
    block: int
    name: str
    form: Form
    operands: tuple[str, ...]
    labels: tuple[str, ...]  # phi: incoming blocks; terminators: successors ("%bb")
    text: str  # the line or lines as printed, without the leading two spaces or the final newline

    @property
    def opcode(self) -> str:
        return self.form.opcode

    @property
    def type(self) -> str:
        return self.form.type

    @property
    def place(self) -> str:
        """How a message names this instruction."""
        return self.name or self.text.split("\n", 1)[0][:60]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Instructions ``start`` to ``stop`` (excluded) of the function; ``label`` is "%entry"."""

    index: int
    label: str
    header: str  # the label's line as printed, "" for an entry block without one
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class Argument:
    name: str
    type: str
    attributes: frozenset[str]  # "noalias", "byval(%struct.s)", "align 8", "captures(none)", ...


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function's body as nodes.  Where ``reason`` is not empty the body was not understood: there are no
    blocks, and the function must be written back exactly as ``text``."""

    name: str  # "@f"
    type: str  # return type
    header: str  # the define line, up to and including "{"
    arguments: tuple[Argument, ...]
    attributes: Mapping[
        str, str
    ]  # groups resolved: {"nounwind": "", "target-cpu": "znver5", "memory": "none"}
    blocks: tuple[Block, ...]
    instructions: tuple[Instruction, ...]
    records: Mapping[int, tuple[str, ...]]  # debug-record lines printed directly before an instruction
    text: str
    reason: str = ""

    def block_of(self, index: int) -> Block:
        return self.blocks[self.instructions[index].block]


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """A function that is declared or defined in the module: what a call to it may do."""

    name: str
    type: str
    argument_types: tuple[str, ...]
    argument_attributes: tuple[frozenset[str], ...]
    return_attributes: frozenset[str]
    attributes: Mapping[str, str]
    defined: bool


@dataclass(frozen=True, slots=True, eq=False)
class Global:
    """A global variable, alias or ifunc."""

    name: str
    type: str  # value type, "" for an alias or ifunc
    local: bool  # internal or private
    interposable: bool  # another definition may replace this one at link or load time
    constant: bool
    kind: str  # "variable", "alias", "ifunc"
    text: str
    address_taken: bool  # its address is used other than to load, store or index it directly


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """A module; ``pieces`` joined give its canonical text, an int standing for that function's text."""

    name: str
    triple: str
    layout: DataLayout
    globals: Mapping[str, Global]
    declarations: Mapping[str, Declaration]  # every function, defined or not
    functions: tuple[Function, ...]
    metadata: Mapping[str, str]  # "!5" -> "!{!6, !6, i64 0}", numbered nodes and "!name" lists
    pieces: tuple[str | int, ...]

    @property
    def text(self) -> str:
        return self.render({})

    def render(self, replaced: Mapping[int, str]) -> str:
        """The module's text with the functions at the given positions replaced."""
        return "".join(
            piece if isinstance(piece, str) else replaced.get(piece, self.functions[piece].text)
            for piece in self.pieces
        )
