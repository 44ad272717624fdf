"""The instructions, shuffles apart, that a target's table prices: opcode x element type x lanes x variant."""

from __future__ import annotations

from collections.abc import Iterator

from vecgnn.slp.target.intrinsics import VECTOR_INTRINSICS, intrinsic_declaration, type_suffix
from vecgnn.slp.target.probe_module import Probe, shape, widths
from vecgnn.slp.target.shuffles import BITS

INTEGERS = ("i1", "i8", "i16", "i32", "i64", "i128")
FLOATS = ("half", "bfloat", "float", "double")
ELEMENTS = tuple(BITS)
INTEGER_OPS = (
    "add", "sub", "mul", "sdiv", "udiv", "srem", "urem", "shl", "lshr", "ashr", "and", "or", "xor",
)  # fmt: skip
FLOAT_OPS = ("fadd", "fsub", "fmul", "fdiv", "frem")
INTEGER_PREDICATES = ("eq", "ne", "ugt", "uge", "ult", "ule", "sgt", "sge", "slt", "sle")
FLOAT_PREDICATES = (
    "false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord",
    "ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true",
)  # fmt: skip
REDUCTIONS = ("add", "mul", "and", "or", "xor", "smin", "smax", "umin", "umax")
FLOAT_REDUCTIONS = ("fmin", "fmax", "fminimum", "fmaximum")


def _literal(elem: str, values: list[int] | list[str]) -> str:
    if len(values) == 1:
        return str(values[0])
    return "<" + ", ".join(f"{elem} {value}" for value in values) + ">"


def _splat(p: Probe, elem: str, lanes: int) -> str:
    """A variable in every lane, as the cost model recognizes it."""
    type_ = shape(elem, lanes)
    first = p.prepare(f"insertelement {type_} poison, {elem} {p.argument(elem)}, i64 0")
    return p.prepare(f"shufflevector {type_} {first}, {type_} poison, <{lanes} x i32> zeroinitializer")


def _arithmetic(p: Probe) -> None:
    for elem in (*INTEGERS, *FLOATS):
        for opcode in INTEGER_OPS if elem in INTEGERS else FLOAT_OPS:
            for column, lanes in widths(elem):
                type_ = shape(elem, lanes)
                a, b = p.operands(type_, type_)
                p.add("arithmetic", f"{opcode} {elem}", column, f"{opcode} {type_} {a}, {b}")
                for kind, text in _second_operands(p, elem, lanes):
                    p.add("arithmetic", f"{opcode} {elem} / {kind}", column, f"{opcode} {type_} {a}, {text}")
            p.turn()
    for opcode, elements in (("fneg", FLOATS), ("freeze", ELEMENTS)):
        for elem in elements:
            for column, lanes in widths(elem):
                type_ = shape(elem, lanes)
                p.add("arithmetic", f"{opcode} {elem}", column, f"{opcode} {type_} {p.argument(type_)}")
            p.turn()
    _narrow_multiplications(p)


def _second_operands(p: Probe, elem: str, lanes: int) -> Iterator[tuple[str, str]]:
    """Operand kinds, as ``target.operand_kind`` names them, with an operand of the kind."""
    if elem == "i1":
        return
    if elem in FLOATS:
        yield "uniform_const", _literal(elem, ["3.0"] * lanes)
        if lanes > 1:
            yield "const", _literal(elem, [("3.0", "5.0")[i % 2] for i in range(lanes)])
            yield "uniform", _splat(p, elem, lanes)
        return
    yield "uniform_const", _literal(elem, [85] * lanes)
    yield "pow2", _literal(elem, [16] * lanes)
    yield "negpow2", _literal(elem, [-16] * lanes)
    if lanes > 1:
        yield "const", _literal(elem, [3 + 2 * (i % 2) for i in range(lanes)])
        yield "const_pow2", _literal(elem, [2 << (i % 2) for i in range(lanes)])
        yield "const_negpow2", _literal(elem, [-2 << (i % 2) for i in range(lanes)])
        yield "uniform", _splat(p, elem, lanes)


def _narrow_multiplications(p: Probe) -> None:
    """Multiplications of values that fewer bits hold: see ``target.multiplication_kind``."""
    for elem, source, kind in (("i32", "i8", "narrow15"), ("i64", "i32", "narrow32")):
        for column, lanes in widths(elem):
            wide, small = shape(elem, lanes), shape(source, lanes)
            a, b = (p.prepare(f"zext {small} {v} to {wide}") for v in p.operands(small, small))
            p.add("arithmetic", f"mul {elem} / {kind}", column, f"mul {wide} {a}, {b}")
            p.turn()


CASTS: tuple[tuple[str, str, str], ...] = tuple(
    [("trunc", a, b) for a in INTEGERS for b in INTEGERS if BITS[a] > BITS[b]]
    + [(op, a, b) for op in ("zext", "sext") for a in INTEGERS for b in INTEGERS if BITS[a] < BITS[b]]
    + [("fptrunc", a, b) for a in FLOATS for b in FLOATS if BITS[a] > BITS[b]]
    + [("fpext", a, b) for a in FLOATS for b in FLOATS if BITS[a] < BITS[b]]
    + [(op, a, b) for op in ("fptosi", "fptoui") for a in FLOATS for b in INTEGERS]
    + [(op, a, b) for op in ("sitofp", "uitofp") for a in INTEGERS for b in FLOATS]
    + [("bitcast", a, b) for a in ELEMENTS[:-1] for b in ELEMENTS[:-1] if BITS[a] == BITS[b] and a != b]
    + [("ptrtoint", "ptr", a) for a in INTEGERS[1:]]
    + [("inttoptr", a, "ptr") for a in INTEGERS[1:]]
)


def _casts(p: Probe) -> None:
    for opcode, src, dst in CASTS:
        key = f"{opcode} {src} {dst}"
        for column, lanes in widths(src, dst):
            a, b = shape(src, lanes), shape(dst, lanes)
            plain = p.add("cast", key, column, f"{opcode} {a} {p.argument(a)} to {b}")
            loaded = p.prepare(f"load {a}, ptr {p.argument('ptr')}")
            extended = p.add("cast", f"{key} / load", column, f"{opcode} {a} {loaded} to {b}")
            for name in (plain, extended):  # what nothing uses may count as folded into its users
                p.prepare(f"freeze {b} {name}")
            if opcode in ("trunc", "fptrunc"):
                stored = p.add("cast", f"{key} / store", column, f"{opcode} {a} {p.argument(a)} to {b}")
                p.prepare(f"store {b} {stored}, ptr {p.argument('ptr')}", result=False)
            if opcode == "sext" and src == "i1" and dst != "i128":
                x, y = p.operands(b, b)
                compared = p.prepare(f"icmp eq {b} {x}, {y}")
                p.add("cast", f"{key} / compare", column, f"{opcode} {a} {compared} to {b}")
        p.turn()


def _compares(p: Probe) -> None:
    for elem in ELEMENTS:
        opcode, predicates = ("fcmp", FLOAT_PREDICATES) if elem in FLOATS else ("icmp", INTEGER_PREDICATES)
        for predicate in predicates:
            key = f"{opcode} {predicate} {elem}"
            for column, lanes in widths(elem):
                type_ = shape(elem, lanes)
                a, b = p.operands(type_, type_)
                p.add("compare", key, column, f"{opcode} {predicate} {type_} {a}, {b}")
                line = f"{opcode} {predicate} {type_} {a}, zeroinitializer"
                p.add("compare", f"{key} / const", column, line)
            p.turn()


def _selects(p: Probe) -> None:
    for elem in ELEMENTS:
        for column, lanes in widths(elem):
            type_, condition = shape(elem, lanes), shape("i1", lanes)
            c, a, b = p.operands(condition, type_, type_)
            p.add("select", f"{elem} / any", column, f"select {condition} {c}, {type_} {a}, {type_} {b}")
            x, y = p.operands(shape("i32", lanes), shape("i32", lanes))
            compared = p.prepare(f"icmp slt {shape('i32', lanes)} {x}, {y}")
            p.add("select", elem, column, f"select {condition} {compared}, {type_} {a}, {type_} {b}")
            if lanes > 1:
                one = p.argument("i1")
                p.add("select", f"{elem} / scalar", column, f"select i1 {one}, {type_} {a}, {type_} {b}")


def _memory(p: Probe) -> None:
    for elem in ELEMENTS:
        least = max(1, BITS[elem] // 8)
        for column, lanes in widths(elem):
            type_ = shape(elem, lanes)
            value, address = p.operands(type_, "ptr")
            aligns = [least << i for i in range(8) if least << i <= 64] if lanes > 1 else [least]
            for align in [*aligns, *(a for a in (1, 2, 4) if a < least)]:
                variant = f" / align {align}" if align != least else ""
                line = f"load {type_}, ptr {address}, align {align}"
                p.add("memory", f"load {elem}{variant}", column, line)
                line = f"store {type_} {value}, ptr {address}, align {align}"
                p.add("memory", f"store {elem}{variant}", column, line, result=False)
            same, other = ("null", "inttoptr (i64 8 to ptr)") if elem == "ptr" else ("1", "0")
            if elem in FLOATS:
                same, other = "1.0", "2.0"
            for kind, values in (("uniform", [same]), ("const", [same, other])):
                if kind == "uniform" or lanes > 1:
                    constant = _literal(elem, [values[i % len(values)] for i in range(lanes)])
                    line = f"store {type_} {constant}, ptr {address}, align {least}"
                    p.add("memory", f"store {elem} / {kind}", column, line, result=False)
        p.turn()


def _lanes(p: Probe) -> None:
    for elem in ELEMENTS:
        constant = "null" if elem == "ptr" else "1.0" if elem in FLOATS else "1"
        for _, lanes in widths(elem):
            if lanes == 1:
                continue
            type_ = shape(elem, lanes)
            vector, scalar = p.operands(type_, elem)
            key, into = f"insert {elem} {lanes}", f"insertelement {type_}"
            for lane in range(lanes):
                at = f"i64 {lane}"
                p.add("lane", key, lane, f"{into} {vector}, {elem} {scalar}, {at}")
                p.add("lane", f"{key} / poison", lane, f"{into} poison, {elem} {scalar}, {at}")
                loaded = p.prepare(f"load {elem}, ptr {p.argument('ptr')}")
                p.add("lane", f"{key} / load", lane, f"{into} {vector}, {elem} {loaded}, {at}")
                loaded = p.prepare(f"load {elem}, ptr {p.argument('ptr')}")
                p.add("lane", f"{key} / poison load", lane, f"{into} poison, {elem} {loaded}, {at}")
                p.add("lane", f"{key} / const", lane, f"{into} {vector}, {elem} {constant}, {at}")
                p.add("lane", f"{key} / poison const", lane, f"{into} poison, {elem} {constant}, {at}")
                p.add("lane", f"extract {elem} {lanes}", lane, f"extractelement {type_} {vector}, {at}")
            p.turn()


def _reductions(p: Probe) -> None:
    for elem in (*INTEGERS[:-1], *FLOATS):
        for op in REDUCTIONS if elem in INTEGERS else FLOAT_REDUCTIONS:
            for column, lanes in widths(elem):
                if lanes > 1:
                    name, type_ = f"@llvm.vector.reduce.{op}.{type_suffix(elem, lanes)}", shape(elem, lanes)
                    p.declare(f"declare {elem} {name}({type_})")
                    call = f"{elem} {name}({type_} {p.argument(type_)})"
                    p.add("reduce", f"{op} {elem}", column, f"call {call}")
                    if elem in FLOATS:
                        p.add("reduce", f"{op} {elem} / nnan", column, f"call nnan {call}")
        for op in ("fadd", "fmul") if elem in FLOATS else ():
            for column, lanes in widths(elem):
                if lanes > 1:
                    name, type_ = f"@llvm.vector.reduce.{op}.{type_suffix(elem, lanes)}", shape(elem, lanes)
                    p.declare(f"declare {elem} {name}({elem}, {type_})")
                    call = f"{elem} {name}({elem} {p.argument(elem)}, {type_} {p.argument(type_)})"
                    p.add("reduce", f"{op} {elem}", column, f"call reassoc {call}")
                    p.add("reduce", f"{op} {elem} / ordered", column, f"call {call}")
        p.turn()


def intrinsic_types(name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Result and operand element types to probe an intrinsic with."""
    form = VECTOR_INTRINSICS[name]
    integers = INTEGERS[1:-1]
    for elem in integers if form.domain == "int" else FLOATS:
        if name == "llvm.bswap" and elem == "i8":
            continue
        if name == "llvm.ldexp":
            yield elem, (elem, "i32")
        elif name == "llvm.is.fpclass":
            yield "i1", (elem, "i32")
        elif "other" in form.operands:
            for result in ("i32", "i64") if name[5] == "l" else integers:
                yield result, tuple(elem for _ in form.operands)
        else:
            yield elem, tuple(type_ or elem for type_ in form.types)


def _intrinsics(p: Probe) -> None:
    for name, form in VECTOR_INTRINSICS.items():
        for result, types in intrinsic_types(name):
            key = f"{name} {result}" + (f" {types[0]}" if types[0] != result else "")
            vectors = [t for t, fixed in zip(types, form.types, strict=True) if not fixed]
            for column, lanes in widths(result, *vectors):
                mangled, declaration = intrinsic_declaration(name, result, types, lanes)
                p.declare(declaration)
                wide = [t if fixed else shape(t, lanes) for t, fixed in zip(types, form.types, strict=True)]
                values = p.operands(*wide)
                for i, kind in enumerate(form.operands):
                    if kind == "immediate":
                        values[i] = "false" if types[i] == "i1" else "3"
                for variant, flags, operands in _variants(p, name, result, lanes, values):
                    arguments = ", ".join(f"{t} {v}" for t, v in zip(wide, operands, strict=True))
                    line = f"call {flags}{shape(result, lanes)} {mangled}({arguments})"
                    p.add("intrinsic", f"{key} / {variant}" if variant else key, column, line)
                if name == "llvm.bswap" and lanes == 1:
                    loaded = p.prepare(f"load {result}, ptr {p.argument('ptr')}")
                    line = f"call {result} {mangled}({result} {loaded})"
                    p.add("intrinsic", f"{key} / memory", column, line)
            p.turn()


def _variants(
    p: Probe, name: str, elem: str, lanes: int, values: list[str]
) -> Iterator[tuple[str, str, list[str]]]:
    """Variants of a call, as ``target.intrinsic_variant`` names them: name, flags and operands of each."""
    yield "", "", values
    form = VECTOR_INTRINSICS[name]
    if form.types[-1] == "i1":
        yield "true", "", [*values[:-1], "true"]
    if name in ("llvm.fshl", "llvm.fshr"):
        amounts = [("", values[2])]
        amounts.append(("uniform_const", _literal(elem, [3] * lanes)))
        if lanes > 1:
            amounts.append(("const", _literal(elem, [1 + i % 3 for i in range(lanes)])))
            amounts.append(("uniform", _splat(p, elem, lanes)))
        for variant, amount in amounts:
            yield variant, "", [*values[:2], amount]
            yield f"rotate {variant}".strip(), "", [values[0], values[0], amount]
    if name == "llvm.powi":
        for power in (*range(-4, 17), 32, 64):
            yield str(power), "", [values[0], str(power)]
    if name[5:8] in ("min", "max"):
        yield "nnan", "nnan ", values


_CONTROL = """
define i32 @control(i1 %c, i32 %x, ptr %p, { i32, i32 } %s) #0 {
entry:
  %fixed = alloca i32
  %part = extractvalue { i32, i32 } %s, 0
  %whole = insertvalue { i32, i32 } %s, i32 %x, 1
  fence seq_cst
  %old = atomicrmw add ptr %p, i32 1 seq_cst
  %swapped = cmpxchg ptr %p, i32 0, i32 1 seq_cst seq_cst
  br i1 %c, label %then, label %else
then:
  switch i32 %x, label %end [ i32 1, label %else ]
else:
  %phi = phi i32 [ 1, %entry ], [ 2, %then ]
  br label %end
end:
  %result = phi i32 [ 0, %then ], [ %phi, %else ]
  br i1 %c, label %never, label %done
done:
  ret i32 %result
never:
  unreachable
}
"""
_SINGLE = {  # name in the table: declaration, call
    "llvm.lifetime.start": ("void @llvm.lifetime.start.p0(ptr)", "(ptr poison)"),
    "llvm.lifetime.end": ("void @llvm.lifetime.end.p0(ptr)", "(ptr poison)"),
    "llvm.assume": ("void @llvm.assume(i1)", "(i1 true)"),
    "llvm.memcpy": ("void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)", "(ptr %0, ptr %0, i64 64, i1 false)"),
    "llvm.memmove": ("void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)", "(ptr %0, ptr %0, i64 64, i1 false)"),
    "llvm.memset": ("void @llvm.memset.p0.i64(ptr, i8, i64, i1)", "(ptr %0, i8 0, i64 64, i1 false)"),
    "llvm.stacksave": ("ptr @llvm.stacksave.p0()", "()"),
    "llvm.stackrestore": ("void @llvm.stackrestore.p0(ptr)", "(ptr %0)"),
    "llvm.prefetch": ("void @llvm.prefetch.p0(ptr, i32, i32, i32)", "(ptr %0, i32 0, i32 3, i32 1)"),
    "llvm.trap": ("void @llvm.trap()", "()"),
    "llvm.va_end": ("void @llvm.va_end.p0(ptr)", "(ptr %0)"),
    "llvm.va_copy": ("void @llvm.va_copy.p0(ptr, ptr)", "(ptr %0, ptr %0)"),
    "llvm.frameaddress": ("ptr @llvm.frameaddress.p0(i32)", "(i32 0)"),
    "llvm.returnaddress": ("ptr @llvm.returnaddress(i32)", "(i32 0)"),
    "llvm.threadlocal.address": ("ptr @llvm.threadlocal.address.p0(ptr)", "(ptr @thread)"),
    "llvm.expect": ("i64 @llvm.expect.i64(i64, i64)", "(i64 %1, i64 0)"),
    "llvm.is.constant": ("i1 @llvm.is.constant.i64(i64)", "(i64 %1)"),
    "llvm.objectsize": ("i64 @llvm.objectsize.i64.p0(ptr, i1, i1, i1)",
                        "(ptr %0, i1 false, i1 true, i1 false)"),
    "llvm.launder.invariant.group": ("ptr @llvm.launder.invariant.group.p0(ptr)", "(ptr %0)"),
    "llvm.strip.invariant.group": ("ptr @llvm.strip.invariant.group.p0(ptr)", "(ptr %0)"),
    "llvm.invariant.start": ("ptr @llvm.invariant.start.p0(i64, ptr)", "(i64 8, ptr %0)"),
    "llvm.eh.typeid.for": ("i32 @llvm.eh.typeid.for.p0(ptr)", "(ptr @thread)"),
    "llvm.ptrmask": ("ptr @llvm.ptrmask.p0.i64(ptr, i64)", "(ptr %0, i64 %1)"),
    "llvm.readcyclecounter": ("i64 @llvm.readcyclecounter()", "()"),
    "llvm.sideeffect": ("void @llvm.sideeffect()", "()"),
}  # fmt: skip


def _others(p: Probe) -> None:
    p.function("control", _CONTROL)
    p.declare("@thread = external thread_local global i32")
    for name, (declaration, call) in _SINGLE.items():
        p.declare(f"declare {declaration}")
        call = call.replace("%0", p.argument("ptr")).replace("%1", p.argument("i64"))
        p.add("other", name, 0, f"call {declaration.split('(')[0]}{call}", declaration[:4] != "void")
    scopes = "llvm.experimental.noalias.scope.decl"
    p.declare(f"declare void @{scopes}(metadata)")
    p.declare("!0 = distinct !{!0}")
    p.declare("!1 = distinct !{!1, !0}")
    p.declare("!2 = !{!1}")
    p.add("other", scopes, 0, f"call void @{scopes}(metadata !2)", result=False)
    p.add("other", "dynamic alloca", 0, f"alloca i8, i64 {p.argument('i64')}")
    for name in ("sadd", "ssub", "smul", "uadd", "usub", "umul"):
        for elem in INTEGERS[1:]:
            intrinsic, result = f"llvm.{name}.with.overflow.{elem}", f"{{ {elem}, i1 }}"
            p.declare(f"declare {result} @{intrinsic}({elem}, {elem})")
            a, b = p.operands(elem, elem)
            p.add("other", intrinsic, 0, f"call {result} @{intrinsic}({elem} {a}, {elem} {b})")


def _variable_lanes(p: Probe) -> None:
    for elem in ELEMENTS:
        for column, lanes in widths(elem):
            if lanes > 1:
                type_ = shape(elem, lanes)
                vector, scalar, index = p.argument(type_), p.argument(elem, 1), p.argument("i64")
                p.add(
                    "variable lane",
                    f"extract {elem}",
                    column,
                    f"extractelement {type_} {vector}, i64 {index}",
                )
                line = f"insertelement {type_} {vector}, {elem} {scalar}, i64 {index}"
                p.add("variable lane", f"insert {elem}", column, line)
        p.turn()


def _masked(p: Probe) -> None:
    """Masked and gathering accesses, by a variable mask or by a constant one."""
    for elem in ELEMENTS[1:]:
        align = f"align {max(1, BITS[elem] // 8)}"
        for column, lanes in widths(elem):
            if lanes == 1:
                continue
            type_, mask_type = shape(elem, lanes), shape("i1", lanes)
            value, variable = p.argument(type_), p.argument(mask_type)
            for read, write, address in (
                ("load", "store", "ptr"),
                ("gather", "scatter", shape("ptr", lanes)),
            ):
                of = f"{type_suffix(elem, lanes)}.{type_suffix('ptr', lanes if read == 'gather' else 1)}"
                at, reader, writer = (
                    p.argument(address, 1),
                    f"@llvm.masked.{read}.{of}",
                    f"@llvm.masked.{write}.{of}",
                )
                p.declare(f"declare {type_} {reader}({address}, {mask_type}, {type_})")
                p.declare(f"declare void {writer}({type_}, {address}, {mask_type})")
                for variant, mask in (("", variable), (" / const", "splat (i1 true)")):
                    line = (
                        f"call {type_} {reader}({address} {align} {at}, {mask_type} {mask}, {type_} {value})"
                    )
                    p.add("masked", f"{read} {elem}{variant}", column, line)
                    line = f"call void {writer}({type_} {value}, {address} {align} {at}, {mask_type} {mask})"
                    p.add("masked", f"{write} {elem}{variant}", column, line, result=False)
        p.turn()


STEPS = (
    _arithmetic,
    _casts,
    _compares,
    _selects,
    _memory,
    _lanes,
    _reductions,
    _intrinsics,
    _others,
    _variable_lanes,
    _masked,
)
