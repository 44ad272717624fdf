"""Addresses: how pointers come apart, and what arithmetic says of two of them.

The last tests evaluate random index arithmetic on numbers, poison included, and hold every claim against it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from vecgnn.ir.address import Address
from vecgnn.ir.dependence import DependenceGraph, build
from vecgnn.ir.reader import read_module

LAYOUT = 'target datalayout = "e-m:e-i64:64-i128:128-f80:128-n8:16:32:64-S128"\n'
TYPES = """
%struct.s = type { i32, double, [4 x i32], { i16, float } }
@g = internal global [8 x double] zeroinitializer, align 16
@s = global %struct.s zeroinitializer, align 8
declare ptr @llvm.launder.invariant.group.p0(ptr)
"""


def graph(body: str, arguments: str = "ptr %a, ptr %b, i64 %i, i64 %j, i32 %m, i32 %n") -> DependenceGraph:
    module = read_module(f"{LAYOUT}{TYPES}define void @f({arguments}) {{\nentry:\n{body}\n  ret void\n}}\n")
    assert not module.functions[0].reason, module.functions[0].reason
    return build(module, module.functions[0])


def shape(body: str, pointer: str = "%p") -> tuple[str, dict[str, int], int]:
    """Base, scales by name (unsigned ones with a "u"), offset."""
    address = graph(body).address_of(pointer)
    return address.base, {n + ("u" if r == "u" else ""): s for (n, r), s in address.terms}, address.offset


def test_struct_and_array_steps():
    assert shape("%p = getelementptr %struct.s, ptr %a, i64 1, i32 3, i32 1") == ("%a", {}, 40 + 32 + 4)
    assert shape("%p = getelementptr %struct.s, ptr %a, i64 0, i32 2, i64 %i") == ("%a", {"%i": 4}, 16)
    assert shape("%p = getelementptr [3 x [5 x double]], ptr %a, i64 %i, i64 2, i64 %j") == (
        "%a",
        {"%i": 120, "%j": 8},
        80,
    )
    assert shape("%p = getelementptr double, ptr %a, i64 -1") == ("%a", {}, -8)


def test_chains_add_up_and_equal_names_merge():
    body = "%q = getelementptr double, ptr %a, i64 %i\n%p = getelementptr i8, ptr %q, i64 %i\n"
    assert shape(body) == ("%a", {"%i": 9}, 0)
    body = "%k = sub i64 0, %i\n%q = getelementptr i8, ptr %a, i64 %i\n%p = getelementptr i8, ptr %q, i64 %k"
    assert shape(body) == ("%a", {}, 0)


def test_constant_expressions():
    field = "getelementptr inbounds nuw (%struct.s, ptr @s, i64 0, i32 2)"
    nested = f"getelementptr inbounds (i8, ptr {field}, i64 8)"
    body = f"store i32 0, ptr {nested}, align 4\n%p = getelementptr i8, ptr {nested}, i64 %i"
    assert shape(body) == ("@s", {"%i": 1}, 24)
    the_graph = graph(body)
    assert the_graph.access[0] == Address("@s", (), 24)


def test_what_is_no_step_is_its_own_base():
    assert shape("%p = getelementptr i8, <2 x ptr> zeroinitializer, i64 8")[0] == "%p"
    assert shape("%k = ptrtoint ptr %a to i64\n%p = inttoptr i64 %k to ptr")[0] == "%p"
    assert shape("%p = getelementptr i8, ptr %a, i64 poison")[0] == "%p"
    assert shape("%p = call ptr @llvm.launder.invariant.group.p0(ptr %a)") == ("%a", {}, 0)


def test_sext_needs_nsw_and_zext_needs_nuw():
    for extension, flag, reading in (("sext", "nsw", ""), ("zext", "nuw", "u")):
        for given_flag in ("nsw", "nuw"):
            body = f"%k = add {given_flag} i32 %m, 5\n%e = {extension} i32 %k to i64\n"
            body += "%p = getelementptr i32, ptr %a, i64 %e"
            split = ("%a", {f"%m{reading}": 4}, 20)
            assert shape(body) == (split if flag == given_flag else ("%a", {f"%k{reading}": 4}, 0))


def test_narrow_indices_are_sign_extended():
    assert shape("%k = add nsw i32 %m, 5\n%p = getelementptr i8, ptr %a, i32 %k") == ("%a", {"%m": 1}, 5)
    assert shape("%k = add nuw i32 %m, 5\n%p = getelementptr i8, ptr %a, i32 %k") == ("%a", {"%k": 1}, 0)
    # not negative as a whole: then the unsigned split is the signed one
    forward = "%p = getelementptr inbounds nuw i8, ptr %a, i32 %k"
    assert shape(f"%k = add nuw i32 %m, 5\n{forward}") == ("%a", {"%m": 1}, 5)


def test_linear_operations():
    index = "%p = getelementptr i8, ptr %a, i64 %k"
    assert shape(f"%k = add i64 %i, %j\n{index}") == ("%a", {"%i": 1, "%j": 1}, 0)
    assert shape(f"%k = sub i64 %i, 3\n{index}") == ("%a", {"%i": 1}, -3)
    assert shape(f"%k = mul i64 %i, -3\n{index}") == ("%a", {"%i": -3}, 0)
    assert shape(f"%k = shl i64 %i, 4\n{index}") == ("%a", {"%i": 16}, 0)
    assert shape(f"%k = or disjoint i64 %i, 1\n{index}") == ("%a", {"%i": 1}, 1)
    assert shape(f"%k = or i64 %i, 1\n{index}") == ("%a", {"%k": 1}, 0)
    assert shape(f"%k = mul i64 %i, %j\n{index}") == ("%a", {"%k": 1}, 0)
    assert shape(f"%k = shl i64 %i, %j\n{index}") == ("%a", {"%k": 1}, 0)


def test_wrapping_arithmetic_is_modular_not_exact():
    def exact(flags: str, step: str) -> bool:
        body = f"%k = add {flags} i64 %i, 1\n%p = getelementptr {step} i32, ptr %a, i64 %k"
        return graph(body).address_of("%p").exact

    assert exact("nsw", "inbounds") and exact("nsw", "nusw")
    assert not exact("nuw", "inbounds") and not exact("nsw", "") and not exact("", "inbounds")
    assert exact("nuw", "inbounds nuw")


def test_loops_are_not_looked_through():
    module = read_module(
        LAYOUT
        + """
define void @f(ptr %a) {
entry:
  br label %loop
loop:
  %p = phi ptr [ %a, %entry ], [ %q, %loop ]
  %q = getelementptr i8, ptr %p, i64 8
  %c = icmp eq ptr %q, null
  br i1 %c, label %exit, label %loop
exit:
  %r = phi ptr [ %q, %loop ]
  %s = getelementptr i8, ptr %r, i64 8
  ret void
}
"""
    )
    the_graph = build(module, module.functions[0])
    assert the_graph.address_of("%q") == Address("%p", (), 8, False, False)
    assert the_graph.address_of("%s").base == "%p"
    assert the_graph.address_of("%s").offset == 16


def test_distance():
    the_graph = graph(
        """
  %p = getelementptr double, ptr %a, i64 %i
  %q = getelementptr i8, ptr %p, i64 8
  %r = getelementptr double, ptr %a, i64 %j
  %x = load double, ptr %p, align 8
  %y = load double, ptr %q, align 8
  %z = load double, ptr %r, align 8
  store double %x, ptr %b, align 8
"""
    )
    x, y, z, store = (the_graph.definitions[name] for name in ("%x", "%y", "%z", "%z"))
    assert the_graph.distance(x, y) == 8 and the_graph.distance(y, x) == -8
    assert the_graph.distance(x, z) is None and the_graph.distance(x, store + 1) is None
    assert the_graph.distance(x, the_graph.definitions["%p"]) is None


def test_unreachable_cycles_end():
    module = read_module(
        LAYOUT
        + """
define void @f(ptr %a) {
entry:
  ret void
dead:
  %p = getelementptr i8, ptr %q, i64 1
  %q = getelementptr i8, ptr %p, i64 1
  br label %dead
}
"""
    )
    assert build(module, module.functions[0]).address_of("%p").terms == ()


# Against numbers

WORD = 1 << 64
BASE = 1 << 44


@dataclass(frozen=True)
class Step:
    """One instruction of random index arithmetic: its text and what it computes, None for poison."""

    text: str
    bits: int
    value: int | None


def signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) & 1 else value


def arithmetic(rng: random.Random) -> tuple[str, list[tuple[str, int, int | None]]]:
    """A body of index arithmetic and steps, with the values of the pointers (name, flags, address)."""
    numbers = [0, 1, 2, 5, (1 << 31) - 1, (1 << 31), (1 << 32) - 3, WORD - 1, WORD - 6, rng.getrandbits(12)]
    names: dict[str, tuple[int, int | None]] = {}
    for name, bits in (("%i", 64), ("%j", 64), ("%m", 32), ("%n", 32)):
        names[name] = (bits, rng.choice(numbers) % (1 << bits))
    lines: list[str] = []
    pointers: dict[str, int | None] = {"%a": BASE}
    for number in range(rng.randrange(3, 14)):
        name = f"%v{number}"
        bits = rng.choice((32, 64))
        of_width = [known for known in names if names[known][0] == bits]
        left = rng.choice(of_width)
        kind = rng.randrange(10)
        if kind < 5:
            operation = rng.choice(("add", "sub", "mul", "shl", "or disjoint", "add", "and"))
            right_value = rng.choice((0, 1, 2, 3, 4, 7, (1 << bits) - 1, (1 << bits) - 4))
            right = str(signed(right_value, bits))
            if operation in ("add", "sub") and rng.random() < 0.4:
                right = rng.choice(of_width)
                right_value = names[right][1]
            if operation == "shl":
                right_value = rng.randrange(4)
                right = str(right_value)
            flags = rng.choice(([], ["nsw"], ["nuw"], ["nuw", "nsw"]))
            if operation in ("or disjoint", "and"):
                flags = []
            lines.append(f"  {name} = {' '.join([operation, *flags])} i{bits} {left}, {right}")
            names[name] = (bits, compute(operation, flags, bits, names[left][1], right_value))
        elif kind < 7:
            extension = rng.choice(("sext", "zext", "zext nneg"))
            source = rng.choice([known for known in names if names[known][0] == 32])
            value = names[source][1]
            if value is not None and extension == "zext nneg" and value >> 31:
                value = None
            if value is not None and extension == "sext":
                value = signed(value, 32) % WORD
            lines.append(f"  {name} = {extension} i32 {source} to i64")
            names[name] = (64, value)
        else:
            pointer = rng.choice(list(pointers))
            flags = rng.choice(("", " inbounds", " nusw", " nuw", " inbounds nuw"))
            scale, element = rng.choice(((1, "i8"), (4, "i32"), (24, "[3 x i64]"), (8, "double")))
            index, index_value = left, names[left][1]
            if rng.random() < 0.3:
                bits, index_value = 64, rng.choice((1, 2, 3, 12, WORD - 2))
                index = str(signed(index_value, 64))
            lines.append(f"  %p{number} = getelementptr{flags} {element}, ptr {pointer}, i{bits} {index}")
            pointers[f"%p{number}"] = stepped(pointers[pointer], index_value, bits, scale, flags)
    rows = [(name, 0, value) for name, value in pointers.items()]
    rows += [(name, bits, value) for name, (bits, value) in names.items()]
    return "\n".join(lines), rows


def compute(operation: str, flags: list[str], bits: int, left: int | None, right: int | None) -> int | None:
    if left is None or right is None:
        return None
    if operation == "and":
        return left & right
    if operation == "or disjoint":
        return None if left & right else left | right
    exact = {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "shl": lambda a, b: a << b,
    }[operation]
    result = exact(left, right) % (1 << bits)
    of_signed = exact(signed(left, bits), right if operation == "shl" else signed(right, bits))
    if "nuw" in flags and exact(left, right) != result:
        return None
    return None if "nsw" in flags and of_signed != signed(result, bits) else result


def stepped(pointer: int | None, index: int | None, bits: int, scale: int, flags: str) -> int | None:
    if pointer is None or index is None:
        return None
    wide = signed(index, bits)
    fits = -(WORD >> 1) <= wide * scale < WORD >> 1 and 0 <= pointer + wide * scale < WORD
    if not fits and ("inbounds" in flags or "nusw" in flags):
        return None
    if "nuw" in flags and pointer + (wide % WORD) * scale >= WORD:
        return None
    return (pointer + wide * scale) % WORD


@given(st.integers(0, 1 << 32))
def test_addresses_equal_what_is_computed(seed: int):
    body, rows = arithmetic(random.Random(seed))
    the_graph = graph(body)
    widths = {name: (bits, value) for name, bits, value in rows if bits}
    for pointer, _, value in [row for row in rows if not row[1]]:
        if value is None:
            continue
        address = the_graph.address_of(pointer)
        total = BASE + address.offset
        for (name, reading), scale in address.terms:
            bits, number = widths[name]
            assert number is not None
            if reading == "s":
                number = signed(number, bits)
                assert number >= 0 or (name, "s") not in address.nonneg, body
            total += scale * number
        assert address.base == "%a"
        assert total % WORD == value, (body, pointer)
        assert total == value or not address.exact, (body, pointer)


@given(st.integers(0, 1 << 32))
def test_disjoint_accesses_do_not_meet(seed: int):
    rng = random.Random(seed)
    body, rows = arithmetic(rng)
    the_graph = graph(body)
    known = [(name, value) for name, bits, value in rows if not bits and value is not None]
    for first, one in known:
        for second, other in known:
            size, other_size = rng.choice((1, 4, 8, 16)), rng.choice((1, 4, 8))
            addresses = the_graph.address_of(first), the_graph.address_of(second)
            if the_graph._alias.disjoint(addresses[0], size, addresses[1], other_size):
                apart = (one - other) % WORD >= other_size and (other - one) % WORD >= size
                assert apart, (body, first, second)


def test_pointers_in_step_are_told_apart_and_others_are_not():
    module = read_module(
        LAYOUT
        + """
define void @f(ptr %a) {
entry:
  %a8 = getelementptr inbounds i8, ptr %a, i64 8
  br label %loop
loop:
  %p = phi ptr [ %a, %entry ], [ %p16, %loop ]
  %q = phi ptr [ %a8, %entry ], [ %q16, %loop ]
  %r = phi ptr [ %a8, %entry ], [ %ri, %loop ]
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p16 = getelementptr inbounds i8, ptr %p, i64 16
  %q16 = getelementptr inbounds i8, ptr %q, i64 16
  %ri = getelementptr inbounds i8, ptr %r, i64 %i
  %next = add i64 %i, 1
  br label %loop
}
"""
    )
    the_graph = build(module, module.functions[0])
    p, q, r = (the_graph.address_of(name) for name in ("%p", "%q", "%r"))
    assert the_graph._alias.disjoint(p, 8, q, 8)
    assert not the_graph._alias.disjoint(p, 9, q, 8)
    assert not the_graph._alias.disjoint(p, 8, r, 8)


Code = list[tuple[str, str, list[str]]]
"""Pointer instructions: name, kind, operands."""


def choosing_loop(rng: random.Random) -> tuple[Code, Code, Code]:
    """Pointers made before a loop, its phis, and pointers made in it."""
    pointers = ["%a", "%b"]

    def more(prefix: str, count: int, counters: tuple[str, ...]) -> Code:
        code: Code = []
        for number in range(count):
            name, source = f"%{prefix}{number}", rng.choice(pointers)
            match rng.choice(("step", "step", "select", "index")):
                case "step":
                    code.append((name, "step", [source, str(rng.choice((-8, 4, 8, 16, 0)))]))
                case "index":
                    code.append((name, "index", [source, rng.choice(counters), str(rng.choice((4, 8)))]))
                case _:
                    code.append((name, "select", ["%c", source, rng.choice(pointers)]))
            pointers.append(name)
        return code

    before = more("e", rng.randrange(4), ("%m",))
    started = [(f"%p{number}", rng.choice(pointers)) for number in range(rng.randrange(1, 4))]
    pointers += [name for name, _ in started]
    inside = more("l", rng.randrange(1, 6), ("%i", "%m"))
    return before, [(name, "phi", [first, rng.choice(pointers)]) for name, first in started], inside


def printed(code: Code) -> str:
    forms = {
        "step": "{} = getelementptr inbounds i8, ptr {}, i64 {}",
        "index": "{0} = getelementptr [{3} x i8], ptr {1}, i64 {2}",
        "select": "{} = select i1 {}, ptr {}, ptr {}",
        "phi": "{} = phi ptr [ {}, %entry ], [ {}, %loop ]",
    }
    return "\n".join(forms[kind].format(name, *operands) for name, kind, operands in code)


def execute(code: Code, values: dict[str, int], first_arm: bool) -> None:
    for name, kind, operands in code:
        if kind == "step":
            values[name] = values[operands[0]] + int(operands[1])
        elif kind == "index":
            values[name] = values[operands[0]] + values[operands[1]] * int(operands[2])
        else:
            values[name] = values[operands[1 if first_arm else 2]]


@given(st.integers(0, 1 << 32))
def test_pointers_that_choose(seed: int):
    rng = random.Random(seed)
    before, phis, inside = choosing_loop(rng)
    text = f"""define void @f(ptr %a, ptr %b, i64 %m, i1 %c) {{
entry:
{printed(before)}
  br label %loop
loop:
{printed(phis)}
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
{printed(inside)}
  %next = add i64 %i, 1
  br label %loop
}}"""
    module = read_module(LAYOUT + text)
    assert not module.functions[0].reason, module.functions[0].reason
    the_graph = build(module, module.functions[0])
    values = {"%a": BASE, "%b": BASE + rng.choice((0, 8, 16, 64, 4096)), "%m": rng.choice((0, 1, 2, -1))}
    first_arm = rng.random() < 0.5
    execute(before, values, first_arm)
    names = [name for name, _, _ in phis + inside]
    for iteration in range(4):
        values.update({name: values[operands[min(iteration, 1)]] for name, _, operands in phis})
        values["%i"] = iteration
        execute(inside, values, first_arm)
        for one in names:
            for other in (*names, "%a", "%b"):
                first, second = the_graph.address_of(one), the_graph.address_of(other)
                if the_graph._alias.disjoint(first, 8, second, 4):
                    apart = values[one] - values[other]
                    assert apart >= 4 or apart <= -8, (text, one, other, iteration)
