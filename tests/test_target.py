"""Prices against the costs that opt prints, and the tables they are read from."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import llvmlite.binding as binding
import pytest

from vecgnn import llvm
from vecgnn.errors import InputError, ToolError
from vecgnn.ir.dependence import build
from vecgnn.ir.reader import read_module
from vecgnn.slp import target
from vecgnn.slp.target import Target, intrinsics, masks, probe, probe_rows, probe_shuffles
from vecgnn.slp.target.probe_module import Probe, shape
from vecgnn.slp.target.shuffles import BITS, machine_of

KERNELS = Path(__file__).parents[1] / "datasets" / "kernels"
NAMES = target.names()
INTEGERS = ("i8", "i16", "i32", "i64")
FLOATS = ("float", "double")


def _opt() -> bool:
    try:
        return llvm.tool_version("opt") == target.load("x86-64-v3").llvm
    except ToolError:
        return False


@pytest.fixture(params=NAMES)
def cpu(request: pytest.FixtureRequest) -> Target:
    return target.load(request.param)


def module_for(cpu: Target) -> Probe:
    text = " ".join(f'"{key}"="{value}"' for key, value in cpu.attributes.items())
    return Probe(cpu.triple, cpu.layout, text)


def literal(elem: str, values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 else "<" + ", ".join(f"{elem} {value}" for value in values) + ">"


# Random instructions: each adds one to the module and says what it should cost.

Case = tuple[str, int | None]


def _width(rng: random.Random, *elements: str) -> int:
    widest = max(BITS[elem] for elem in elements)
    return rng.choice([lanes for lanes in (1, 2, 3, 4, 5, 6, 7, 8, 16, 32) if lanes * widest <= 1024])


def _arithmetic(p: Probe, cpu: Target, rng: random.Random) -> Case:
    elem = rng.choice((*INTEGERS, *FLOATS))
    lanes = _width(rng, elem)
    opcode = rng.choice(probe_rows.INTEGER_OPS if elem in INTEGERS else probe_rows.FLOAT_OPS)
    a, b = p.operands(shape(elem, lanes), shape(elem, lanes))
    kind = "any"
    if elem in INTEGERS and rng.random() < 0.5:
        pool = rng.choice(
            (["3", "7", "11"], ["4", "16", "2"], ["-4", "-8"], ["9"], ["8"], ["-16"], ["0", "5"])
        )
        values = tuple(rng.choice(pool) for _ in range(lanes))
        kind, b = target.operand_kind(values), literal(elem, values)
    return f"{opcode} {shape(elem, lanes)} {a}, {b}", cpu.arithmetic(opcode, elem, lanes, kind)


def _multiplication(p: Probe, cpu: Target, rng: random.Random) -> Case:
    elem, lanes = rng.choice(("i32", "i64")), rng.choice((2, 4, 8, 16))
    described, operands = [], []
    for number in range(2):
        source = rng.choice([e for e in INTEGERS if BITS[e] < BITS[elem]])
        opcode = rng.choice(("zext", "sext"))
        value = p.argument(shape(source, lanes), number)
        name = p.prepare(f"{opcode} {shape(source, lanes)} {value} to {shape(elem, lanes)}")
        p.prepare(f"freeze {shape(elem, lanes)} {name}")  # a second user: the extension is no part of it
        described.append(f"{opcode} {source}")
        operands.append(name)
    if rng.random() < 0.5:
        values = tuple(str(rng.choice((3, 100, 200, 30000, 70000))) for _ in range(lanes))
        described[1], operands[1] = " ".join(("const", *values)), literal(elem, values)
        kind = target.operand_kind(values)
    else:
        kind = "any"
    narrow = target.multiplication_kind(cpu, elem, *described)
    line = f"mul {shape(elem, lanes)} {operands[0]}, {operands[1]}"
    return line, cpu.arithmetic("mul", elem, lanes, kind, narrow)


def _cast(p: Probe, cpu: Target, rng: random.Random) -> Case:
    opcode, src, dst = rng.choice([c for c in probe_rows.CASTS if "i128" not in c])
    lanes = _width(rng, src, dst)
    a, b = shape(src, lanes), shape(dst, lanes)
    context, value = "none", p.argument(a)
    if rng.random() < 0.4:
        context, value = "load", p.prepare(f"load {a}, ptr {p.argument('ptr')}")
    return f"{opcode} {a} {value} to {b}", cpu.cast(opcode, src, dst, lanes, context)


def _compare(p: Probe, cpu: Target, rng: random.Random) -> Case:
    elem = rng.choice((*INTEGERS, *FLOATS, "ptr"))
    lanes = _width(rng, elem)
    opcode = "fcmp" if elem in FLOATS else "icmp"
    predicates = probe_rows.FLOAT_PREDICATES if elem in FLOATS else probe_rows.INTEGER_PREDICATES
    predicate = rng.choice(predicates)
    a, b = p.operands(shape(elem, lanes), shape(elem, lanes))
    kind = "any"
    if elem in INTEGERS and rng.random() < 0.5:
        values = tuple(str(rng.randrange(1, 9)) for _ in range(lanes))
        kind, b = target.operand_kind(values), literal(elem, values)
    line = f"{opcode} {predicate} {shape(elem, lanes)} {a}, {b}"
    return line, cpu.compare(opcode, elem, lanes, predicate, kind)


def _select(p: Probe, cpu: Target, rng: random.Random) -> Case:
    elem = rng.choice((*INTEGERS, *FLOATS, "ptr"))
    lanes = _width(rng, elem)
    type_, integers = shape(elem, lanes), shape("i32", lanes)
    a, b = p.operands(type_, type_)
    compared = p.prepare(f"icmp sgt {integers} {p.argument(integers)}, {p.argument(integers, 1)}")
    line = f"select {shape('i1', lanes)} {compared}, {type_} {a}, {type_} {b}"
    return line, cpu.select(elem, lanes)


def _memory(p: Probe, cpu: Target, rng: random.Random) -> Case:
    elem = rng.choice((*INTEGERS, *FLOATS, "ptr"))
    lanes = _width(rng, elem)
    align = (BITS[elem] // 8) << rng.randrange(3)
    type_, address = shape(elem, lanes), p.argument("ptr")
    if rng.random() < 0.5:
        return f"load {type_}, ptr {address}, align {align}", cpu.load(elem, lanes, align)
    line = f"store {type_} {p.argument(type_)}, ptr {address}, align {align}"
    return line, cpu.store(elem, lanes, align)


def _lane(p: Probe, cpu: Target, rng: random.Random) -> Case:
    elem, lanes = rng.choice((*INTEGERS, *FLOATS, "ptr")), rng.choice((2, 3, 4, 8, 16))
    lane, type_ = rng.randrange(lanes), shape(elem, lanes)
    vector = p.argument(type_)
    if rng.random() < 0.5:
        return f"extractelement {type_} {vector}, i64 {lane}", cpu.extract(elem, lanes, lane)
    value, scalar = "any", p.argument(elem, 1)
    if rng.random() < 0.3:
        value, scalar = "load", p.prepare(f"load {elem}, ptr {p.argument('ptr')}")
    into_poison = rng.random() < 0.5
    line = f"insertelement {type_} {'poison' if into_poison else vector}, {elem} {scalar}, i64 {lane}"
    return line, cpu.insert(elem, lanes, lane, into_poison, value)


def _intrinsic(p: Probe, cpu: Target, rng: random.Random) -> Case:
    name = rng.choice([n for n in intrinsics.VECTOR_INTRINSICS if n not in ("llvm.powi", "llvm.is.fpclass")])
    form = intrinsics.VECTOR_INTRINSICS[name]
    result, types = rng.choice(
        [t for t in probe_rows.intrinsic_types(name) if {"half", "bfloat"}.isdisjoint(t[1])]
    )
    lanes = _width(rng, result, types[0])
    mangled, declaration = intrinsics.intrinsic_declaration(name, result, types, lanes)
    p.declare(declaration)
    wide = [t if fixed else shape(t, lanes) for t, fixed in zip(types, form.types, strict=True)]
    values = p.operands(*wide)
    lanewise = [tuple(f"{v}.{i}" for i in range(lanes)) for v in values]
    if form.operands[-1] == "immediate":
        values[-1] = rng.choice(("true", "false")) if types[-1] == "i1" else "2"
        lanewise[-1] = (values[-1],)
    elif name in ("llvm.fshl", "llvm.fshr"):
        if rng.random() < 0.5:
            values[1], lanewise[1] = values[0], lanewise[0]
        if rng.random() < 0.5:
            lanewise[2] = tuple(str(rng.choice((1, 3, 5))) for _ in range(lanes))
            values[2] = literal(result, lanewise[2])
    flags = frozenset({"nnan"}) if form.domain == "float" and rng.random() < 0.3 else frozenset[str]()
    arguments = ", ".join(f"{t} {v}" for t, v in zip(wide, values, strict=True))
    callable_ = form.domain == "float" and result in FLOATS
    words = "nnan " if flags and callable_ else ""
    variant = target.intrinsic_variant(name, flags if callable_ else frozenset(), lanewise)
    line = f"call {words}{shape(result, lanes)} {mangled}({arguments})"
    return line, cpu.intrinsic(name, result, lanes, types[0], variant)


def _reduction(p: Probe, cpu: Target, rng: random.Random) -> Case:
    elem, lanes = rng.choice(INTEGERS), rng.choice((2, 4, 8, 16))
    op = rng.choice(probe_rows.REDUCTIONS)
    name = f"@llvm.vector.reduce.{op}.v{lanes}{elem}"
    p.declare(f"declare {elem} {name}({shape(elem, lanes)})")
    line = f"call {elem} {name}({shape(elem, lanes)} {p.argument(shape(elem, lanes))})"
    return line, cpu.reduce(op, elem, lanes)


def differences(cpu: Target, p: Probe, cases: list[Case]) -> Iterator[tuple[str, int | None, int | None]]:
    printed = p.run()["case"]
    for number, (line, price) in enumerate(cases):
        if printed[str(number)][0] != price:
            yield line, printed[str(number)][0], price


@pytest.mark.parametrize(
    "make",
    [
        _arithmetic, _multiplication, _cast, _compare, _select, _memory, _lane, _intrinsic, _reduction,
    ],
)  # fmt: skip
def test_prices_are_what_opt_prints(
    cpu: Target, make: Callable[[Probe, Target, random.Random], Case]
) -> None:
    if make is _multiplication and machine_of(cpu.triple) != "x86":
        make = _arithmetic  # multiplication_kind knows x86 alone
    p, rng, cases = module_for(cpu), random.Random(7), []
    for number in range(150):
        line, price = make(p, cpu, rng)
        p.add("case", str(number), 0, line, result=not line.startswith("store"))
        cases.append((line, price))
        p.turn()
    assert list(differences(cpu, p, cases)) == []


def _shuffle_masks(rng: random.Random, lanes: int) -> Iterator[list[int]]:
    pool = list(probe_shuffles.sample_masks(lanes, seed=rng.randrange(1000)))
    yield from rng.sample(pool, min(25, len(pool)))
    for result in (2, 3, 4, 8, 16):
        if result != lanes:
            yield [rng.randrange(lanes) for _ in range(result)]
            yield [rng.randrange(2 * lanes) for _ in range(result)]
            start = rng.randrange(lanes)
            yield [min(start + i, 2 * lanes - 1) for i in range(result)]


def test_shuffles_cost_what_opt_prints(cpu: Target) -> None:
    """All but a few odd ones: a narrow part that starts at poison or comes from the second source."""
    p, rng, cases = module_for(cpu), random.Random(3), []
    for elem in ("i8", "i16", "i32", "i64", "float", "double", "ptr"):
        for lanes in (2, 3, 4, 6, 8, 16):
            if lanes * BITS[elem] > 1024:
                continue
            for mask in _shuffle_masks(rng, lanes):
                two = any(m >= lanes for m in mask)
                price = cpu.shuffle(elem, lanes, tuple(mask), two)
                probe_shuffles.add_shuffle(p, str(len(cases)), 0, elem, lanes, mask)
                cases.append((f"{elem} {lanes} {mask}", price))
            p.turn()
    printed = p.run()["shuffle"]
    wrong = [c for i, c in enumerate(cases) if printed[str(i)][0] != c[1]]
    assert len(wrong) <= len(cases) // 100, wrong


@pytest.mark.parametrize("name", ["complex_product", "matrix_4x4", "narrow_types", "clamp_select", "fft8"])
def test_functions_cost_what_opt_prints(name: str) -> None:
    """Every instruction of real functions, before and after LLVM's own vectorizer."""
    cpu = target.load("x86-64-v3")
    source = KERNELS / f"{name}.c"
    command = [
        "-O3",
        f"-march={cpu.name}",
        "-w",
        "-Xclang",
        "-disable-llvm-passes",
        "-S",
        "-emit-llvm",
        "-o",
        "-",
    ]
    scalar = llvm.before_slp(llvm.run_tool("clang", [*command, source]))
    for text in (scalar, llvm.slp(scalar)):
        named = llvm.run_passes(text, "function(instnamer)", ["-strip-debug"])
        module = read_module(named)
        printed = llvm.printed_costs(named)
        for function in module.functions:
            graph = build(module, function)
            wrong = [
                (instruction.text, cost, price)
                for instruction, (_, cost) in zip(function.instructions, printed[function.name], strict=True)
                if (price := target.instruction_price(cpu, instruction, graph)) != cost
            ]
            assert wrong == []


def test_shipped_table_is_what_probing_gives() -> None:
    table = probe.probe("x86-64-v3")
    shipped = target.load("x86-64-v3")
    assert table["costs"] == shipped.costs
    assert (table["attributes"], table["registers"]) == (shipped.attributes, shipped.registers)


def test_table_written_and_loaded_again(tmp_path: Path) -> None:
    table = {"costs": target.load("x86-64").costs} | {
        key: getattr(target.load("x86-64"), key) for key in ("name", "triple", "features", "llvm", "layout")
    }
    table |= {key: getattr(target.load("x86-64"), key) for key in ("attributes", "registers")}
    path = tmp_path / "mine.json"
    path.write_text(probe.table_text(table))
    assert target.load(str(path)).costs == table["costs"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.json"]


def test_probing_an_unknown_cpu_is_the_users_error() -> None:
    with pytest.raises(InputError, match="unknown CPU nonsense"):
        probe.machine("nonsense")


# What needs no LLVM


def test_tables_load_without_tools() -> None:
    code = (
        "from vecgnn.slp import target; [target.load(n).arithmetic('add', 'i32', 4) for n in target.names()]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PATH": ""}, timeout=60)


def test_shipped_targets() -> None:
    assert {"x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4", "znver5", "neoverse-v2"} <= set(NAMES)
    for name in NAMES:
        assert target.load(name).name == name


def test_unknown_target_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown target i486.*x86-64-v3"):
        target.load("i486")


def test_broken_table(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{}")
    with pytest.raises(InputError, match="not a target table"):
        target.load(str(path))


@pytest.mark.parametrize(
    ("attributes", "triple", "name", "approximate"),
    [
        ({"target-cpu": "znver5", "target-features": "+avx2"}, "", "znver5", False),
        ({"target-cpu": "x86-64", "target-features": "+sse2"}, "", "x86-64", False),
        ({"target-cpu": "haswell", "target-features": "+avx2,+sse4.2"}, "", "x86-64-v3", True),
        ({"target-cpu": "nehalem", "target-features": "+sse4.2"}, "", "x86-64-v2", True),
        ({"target-features": "+avx512f,+avx512bw,+avx512dq,+avx512vl,+avx2"}, "", "x86-64-v4", True),
        ({"target-cpu": "k8", "target-features": "+sse2"}, "", "x86-64", True),
        ({}, "", "x86-64", False),
        ({"target-cpu": "apple-m1", "target-features": "+neon"}, "", "neoverse-v2", True),
        ({}, "aarch64-linux-gnu", "neoverse-v2", True),
    ],
)
def test_target_of_attributes(attributes: dict[str, str], triple: str, name: str, approximate: bool) -> None:
    found, nearest = target.for_attributes(attributes, triple)
    assert (found.name, nearest) == (name, approximate)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("%a", "%b"), "any"),
        (("%a", "%a"), "uniform"),
        (("%a",), "any"),
        (("3",), "uniform_const"),
        (("8",), "pow2"),
        (("-8", "-8"), "negpow2"),
        (("2", "8"), "const_pow2"),
        (("-2", "-8"), "const_negpow2"),
        (("2", "3"), "const"),
        (("0", "0"), "uniform_const"),
        (("1.0", "2.0"), "const"),
        (("1.0", "1.0"), "uniform_const"),
        (("2", "poison"), "const"),
        (("poison", "undef"), "any"),
        (("2", "%a"), "any"),
    ],
)
def test_operand_kind(values: tuple[str, ...], kind: str) -> None:
    assert target.operand_kind(values) == kind


def test_every_intrinsic_verifies() -> None:
    for name, form in intrinsics.VECTOR_INTRINSICS.items():
        for result, types in probe_rows.intrinsic_types(name):
            for lanes in (1, 4):
                mangled, declaration = intrinsics.intrinsic_declaration(name, result, types, lanes)
                wide = [t if fixed else shape(t, lanes) for t, fixed in zip(types, form.types, strict=True)]
                values = [
                    ("true" if t == "i1" else "2") if kind == "immediate" else f"%a{i}"
                    for i, (t, kind) in enumerate(zip(wide, form.operands, strict=True))
                ]
                parameters = ", ".join(f"{t} %a{i}" for i, t in enumerate(wide))
                arguments = ", ".join(f"{t} {v}" for t, v in zip(wide, values, strict=True))
                call = f"call {shape(result, lanes)} {mangled}({arguments})"
                text = f"{declaration}\ndefine void @f({parameters}) {{\n  %r = {call}\n  ret void\n}}\n"
                module = binding.parse_assembly(text)
                module.verify()
                # A name that does not fit its types is one the parser renames.
                assert f"{mangled}(" in str(module)
                assert intrinsics.base_name(mangled) == name


def test_base_name_of_others() -> None:
    assert intrinsics.base_name("@llvm.memcpy.p0.p0.i64") == ""
    assert intrinsics.base_name("@sqrt") == ""
    assert intrinsics.base_name("@llvm.fma.v4f32") == "llvm.fma"


def test_lanes_the_table_does_not_know() -> None:
    cpu = target.load("x86-64-v3")
    assert cpu.arithmetic("fadd", "double", 9) is None
    assert cpu.arithmetic("fadd", "x86_fp80", 2) is None
    assert cpu.shuffle("x86_fp80", 2, (1, 0), False) is None
    assert cpu.extract("i32", 9, 0) is None


def test_free_shuffles() -> None:
    cpu = target.load("x86-64-v3")
    assert cpu.shuffle("float", 4, (0, 1, 2, 3), False) == 0
    assert cpu.shuffle("float", 4, (-1, -1, -1, -1), False) == 0
    assert cpu.shuffle("float", 4, (0, 1, -1, 3, -1, -1, -1, -1), False) == 0
    assert cpu.shuffle("double", 8, (0, 1, 2, 3), False) == 0


@pytest.mark.parametrize(
    ("mask", "kind"),
    [
        ([0, 1, 2, 3], "identity"),
        ([4, -1, 6, 7], "identity"),
        ([3, 2, 1, 0], "reverse"),
        ([0, 0, -1, 0], "broadcast"),
        ([0, 4, 2, 6], "transpose"),
        ([0, 5, 2, 7], "select"),
        ([1, 2, 3, 4], "splice"),
        ([0, 1, 4, 5], "insert"),
        ([1, 0, 3, 2], "one"),
        ([1, 4, 0, 6], "two"),
    ],
)
def test_kind_of_mask(mask: list[int], kind: str) -> None:
    assert masks.kind_of(mask, 4)[0] == kind


def test_registers_are_cut_as_the_mask_needs() -> None:
    # Two registers of four: the first stays, the second is made of both.
    assert masks.split_registers([0, 1, 2, 3, 3, 4, 5, 6], 2, 2) == [
        [([0, 1, 2, 3], False)],
        [([3, 4, 5, 6], True)],
    ]


def test_machine_of_triple() -> None:
    assert machine_of("x86_64-pc-linux-gnu") == "x86"
    assert machine_of("aarch64-unknown-linux-gnu") == "aarch64"
