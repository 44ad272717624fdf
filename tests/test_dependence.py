"""The dependence graph: one short function for each rule, and the bitsets against answers pair by pair."""

from __future__ import annotations

import time

import pytest
from test_address import LAYOUT

from vecgnn.ir.dependence import DependenceGraph, build
from vecgnn.ir.effects import captured_provenance, memory_modes
from vecgnn.ir.reader import read_module

DECLARATIONS = """
%pair = type { i32, double }
@shared = global [64 x double] zeroinitializer, align 16
@hidden = internal global [64 x double] zeroinitializer, align 16
@constant = internal constant [4 x double] zeroinitializer, align 16
declare void @unknown()
declare void @returns() nounwind willreturn
declare void @reads(ptr) nounwind willreturn memory(read)
declare void @pure() nounwind willreturn memory(none)
declare void @through(ptr captures(none)) nounwind willreturn memory(argmem: readwrite)
declare void @hides() nounwind willreturn memory(inaccessiblemem: readwrite)
declare void @keep(ptr)
declare double @sqrt(double) nounwind willreturn memory(errnomem: write)
declare noalias ptr @malloc(i64) nounwind willreturn memory(inaccessiblemem: readwrite)
declare double @llvm.fabs.f64(double)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.assume(i1)
declare ptr @llvm.stacksave.p0()
declare void @llvm.stackrestore.p0(ptr)
declare void @llvm.lifetime.start.p0(ptr)
declare i32 @personality(...)
"""
METADATA = """
!0 = !{!1, !1, i64 0}
!1 = !{!"int", !2, i64 0}
!2 = !{!"omnipotent char", !3, i64 0}
!3 = !{!"Simple C/C++ TBAA"}
!4 = !{!5, !5, i64 0}
!5 = !{!"double", !2, i64 0}
!6 = !{!2, !2, i64 0}
!7 = !{!8, !1, i64 0}
!8 = !{!"pair", !1, i64 0, !5, i64 8}
!9 = !{!8, !5, i64 8}
!10 = !{!1, !1, i64 0, i64 1}
!11 = distinct !{!11, !12}
!12 = distinct !{!12}
!13 = distinct !{!13, !12}
!14 = !{!11}
!15 = !{!13}
!16 = !{!11, !13}
!17 = distinct !{!17, !18}
!18 = distinct !{!18}
!19 = !{!17}
"""


def graph(body: str, arguments: str = "ptr %a, ptr %b, i64 %i, i64 %n, double %x", extra: str = ""):
    text = f"{LAYOUT}{DECLARATIONS}define void @f({arguments}) {extra} {{\nentry:\n{body}\n  ret void\n}}\n"
    module = read_module(text + METADATA)
    function = module.functions[0]
    assert not function.reason, function.reason
    return build(module, function)


def numbered(body: str, **more: str) -> tuple[DependenceGraph, list[int]]:
    """The graph, and the indices of loads, stores and calls in order."""
    the_graph = graph(body, **more)
    opcodes = ("load", "store", "call", "sdiv", "udiv", "fence", "alloca")
    return the_graph, [i.index for i in the_graph.function.instructions if i.opcode in opcodes]


def edge(body: str, **more: str) -> str:
    """The kind of the dependence between the last two memory instructions, "" where they have none."""
    the_graph, touched = numbered(body, **more)
    first, second = touched[-2:]
    if not the_graph.depends(second, first):
        return ""
    return next(kind for i, j, kind in the_graph.edges() if (i, j) == (first, second))


STORE_A = "store double %x, ptr %a, align 8\n"
LOAD_A = "%v = load double, ptr %a, align 8\n"
LOAD_B = "%w = load double, ptr %b, align 8\n"


def test_kinds():
    assert edge(STORE_A + LOAD_B) == "flow"
    assert edge(LOAD_B + STORE_A) == "anti"
    assert edge(STORE_A + "store double %x, ptr %b, align 8\n") == "output"
    assert edge(LOAD_A + LOAD_B) == ""
    the_graph = graph("%v = fadd double %x, 1.0\n%w = fmul double %v, %v")
    assert list(the_graph.edges()) == [(0, 1, "data")]
    assert the_graph.users[0] == (1,) and the_graph.definitions["%w"] == 1
    assert the_graph.depends(1, 0) and not the_graph.depends(0, 1) and not the_graph.independent(0, 1)


def test_constant_distances():
    far = "%p = getelementptr i8, ptr %a, i64 {}\n%w = load double, ptr %p, align 1\n"
    assert edge(STORE_A + far.format(8)) == edge(STORE_A + far.format(-8)) == ""
    assert edge(STORE_A + far.format(7)) == edge(STORE_A + far.format(-7)) == "flow"


@pytest.mark.parametrize(
    ("arguments", "free"),
    [
        ("ptr %a, ptr %b, double %x", False),
        ("ptr noalias %a, ptr %b, double %x", True),
        ("ptr byval(%pair) %a, ptr %b, double %x", True),
    ],
)
def test_arguments(arguments: str, free: bool):
    assert edge(STORE_A + LOAD_B, arguments=arguments) == ("" if free else "flow")


def test_locals_and_captures():
    local = "%s = alloca double, align 8\n{}%p = load ptr, ptr %b, align 8\n"
    touch = "store double %x, ptr %s, align 8\n%w = load double, ptr %p, align 8\n"
    assert edge(local.format("") + touch) == ""
    assert edge(local.format("store ptr %s, ptr %a, align 8\n") + touch) == "flow"
    assert edge(local.format("call void @keep(ptr %s)\n") + touch) == "flow"
    assert edge(local.format("call void @through(ptr %s)\n") + touch) == ""
    assert edge(local.format("%k = ptrtoint ptr %s to i64\n") + touch) == "flow"
    assert edge(local.format("%k = icmp eq ptr %s, %a\n") + touch) == ""
    passed = "%g = getelementptr i8, ptr %s, i64 0\n%h = select i1 true, ptr %g, ptr %b\n"
    passed += "call void @keep(ptr %h)\n"
    assert edge(local.format(passed) + touch) == "flow"


def test_new_objects_and_globals():
    assert edge("%p = call ptr @malloc(i64 8)\nstore double %x, ptr %p, align 8\n" + LOAD_A) == ""
    assert edge("store double %x, ptr @shared, align 8\n%w = load double, ptr @hidden, align 8") == ""
    assert edge("store double %x, ptr @shared, align 8\n" + LOAD_A) == "flow"
    # its address never leaves: nothing from elsewhere can point into it
    assert edge("store double %x, ptr @hidden, align 8\n" + LOAD_A) == ""
    taken = "call void @keep(ptr @hidden)\nstore double %x, ptr @hidden, align 8\n"
    assert edge(taken + LOAD_A) == "flow"
    assert edge("store double %x, ptr null, align 8\n" + LOAD_A) == ""


def test_sizes_tell_objects_apart():
    local = "%s = alloca i32, align 4\nstore ptr %s, ptr %b, align 8\n%p = load ptr, ptr %b, align 8\n"
    assert edge(local + "store i32 0, ptr %s, align 4\n%w = load double, ptr %p, align 8") == ""
    assert edge(local + "store i32 0, ptr %s, align 4\n%w = load float, ptr %p, align 8") == "flow"
    step = "%q = getelementptr inbounds i8, ptr %p, i64 4\n"
    assert edge(local + step + "store i32 0, ptr %s, align 4\n%w = load float, ptr %q, align 8") == ""


def test_strides_and_ranges():
    def symbolic(scale: int, offset: int, flags: str = "inbounds") -> str:
        return edge(
            f"store double %x, ptr %a, align 8\n%p = getelementptr {flags} [{scale} x i8], ptr %a, i64 %i\n"
            f"%q = getelementptr {flags} i8, ptr %p, i64 {offset}\n%w = load double, ptr %q, align 8\n"
        )

    assert symbolic(16, 8) == "" and symbolic(16, 4) == "flow"
    assert symbolic(40, 8) == "" and symbolic(40, 8, "") == "flow"  # 40*i wraps to any multiple of 8
    assert symbolic(16, 8, "") == ""
    positive = "%p = getelementptr inbounds nuw double, ptr %a, i64 %i\n"
    positive += "%q = getelementptr inbounds i8, ptr %p, i64 8\n"
    assert edge(f"store double %x, ptr %a, align 8\n{positive}%w = load double, ptr %q, align 8") == ""
    masked = "%k = and i64 %i, 7\n%p = getelementptr inbounds double, ptr %a, i64 %k\n"
    far = "%q = getelementptr inbounds i8, ptr %a, i64 64\nstore double %x, ptr %q, align 8\n"
    assert edge(f"{masked}{far}%w = load double, ptr %p, align 8") == ""
    other = "%k = add i64 %i, 1\n%p = getelementptr double, ptr %a, i64 %k\n"
    other += "%q = getelementptr double, ptr %a, i64 %i\n"
    assert edge(f"{other}store double %x, ptr %p, align 8\n%w = load double, ptr %q, align 8") == ""


def test_type_tags():
    def tagged(first: str, second: str) -> str:
        store = f"store i32 0, ptr %a, align 4, !tbaa {first}\n"
        return edge(f"{store}%w = load i32, ptr %b, align 4, !tbaa {second}")

    assert tagged("!0", "!4") == "" and tagged("!0", "!0") == "flow"
    assert tagged("!0", "!6") == "flow"  # char may be anything
    assert tagged("!7", "!9") == ""  # two fields of one struct
    assert tagged("!7", "!0") == "flow" and tagged("!9", "!0") == ""
    assert tagged("!4", "!10") == "" and tagged("!0", "!10") == ""  # what is immutable is not written


def test_scopes():
    def scoped(scope: str, noalias: str) -> str:
        store = f"store double %x, ptr %a, align 8, !alias.scope {scope}\n"
        return edge(f"{store}%w = load double, ptr %b, align 8, !noalias {noalias}")

    assert scoped("!14", "!14") == "" and scoped("!14", "!15") == "flow"
    assert scoped("!16", "!14") == "flow" and scoped("!16", "!16") == ""
    assert scoped("!14", "!19") == "flow"  # another domain


def test_calls():
    assert edge(LOAD_A + "call void @unknown()\n") == "anti"
    assert edge(LOAD_A + "call void @reads(ptr %b)\n") == ""
    assert edge(STORE_A + "call void @reads(ptr %b)\n") == "flow"
    assert edge(STORE_A + "call void @pure()\n") == ""
    assert edge(STORE_A + "call void @hides()\n") == ""
    assert edge("call void @hides()\ncall void @hides()\n") == "flow"
    assert edge(STORE_A + "%w = call double @llvm.fabs.f64(double %x)\n") == ""
    assert edge(STORE_A + "%w = call double @sqrt(double %x)\n") == ""  # errno is an int
    assert edge("store i32 0, ptr %a, align 4\n%w = call double @sqrt(double %x)\n") == "output"
    assert edge("store double %x, ptr @hidden, align 8\ncall void @through(ptr %b)\n") == ""
    assert edge("store double %x, ptr @shared, align 8\ncall void @through(ptr %b)\n") == "flow"
    local = "%s = alloca double, align 8\nstore double %x, ptr %s, align 8\n"
    assert edge(local + "call void @returns()\n") == ""
    assert edge(local + "call void @llvm.lifetime.start.p0(ptr %s)\n") == "flow"


def test_memory_transfers_have_sizes():
    copy = "call void @llvm.memcpy.p0.p0.i64(ptr %a, ptr @constant, i64 16, i1 false)\n"
    after = "%p = getelementptr i8, ptr %a, i64 {}\n%w = load double, ptr %p, align 8\n"
    assert edge(copy + after.format(16)) == "" and edge(copy + after.format(8)) == "flow"
    volatile = copy.replace("false", "true")
    assert edge(volatile + after.format(16)) == "order"


def test_what_may_not_return_holds_back_what_traps():
    assert edge("call void @unknown()\n%w = sdiv i64 %i, %n\n") == "order"
    assert edge("call void @unknown()\n%w = sdiv i64 %i, 3\n") == ""
    assert edge("call void @unknown()\n%w = sdiv i64 %i, -1\n") == "order"
    assert edge("call void @unknown()\n%w = udiv i64 %i, -1\n") == ""
    assert edge("call void @returns()\n%w = sdiv i64 %i, %n\n") == ""
    private = "%s = alloca double, align 8\n"
    assert edge(private + "call void @unknown()\nstore double %x, ptr %s, align 8\n") == "order"
    assert edge(private + "call void @unknown()\n%w = load double, ptr %s, align 8\n") == ""
    assert edge(private + "call void @unknown()\n%w = load double, ptr %s, align 16\n") == "order"
    assert edge(private + "store double %x, ptr %s, align 8\ncall void @unknown()\n") == "order"
    assert edge("call void @unknown()\ncall void @llvm.assume(i1 true)\n") == "order"


def test_speculation():
    the_graph = graph(LOAD_A + STORE_A + "%d = sdiv i64 %i, %n\n%s = add i64 %i, 1\ncall void @pure()")
    assert [the_graph.safe_to_speculate(i) for i in range(5)] == [False, False, False, True, False]
    the_graph = graph(LOAD_A, arguments="ptr align 8 dereferenceable(8) %a")
    assert the_graph.safe_to_speculate(0)


def test_volatile_and_atomic_keep_their_place():
    assert (
        edge("%v = load volatile double, ptr %a, align 8\n%w = load double, ptr @hidden, align 8\n")
        == "order"
    )
    assert edge("%v = load volatile i32, ptr %a, align 8\nstore volatile i32 0, ptr %b, align 4\n") == "order"
    assert edge("fence seq_cst\n%w = load double, ptr @hidden, align 8\n") == "order"
    assert edge("store volatile i32 0, ptr %b, align 4\n%w = sdiv i64 %i, %n\n") == "order"


def test_stack_and_lasting_places():
    saved = "%s = call ptr @llvm.stacksave.p0()\n%v = alloca double, i64 %n, align 8\n"
    assert edge(saved) == "order"
    assert edge(saved + "call void @llvm.stackrestore.p0(ptr %s)\n") == "order"
    last = "musttail call void @f(ptr %a, ptr %b, i64 %i, i64 %n, double %x)\n"
    the_graph, touched = numbered(f"{STORE_A}%y = fadd double %x, 1.0\n{last}")
    assert all(the_graph.depends(touched[-1], i) for i in range(touched[-1]))


def test_names_in_bundles_are_operands():
    step = "%p = getelementptr i8, ptr %a, i64 8\n"
    the_graph = graph(f'{step}call void @llvm.assume(i1 true) ["align"(ptr %p, i64 8)]')
    assert the_graph.depends(1, 0) and the_graph.users[0] == (1,)


def test_landing_pads_come_first():
    module = read_module(
        LAYOUT
        + DECLARATIONS
        + """
define i32 @f(i32 %x) personality ptr @personality {
entry:
  invoke void @unknown() to label %done unwind label %pad
done:
  ret i32 0
pad:
  %p = phi i32 [ 1, %entry ]
  %l = landingpad { ptr, i32 } cleanup
  %y = add i32 %x, 1
  ret i32 %y
}
"""
    )
    the_graph = build(module, module.functions[0])
    assert the_graph.depends(the_graph.definitions["%y"], the_graph.definitions["%l"])
    assert not the_graph.reach[the_graph.definitions["%l"]]


def test_phis_do_not_depend_on_what_they_carry():
    module = read_module(
        LAYOUT
        + """
define void @f(i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %next = add i64 %i, 1
  br label %loop
}
"""
    )
    the_graph = build(module, module.functions[0])
    assert the_graph.reach[1] == 0 and the_graph.reach[2] == 1 and the_graph.users[2] == (1,)


def test_attribute_texts():
    assert memory_modes("none") == (0, 0, 0, 0) and memory_modes("read") == (1, 1, 1, 1)
    assert memory_modes("argmem: readwrite, inaccessiblemem: write") == (3, 0, 2, 0)
    assert memory_modes("readwrite, inaccessiblemem: none, target_mem0: none") == (3, 3, 0, 3)
    assert memory_modes("read, errnomem: write") == (1, 2, 1, 1)
    assert captured_provenance(frozenset({"captures(none)"})) == (False, False)
    assert captured_provenance(frozenset({"captures(address)"})) == (False, False)
    assert captured_provenance(frozenset({"captures(address, read_provenance)"})) == (True, True)
    assert captured_provenance(frozenset({"captures(ret: address, provenance)"})) == (False, True)
    assert captured_provenance(frozenset()) == (True, True)


def straight(instructions: int) -> str:
    """A block of loads, stores and arithmetic over few arrays and indices."""
    lines: list[str] = []
    values = ["%x"]
    count = 0
    while count < instructions:
        pointer = f"%p{count}"
        array = ("%a", "%b", "@shared", "@hidden")[count * 7 % 4]
        index = ("%i", "%n")[count * 5 % 2]
        lines.append(
            f"{pointer} = getelementptr inbounds [5 x [5 x double]], ptr {array}, i64 {index}, "
            f"i64 {count * 3 % 5}, i64 {count * 11 % 5}"
        )
        if count * 13 % 3:
            lines.append(f"%l{count} = load double, ptr {pointer}, align 8")
            values.append(f"%l{count}")
        else:
            lines.append(f"store double {values[-1]}, ptr {pointer}, align 8")
        lines += [f"%v{count}.{k} = fadd double {values[-1 - k % len(values)]}, 1.0" for k in range(4)]
        values.append(f"%v{count}.0")
        count = len(lines)
    return "\n".join(lines)


def test_bitsets_agree_with_pairs():
    the_graph = graph(straight(600))
    memory = [i.index for i in the_graph.function.instructions if i.opcode in ("load", "store")]
    instructions = the_graph.function.instructions
    wanted = [0] * len(instructions)
    for j in range(len(instructions) - 1):
        names = [the_graph.definitions[o] for o in instructions[j].operands if o in the_graph.definitions]
        before = [
            i
            for i in memory
            if i < j in memory
            and "store" in (instructions[i].opcode, instructions[j].opcode)
            and the_graph.alias(i, j)
        ]
        for i in (*names, *before):
            wanted[j] |= wanted[i] | 1 << i
    assert [the_graph.reach[j] for j in range(len(instructions))] == wanted


def test_edges_are_the_reduction_of_memory_dependences():
    the_graph = graph(straight(600))
    for i, j, kind in the_graph.edges():
        others = [k for k in the_graph.predecessors[j] if k != i]
        assert kind == "data" or not any(the_graph.depends(k, i) for k in others if k > i)


def test_large_blocks_take_less_than_a_second():
    the_graph = graph(straight(5000))
    start = time.process_time()
    assert the_graph.reach[0] == 0
    assert time.process_time() - start < 1.0
