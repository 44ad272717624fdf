"""What kind of instruction a line of x86 assembly (AT&T) is, and which memory it touches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_FLOAT = r"add|sub|mul|min|max|cmp\w*|u?comi|rcp\w*|rsqrt\w*|fn?m(?:add|sub)\w*"

CLASSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    # The first class with a pattern that matches the whole mnemonic (without VEX's leading v).
    ("call", (r"call[lq]?",)),
    ("branch", (r"j\w+", r"ret[lq]?", r"loop\w*")),
    ("gather", (r"p?gather\w+", r"p?scatter\w+")),
    ("divide", (r"i?div[bwlq]",)),
    ("float_divide", (r"(?:div|sqrt)[ps][sdh]", r"fdiv\w*", r"fsqrt")),
    (
        "crossing",  # lanes of 128 bits
        (
            r"perm(?:2[fi]128|q|pd|d|ps|b|w|[it]2\w+)", r"align[dq]", r"(?:insert|extract)[fi]\d\w+",
            r"shuf[fi]\d\w+", r"p?(?:expand|compress)(?:[bwdq]|p[sd])", r"broadcast[fi]\d\w+",
        ),
    ),
    ("widen", (r"pmov[sz]x\w+", r"pmovu?s?(?:wb|d[bw]|q[bwd])")),
    ("insert", (r"pinsr[bwdq]", r"insertps", r"mov[hl]p[sd]")),
    ("extract", (r"pextr[bwdq]", r"extractps", r"p?movmsk\w+", r"kmov[bwdq]", r"kortest[bwdq]")),
    ("convert_files", (r"cvtt?s[sdh]2u?si[lq]?", r"cvtu?si2s[sdh][lq]?")),
    ("convert", (r"cvt\w+", r"round[ps][sd]", r"rndscale\w+")),
    (
        "shuffle",
        (
            r"p?unpck\w+", r"pshuf\w+", r"shufp[sd]", r"palignr", r"permilp[sd]", r"p(?:sll|srl)dq",
            r"mov(?:ddup|s[hl]dup|hlps|lhps)", r"pack[su]s\w+", r"p?broadcast\w+",
        ),
    ),
    ("blend", (r"p?blend\w*",)),
    ("horizontal", (r"p?h(?:add|sub)\w+", r"dpp[sd]", r"m?psadbw", r"addsubp[sd]")),
    ("vector_multiply", (r"pmul\w+", r"pmadd\w+")),
    ("multiply", (r"i?mul[bwlq]", r"mulx[lq]?")),
    ("vector_float", (rf"(?:{_FLOAT})p[sdh]", r"fm(?:addsub|subadd)\w+p[sdh]")),
    ("scalar_float", (rf"(?:{_FLOAT})s[sdh]",)),
    ("move", (r"mov\w*", r"lddqu", r"lea[wlq]", r"(?:push|pop)[wlq]", r"xchg[bwlq]", r"cltd|cqto|cltq|cwtl")),
    ("vector_integer", (r"p(?!opcnt|ause|dep|ext)[a-z]\w+", r"andn?p[sd]", r"x?orp[sd]", r"testp[sd]")),
    ("zero", (r"zero(?:upper|all)", r"nop[wlq]?")),
)  # fmt: skip
OTHER = "integer"
"""The class of what no pattern matches: integer arithmetic, comparisons, bits."""

NAMES = (*(name for name, _ in CLASSES), OTHER)

_PATTERNS = [(name, re.compile("|".join(patterns))) for name, patterns in CLASSES]
_MEMORY = re.compile(  # displacement(base,index,scale)
    r"\*?(?:%[cdefgs]s:)?([^(%$*]*)\((%\w+)?(?:, ?(%\w+)(?:, ?(\d))?)?\)"
)
_NUMBER = re.compile(r"-?(?:0x[0-9a-fA-F]+|\d+)$")
_VECTOR_BYTES = {"x": 16, "y": 32, "z": 64}
_SUFFIX_BYTES = {"b": 1, "w": 2, "l": 4, "q": 8}
_READ_MODIFY_WRITE = re.compile(
    r"(?:add|sub|and|or|xor|inc|dec|neg|not|adc|sbb|sh[lr]d?|sa[lr]|ro[lr]|rc[lr]|xadd|xchg|cmpxchg)[bwlq]"
)
_READS_ONLY = re.compile(
    r"(?:cmp|test|bt)[bwlq]|u?comis[sdh]|ptest|testp[sd]|push[wlq]|call[lq]?|j\w+|i?(?:mul|div)[bwlq]"
)
_FREE_FROM_MEMORY = re.compile(r"p?broadcast\w+|mov(?:ddup|s[hl]dup)")
_PARTS = (  # vector instructions whose memory operand is narrower than their registers
    (re.compile(r"(?:p?insr|p?extr|pbroadcast)b"), 1),
    (re.compile(r"(?:p?insr|p?extr|pbroadcast)w|(?!p)\w+sh"), 2),
    (
        re.compile(
            r"(?:p?insr|p?extr|pbroadcast)d|movd|insertps|extractps|broadcastss|(?!p)\w+ss|cvtsi2s[sd]l?"
        ),
        4,
    ),
    (
        re.compile(
            r"(?:p?insr|p?extr|pbroadcast)q|movq|mov[hl]p[sd]|movddup|broadcastsd|(?!p)\w+sd|cvtsi2s[sd]q"
        ),
        8,
    ),
    (re.compile(r"(?:insert|extract|broadcast)[fi](?:128|32x4|64x2)"), 16),
    (re.compile(r"(?:insert|extract|broadcast)[fi](?:32x8|64x4)"), 32),
)
_HALVES = re.compile(r"pmov[sz]x(?:bw|wd|dq)|cvt(?:dq2pd|ps2pd|ph2ps)|pmov(?:wb|dw|qd)|cvtps2ph")
_QUARTERS = re.compile(r"pmov[sz]x(?:bd|wq)|pmov(?:db|qw)")
_EIGHTHS = re.compile(r"pmov[sz]xbq|pmovqb")


@dataclass(frozen=True, slots=True)
class Access:
    """Memory that an instruction touches: ``offset`` bytes behind the address that ``place`` spells."""

    place: tuple[str, str, str, str]
    """Symbol, base register, index register, scale."""
    offset: int
    bytes: int
    load: bool
    store: bool


@dataclass(frozen=True, slots=True)
class Instruction:
    """A line of assembly as the features see it; ``written`` is the register it writes, "" for none."""

    kind: str
    access: Access | None
    written: str


@cache
def kind_of(mnemonic: str) -> str:
    """The class of a mnemonic."""
    plain = _plain(mnemonic)
    return next((name for name, pattern in _PATTERNS if pattern.fullmatch(plain)), OTHER)


def read(line: str) -> Instruction:
    """Read a line of assembly (an instruction with its operands, AT&T)."""
    mnemonic, _, rest = line.partition("\t")
    if mnemonic.startswith("{") or mnemonic in ("lock", "rep", "repne", "notrack"):
        mnemonic, _, rest = rest.strip().partition("\t")
    operands = _operands(rest)
    kind = kind_of(mnemonic)
    if kind == "move" and _files(operands):
        kind = "insert" if operands[-1].startswith(("%xmm", "%ymm", "%zmm")) else "extract"
    last = operands[-1].split(" ")[0].split("{")[0] if operands else ""
    access = _access(mnemonic, operands, last)
    if access and kind == "shuffle" and _FREE_FROM_MEMORY.fullmatch(_plain(mnemonic)):
        kind = "move"
    written = last if last.startswith("%") and not _READS_ONLY.fullmatch(_plain(mnemonic)) else ""
    return Instruction(kind, access, written)


def _plain(mnemonic: str) -> str:
    return mnemonic[1:] if mnemonic.startswith("v") and mnemonic not in ("verr", "verw") else mnemonic


def _operands(text: str) -> list[str]:
    found: list[str] = []
    depth = start = 0
    for position, character in enumerate(text):
        if character in "({":
            depth += 1
        elif character in ")}":
            depth -= 1
        elif character == "," and not depth:
            found.append(text[start:position].strip())
            start = position + 1
    found.append(text[start:].strip())
    return [operand for operand in found if operand]


def _files(operands: list[str]) -> bool:
    """Whether one operand is a vector register and another one a general register."""
    vector = [operand.startswith(("%xmm", "%ymm", "%zmm")) for operand in operands]
    general = [operand.startswith("%") and not v for operand, v in zip(operands, vector, strict=True)]
    return any(vector) and any(general)


def _access(mnemonic: str, operands: list[str], last: str) -> Access | None:
    plain = _plain(mnemonic)
    if plain.startswith(("lea", "prefetch", "nop")):
        return None
    for operand in operands:
        if found := _MEMORY.match(operand):
            break
    else:
        return None
    if kind_of(mnemonic) == "gather":
        return None  # its index is a vector
    symbol, offset = found[1], 0
    if _NUMBER.match(symbol):
        symbol, offset = "", int(symbol, 0)
    elif (plus := symbol.rfind("+")) > 0 and _NUMBER.match(symbol[plus + 1 :]):
        symbol, offset = symbol[:plus], int(symbol[plus + 1 :], 0)
    target = operands[-1] == operand and not _READS_ONLY.fullmatch(plain)
    both = target and bool(_READ_MODIFY_WRITE.fullmatch(plain))
    place = (symbol, found[2] or "", found[3] or "", found[4] or "")
    return Access(place, offset, _width(mnemonic, plain, operands), not target or both, target)


def _width(mnemonic: str, plain: str, operands: list[str]) -> int:
    registers = [operand for operand in operands if operand.startswith("%") and operand[2:4] == "mm"]
    widest = max((_VECTOR_BYTES.get(operand[1], 8) for operand in registers), default=0)
    for pattern, count in _PARTS:
        if pattern.fullmatch(plain) and (registers or plain != mnemonic):
            return count
    for pattern, share in ((_HALVES, 2), (_QUARTERS, 4), (_EIGHTHS, 8)):
        if pattern.fullmatch(plain):
            return max(widest // share, 1)
    if widest:
        return widest
    if mnemonic.startswith("set"):
        return 1
    extends = len(mnemonic) == 6 and mnemonic.startswith(("movz", "movs"))  # movzbl reads a byte
    return _SUFFIX_BYTES.get(mnemonic[4] if extends else mnemonic[-1], 8)
