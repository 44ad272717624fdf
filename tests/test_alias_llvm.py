"""Our alias answers beside LLVM's own (opt's aa-eval with its whole default stack), both ways.

No pair may be told apart by us that LLVM does not tell apart, except by the rules of ``SHARPER``; and on what
real programs do LLVM must not know more.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from test_address import LAYOUT

from vecgnn.ir.dependence import DependenceGraph, build
from vecgnn.ir.nodes import Instruction, Module
from vecgnn.ir.reader import read_module
from vecgnn.llvm import find_tool

KERNELS = Path(__file__).parent.parent / "datasets" / "kernels"
SAMPLE = (
    "alpha_blend",
    "biquad",
    "complex_product",
    "crc_mix",
    "fft15",
    "idct8_integer",
    "matrix_4x4",
    "transpose",
)

SHARPER = {
    "choice": "a phi or select: what it may point to is followed through any number of phis; two pointers "
    "that move in step, or are chosen together, are compared where they start (induction over iterations)",
    "load": "a pointer loaded from memory that is not a global's: a global whose address is never taken is "
    "not stored anywhere (LLVM gives up after four loads, or where it loads from an alloca)",
    "arithmetic": "both addresses have one base: strides and bounds hold over the integers where every step "
    "is inbounds or nusw and no split overflows (test_address.py holds this against evaluated arithmetic)",
}

_ATTACHMENTS = re.compile(r"(, ![\w.$-]+ !\d+)+$")
_PAIR = re.compile(r"^  (\w+Alias)(?: \(off -?\d+\))?: (  .*) <-> (  .*)$")
_ARGUMENTS = (
    "-passes=require<globals-aa>,function(aa-eval)",
    "-aa-pipeline=default",
    "-evaluate-aa-metadata",
    "-print-all-alias-modref-info",
    "-disable-output",
)


@dataclass(frozen=True)
class Comparison:
    """Pairs with a store among them, by who tells them apart."""

    both: int
    neither: int
    ours: Counter[str]  # by the rule of SHARPER, or "" where none explains it
    llvm: list[str]
    unexplained: list[str]


def _bare(text: str) -> str:
    return _ATTACHMENTS.sub("", text.strip())


def llvm_answers(text: str) -> dict[str, dict[frozenset[str], set[str]]]:
    """By function, what LLVM says of two accesses, each named by its text without metadata."""
    done = subprocess.run(
        [find_tool("opt"), *_ARGUMENTS], input=text.encode(), capture_output=True, check=True, timeout=300
    )
    answers: dict[str, dict[frozenset[str], set[str]]] = defaultdict(dict)
    function = ""
    for line in done.stderr.decode().splitlines():
        if line.startswith("Function: "):
            function = "@" + line[len("Function: ") :].split(": ")[0]
        elif found := _PAIR.match(line):
            pair = frozenset((_bare(found[2]), _bare(found[3])))
            answers[function].setdefault(pair, set()).add(found[1])
    return answers


def compare(module: Module) -> Comparison:
    answers = llvm_answers(module.text)
    both = neither = 0
    ours: Counter[str] = Counter()
    llvm: list[str] = []
    unexplained: list[str] = []
    for function in module.functions:
        assert not function.reason, function.reason
        graph = build(module, function)
        known = answers[function.name.replace('"', "")]
        for first, second in _pairs(function.instructions):
            said = known.get(frozenset((_bare(first.text), _bare(second.text))))
            if not said or len(said) > 1:
                continue
            theirs, apart = said == {"NoAlias"}, not graph.alias(first.index, second.index)
            note = f"{function.name}: {first.text} | {second.text}"
            if theirs and apart:
                both += 1
            elif theirs:
                if not _oversized(module, graph, first) and not _oversized(module, graph, second):
                    llvm.append(note)
            elif apart:
                rule = _rule(graph, first, second)
                ours[rule] += 1
                if not rule:
                    unexplained.append(note)
            else:
                neither += 1
    return Comparison(both, neither, ours, llvm, unexplained)


def _pairs(instructions: tuple[Instruction, ...]) -> Iterator[tuple[Instruction, Instruction]]:
    """Pairs of simple accesses, one of them a store, whose text names each uniquely."""
    accesses = [i for i in instructions if i.opcode in ("load", "store") and i.form.simple]
    texts = Counter(_bare(i.text) for i in accesses)
    accesses = [i for i in accesses if texts[_bare(i.text)] == 1]
    for number, second in enumerate(accesses):
        for first in accesses[:number]:
            if "store" in (first.opcode, second.opcode):
                yield first, second


def _oversized(module: Module, graph: DependenceGraph, access: Instruction) -> bool:
    """Whether an access is larger than its object: undefined when executed, whatever is said of it."""
    address = graph.access[access.index]
    whole = graph._alias.objects.size(address.base) if address is not None else None
    return whole is not None and whole < module.layout.store_size(access.form.accessed_type)


def _rule(graph: DependenceGraph, first: Instruction, second: Instruction) -> str:
    """The rule of SHARPER under which we may know more about a pair."""
    objects = graph._alias.objects
    a, b = graph.access[first.index], graph.access[second.index]
    assert a is not None and b is not None
    kinds = {objects.kind(a.base), objects.kind(b.base)}
    if "choice" in kinds:
        return "choice"
    if kinds == {"load", "global"}:
        return "load"
    return "arithmetic" if a.base == b.base else ""


def compiled(source: str | Path, *options: str) -> Module:
    """C to LLVM IR at -O2, without SLP."""
    language = ["-x", "c", "-"] if isinstance(source, str) else [str(source)]
    done = subprocess.run(
        [find_tool("clang"), "-O2", "-fno-slp-vectorize", "-S", "-emit-llvm", "-o", "-", *options, *language],
        input=source.encode() if isinstance(source, str) else None,
        capture_output=True,
        check=True,
        timeout=300,
    )
    return read_module(done.stdout, "compiled")


def expect_equal(comparison: Comparison) -> None:
    assert not comparison.unexplained
    assert not comparison.llvm
    assert comparison.both and comparison.neither


SNIPPETS = {
    "structs": """
struct part { int kind; float weight; struct part *next; double d[3]; union { int i; float f; } u; short s; };
void list(struct part *p) {
  while (p) {
    p->kind++; p->weight = p->kind; p->d[0] = p->weight; p->d[1] = p->d[0] + p->u.f;
    p->d[2] = p->d[1]; p->u.i = 3; p->s = p->kind; p = p->next;
  }
}
void two(struct part *p, struct part *q) {
  p->d[0] = q->d[0]; p->d[1] = q->d[1]; p->d[2] = q->d[2]; p->kind = q->kind; q->weight = p->weight;
}""",
    "globals": """
static float line[64], table[8][8]; static int count; static double *heap; double shared[32]; int visible;
void *malloc(unsigned long);
float use(const float *restrict a, float *b, int n) {
  for (int i = 0; i < 8; i++) { line[i] = a[2 * i]; line[i + 8] = a[2 * i + 1]; }
  for (int i = 0; i < 8; i++) { b[i] = line[i] * line[i + 8] + table[i][n]; table[n][i] = b[i]; }
  count++;
  return b[n] + line[0];
}
void start(int n) { heap = malloc(n * 8); for (int i = 0; i < n; i++) heap[i] = shared[i & 31]; }
void update(int n) {
  for (int i = 0; i + 1 < n; i += 2) {
    heap[i] += shared[0]; heap[i + 1] += shared[1]; visible += i; count--;
  }
}
int counted(void) { return count; }""",
    "strides": """
void strided(float *p, long s, unsigned k) {
  p[s] = p[0]; p[2 * s] = p[s + 1]; p[3 * s + 1] = p[s]; p[k] = p[k + 1]; p[k * 3u] = 1;
}
void grid(double (*restrict u)[5][12], double (*rhs)[5], int i, int k) {
  for (int m = 0; m < 5; m++) {
    u[k][m][i] = rhs[i][m]; u[k][m][i + 1] -= rhs[i + 1][m] * u[k - 1][m][i];
  }
}
void plane(int n, float m[n][n]) {
  for (int i = 1; i < n - 1; i++)
    for (int j = 1; j < n - 1; j++) m[i][j] = m[i - 1][j] + m[i][j - 1] + m[i + 1][j + 1];
}""",
    "locals": """
extern double shared[32]; void escape(double *); void *memcpy(void *, const void *, unsigned long);
double inside(int n, const double *x) {
  double t[16], u[16];
  for (int i = 0; i < 16; i++) t[i] = x[i];
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < 16; j++) u[j] = t[15 - j] + t[(i + j) & 15];
    memcpy(t, u, sizeof t);
  }
  return t[n & 15];
}
double outside(int n) {
  double t[16], u[8];
  for (int i = 0; i < 8; i++) u[i] = shared[i];
  escape(t);
  for (int i = 0; i < 8; i++) t[i] += u[(i + n) & 7];
  return t[n];
}""",
    "chosen": """
void chosen(int c, double *restrict x, double *restrict y, double *z) {
  double *p = c ? x : y, *q = c ? x + 4 : y + 8;
  p[0] = z[0]; q[0] = z[1]; p[1] = z[2]; q[1] = p[0];
}
void step(float *p, int n) {
  float *q = p + 4;
  for (int i = 0; i < n; i++) { p[0] = q[0] * 2; p[1] = q[1] * 3; p += 8; q += 8; }
}
void swap(double *a, double *b, int n) { while (n--) { double t = *a; *a++ = *b; *b++ = t; } }""",
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippets(name: str):
    expect_equal(compare(compiled(SNIPPETS[name])))


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippets_without_type_tags(name: str):
    expect_equal(compare(compiled(SNIPPETS[name], "-fno-strict-aliasing", "-fno-vectorize", "-fwrapv")))


@pytest.mark.parametrize("name", SAMPLE)
def test_kernels(name: str):
    """Kernels as they are compiled; every kernel of the folder has been compared by hand."""
    expect_equal(compare(compiled(KERNELS / f"{name}.c", "-march=x86-64-v3")))


# Random functions

HEADER = """
%struct.s = type { i32, double, [4 x i32], { i16, float } }
@array = internal global [16 x double] zeroinitializer, align 16
@small = internal global i32 0, align 4
@other = external global [8 x i32], align 4
@record = global %struct.s zeroinitializer, align 8
declare noalias ptr @malloc(i64)
declare ptr @elsewhere() nounwind
declare void @keep(ptr)
declare void @use(ptr captures(none)) nounwind willreturn memory(argmem: readwrite)
"""
ATTRIBUTES = ("", "", "noalias", "dereferenceable(32)", "noalias readonly", "captures(none)")
TYPES = (("double", "0.0"), ("i32", "1"), ("i64", "2"), ("i8", "3"), ("<4 x float>", "zeroinitializer"))


class RandomFunction:
    """A function of random pointers and accesses, with a loop."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.lines: list[str] = []
        self.pointers = ["%a", "%b", "%c", "@array", "@record", "@small", "@other"]
        self.pointers.append("getelementptr inbounds nuw (%struct.s, ptr @record, i64 0, i32 2, i64 1)")
        self.wide, self.narrow = ["%n", "%m"], ["%i", "%j"]

    def text(self) -> str:
        choose = self.rng.choice
        arguments = ", ".join(f"ptr {choose(ATTRIBUTES)} %{name}" for name in "abc")
        self.block(14)
        before = len(self.lines)
        starts = [(f"%phi{k}", choose(self.pointers)) for k in range(self.rng.randrange(4))]
        self.pointers += [name for name, _ in starts]
        self.wide.append("%count")
        self.block(22)
        phis = ["  br label %loop", "loop:"]
        for name, first in starts:
            following = choose(self.pointers)
            if self.rng.random() < 0.6:
                following = f"{name}.next"
                self.lines.append(
                    f"  {following} = getelementptr inbounds i8, ptr {name}, i64 {choose((1, 8, 16))}"
                )
            phis.append(f"  {name} = phi ptr [ {first}, %entry ], [ {following}, %loop ]")
        phis.append("  %count = phi i64 [ 0, %entry ], [ %count.next, %loop ]")
        self.lines[before:before] = phis
        end = "  %count.next = add nuw nsw i64 %count, 1\n  br i1 %q, label %exit, label %loop\n"
        end += "exit:\n  ret void\n}"
        head = f"define void @f({arguments}, i64 %n, i64 %m, i32 %i, i32 %j, i1 %q) {{\nentry:"
        return "\n".join([LAYOUT + HEADER + head, *self.lines, end])

    def block(self, count: int) -> None:
        for _ in range(count):
            self.rng.choice((self.index, self.step, self.step, self.access, self.access, self.other))()

    def name(self) -> str:
        return f"%v{len(self.lines)}"

    def index(self) -> None:
        choose, name = self.rng.choice, self.name()
        flags = choose(("", " nsw", " nuw", " nuw nsw"))
        match choose(("wide", "narrow", "extend")):
            case "wide":
                operation, by = choose(("add", "sub", "mul", "shl")), choose((1, 2, 3, 5))
                self.lines.append(f"  {name} = {operation}{flags} i64 {choose(self.wide)}, {by}")
                self.wide.append(name)
            case "narrow":
                operation = choose((f"add{flags}", f"mul{flags}", "and", "urem", "lshr", "or disjoint"))
                self.lines.append(f"  {name} = {operation} i32 {choose(self.narrow)}, {choose((1, 2, 3, 7))}")
                self.narrow.append(name)
            case _:
                extension = choose(("sext", "zext", "zext nneg"))
                self.lines.append(f"  {name} = {extension} i32 {choose(self.narrow)} to i64")
                self.wide.append(name)

    def step(self) -> None:
        choose, name = self.rng.choice, self.name()
        flags = choose(("", " inbounds", " inbounds", " inbounds nuw", " nusw"))
        element = choose(("i8", "i32", "double", "[4 x i32]", "%struct.s"))
        index = choose(
            (f"i64 {choose(self.wide)}", f"i32 {choose(self.narrow)}", f"i64 {choose((-1, 1, 2, 5))}")
        )
        if element == "%struct.s":
            index += choose((", i32 1", f", i32 2, i64 {choose(self.wide)}"))
        self.lines.append(f"  {name} = getelementptr{flags} {element}, ptr {choose(self.pointers)}, {index}")
        self.pointers.append(name)

    def access(self) -> None:
        choose, name = self.rng.choice, self.name()
        type_, value = choose(TYPES)
        pointer = choose(self.pointers)
        if pointer in ("@small", "%small"):  # larger accesses would be undefined whatever is said of them
            type_, value = "i32", str(len(self.lines))
        store = f"  store {type_} {value}, ptr {pointer}, align 1"
        self.lines.append(choose((f"  {name} = load {type_}, ptr {pointer}, align 1", store)))

    def other(self) -> None:
        choose, name = self.rng.choice, self.name()
        pointer = choose(self.pointers)
        makes = {
            f"  {name} = load ptr, ptr {pointer}, align 8": True,
            f"  {name} = select i1 %q, ptr {pointer}, ptr {choose(self.pointers)}": True,
            f"  {name} = call noalias ptr @malloc(i64 64)": True,
            f"  {name} = call ptr @elsewhere()": True,
            f"  call void @keep(ptr {pointer})": False,
            f"  call void @use(ptr {pointer})": False,
            f"  store ptr {pointer}, ptr {choose(self.pointers)}, align 8": False,
        }
        line = choose(list(makes))
        self.lines.append(line)
        if makes[line]:
            self.pointers.append(name)


@pytest.mark.parametrize("seed", range(12))
def test_random_functions(seed: int):
    """Accesses larger than their object apart, we know what LLVM knows, and no more without a rule."""
    for number in range(5):
        comparison = compare(read_module(RandomFunction(1000 * seed + number).text()))
        assert not comparison.unexplained
        assert not comparison.llvm
