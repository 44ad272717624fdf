"""The reader: every instruction of the LangRef that compilers hand over, and what it refuses."""

from __future__ import annotations

import pytest

from vecgnn.errors import InputError
from vecgnn.ir.layout import DataLayout
from vecgnn.ir.nodes import Function, Instruction
from vecgnn.ir.reader import canonical_text, debug_location, read_canonical, read_module


def function_of(body: str, prologue: str = "") -> Function:
    module = read_module(
        f"{prologue}\ndefine void @f(ptr %p, i32 %n, double %d) {{\n{body}\n  ret void\n}}\n"
    )
    assert module.functions[0].reason == ""
    return module.functions[0]


def first(body: str, prologue: str = "") -> Instruction:
    return function_of(body, prologue).instructions[0]


def test_binary_operation_with_flags():
    add = first("  %x = add nuw nsw i32 %n, 7")
    assert (add.name, add.opcode, add.type, add.operands) == ("%x", "add", "i32", ("%n", "7"))
    assert add.form.flags == {"nuw", "nsw"}


def test_fast_math_and_cast_and_compare():
    function = function_of(
        "  %a = fmul reassoc nsz double %d, 2.0\n  %b = fptrunc double %a to float\n"
        "  %c = fcmp fast olt double %a, %d\n  %e = icmp samesign ult i32 %n, 3\n"
        "  %g = select i1 %c, i32 %n, i32 0"
    )
    mul, trunc, compare, signed, select, _ = function.instructions
    assert mul.form.flags == {"reassoc", "nsz"}
    assert (trunc.type, trunc.form.operand_types) == ("float", ("double",))
    assert (compare.form.predicate, compare.type) == ("olt", "i1")
    assert signed.form.flags == {"samesign"}
    assert select.form.operand_types == ("i1", "i32", "i32")


def test_memory_access_states_alignment_and_simplicity():
    function = function_of(
        "  %a = load double, ptr %p, align 4\n  store volatile i32 %n, ptr %p, align 1\n"
        "  %b = load atomic i32, ptr %p acquire, align 4\n"
        "  %c = atomicrmw add ptr %p, i32 1 seq_cst\n"
        "  %e = cmpxchg weak ptr %p, i32 0, i32 1 acq_rel monotonic\n  fence release"
    )
    load, store, atomic, update, exchange, fence, _ = function.instructions
    assert (load.form.align, load.form.simple, load.operands) == (4, True, ("%p",))
    assert (store.form.simple, store.form.accessed_type, store.operands) == (False, "i32", ("%n", "%p"))
    assert not atomic.form.simple and not update.form.simple and not fence.form.simple
    assert update.form.predicate == "add"
    assert exchange.type == "{ i32, i1 }"


def test_struct_types_in_instructions_are_not_taken_for_values():
    prologue = "%pair = type { i32, double }\n%other = type { double, i32 }"
    function = function_of(
        "  %pair = getelementptr inbounds %pair, ptr %p, i64 1, i32 1\n"
        "  %x = getelementptr inbounds %other, ptr %p, i64 1, i32 1\n"
        "  %y = getelementptr inbounds [4 x %pair], ptr %x, i64 0, i64 2",
        prologue,
    )
    one, two, three, _ = function.instructions
    assert (one.name, one.form.accessed_type, one.operands) == ("%pair", "%pair", ("%p", "1", "1"))
    assert two.form.accessed_type == "%other"
    assert three.form.accessed_type == "[4 x %pair]"
    assert three.operands == ("%x", "0", "2")


def test_numbered_struct_types_stay_apart_from_numbered_values():
    text = (
        "%0 = type { i32, double }\n%1 = type { double, i64 }\n"
        "define ptr @f(ptr %0) {\n  %2 = getelementptr %0, ptr %0, i64 1\n"
        "  %3 = getelementptr %1, ptr %2, i64 1\n  ret ptr %3\n}\n"
    )
    function = read_module(text).functions[0]
    assert [i.form.accessed_type for i in function.instructions[:2]] == ["%0", "%1"]
    assert [i.operands[0] for i in function.instructions[:2]] == ["%0", "%2"]


def test_calls():
    prologue = (
        "declare noalias ptr @malloc(i64) #0\ndeclare i32 @printf(ptr, ...)\n"
        'attributes #0 = { nounwind memory(none) }\n@s = constant [3 x i8] c"%d\\00"'
    )
    function = function_of(
        "  %a = tail call noalias ptr @malloc(i64 noundef 8) #0\n"
        "  %b = call i32 (ptr, ...) @printf(ptr @s, i32 %n)\n"
        '  %c = call double asm sideeffect "nop %1", "=x,x"(double %d)\n'
        "  call void %p(i32 %n)\n"
        '  call void @llvm.assume(i1 true) [ "align"(ptr %p, i64 16) ]',
        prologue,
    )
    malloc, printf, assembly, indirect, assume, _ = function.instructions
    assert malloc.form.callee == "@malloc"
    assert {"nounwind", "memory(none)", "tail"} <= malloc.form.attributes
    assert malloc.form.return_attributes == {"noalias"}
    assert malloc.form.argument_attributes == (frozenset({"noundef"}),)
    assert printf.form.globals == {"@printf", "@s"}
    assert assembly.form.callee == "asm" and assembly.operands == ("%d",)
    assert indirect.form.callee == "" and indirect.operands == ("%n", "%p")
    assert assume.form.bundles


def test_control_flow_and_phi():
    text = """
declare void @g()
declare i32 @__gxx_personality_v0(...)
define i32 @f(i32 %n) personality ptr @__gxx_personality_v0 {
entry:
  switch i32 %n, label %default [
    i32 1, label %one
    i32 2, label %one
  ]
one:
  %v = phi i32 [ 3, %entry ], [ 3, %entry ]
  invoke void @g() to label %default unwind label %pad
default:
  %w = phi i32 [ 0, %entry ], [ %v, %one ]
  ret i32 %w
pad:
  %l = landingpad { ptr, i32 }
          cleanup
          catch ptr null
  %x = extractvalue { ptr, i32 } %l, 1
  resume { ptr, i32 } %l
}
"""
    function = read_module(text).functions[0]
    assert function.reason == ""
    assert [block.label for block in function.blocks] == ["%entry", "%one", "%default", "%pad"]
    switch = function.instructions[0]
    assert switch.labels == ("%default", "%one", "%one")
    phi = next(i for i in function.instructions if i.name == "%w")
    assert (phi.operands, phi.labels) == (("0", "%v"), ("%entry", "%one"))
    invoke = next(i for i in function.instructions if i.opcode == "invoke")
    assert invoke.labels == ("%default", "%pad")
    extract = next(i for i in function.instructions if i.name == "%x")
    assert (extract.type, extract.form.indices) == ("i32", (1,))


def test_vectors_aggregates_and_odd_types():
    function = function_of(
        "  %v = insertelement <4 x float> poison, float 1.0, i32 2\n"
        "  %w = shufflevector <4 x float> %v, <4 x float> poison, <2 x i32> <i32 2, i32 poison>\n"
        "  %e = extractelement <2 x float> %w, i64 0\n"
        "  %s = insertvalue { i17, [2 x x86_fp80] } poison, i17 3, 0\n"
        "  %q = load ptr addrspace(5), ptr %p\n  %h = fpext half 0xH3C00 to fp128\n"
        "  %g = getelementptr i8, ptr %p, <2 x i64> <i64 1, i64 2>\n  %z = freeze i128 undef"
    )
    by_name = {i.name: i for i in function.instructions}
    assert by_name["%w"].type == "<2 x float>" and by_name["%w"].form.indices == (2, -1)
    assert by_name["%e"].type == "float"
    assert by_name["%q"].type == "ptr addrspace(5)"
    assert by_name["%g"].type == "<2 x ptr>"


def test_debug_records_and_locations_are_kept_apart():
    text = """
define void @f(i32 %n) !dbg !3 {
    #dbg_value(i32 %n, !5, !DIExpression(), !6)
  %x = add i32 %n, 1, !dbg !6
  ret void, !dbg !6
}
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2}
!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1)
!1 = !DIFile(filename: "f.c", directory: "/")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = distinct !DISubprogram(name: "f", file: !1, unit: !0, type: !4)
!4 = !DISubroutineType(types: !{})
!5 = !DILocalVariable(name: "n", scope: !3, file: !1)
!6 = !DILocation(line: 1, scope: !3)
"""
    function = read_module(text).functions[0]
    assert function.reason == ""
    assert list(function.records) == [0]
    assert "!dbg" in function.instructions[0].text
    assert debug_location(function.instructions[0]).startswith("!")
    assert "dbg" not in function.instructions[0].form.metadata


def test_global_addresses():
    text = """
@plain = internal global [4 x i32] zeroinitializer
@indexed = internal global [4 x i32] zeroinitializer
@stored = internal global i32 0
@shown = internal global i32 0
@table = constant [1 x ptr] [ptr @shown]
@outside = global i32 0
define i32 @f(i64 %i, ptr %p) {
  %a = load i32, ptr @plain
  %g = getelementptr [4 x i32], ptr @indexed, i64 0, i64 %i
  %h = getelementptr i32, ptr %g, i64 1
  store i32 %a, ptr %h
  store ptr @stored, ptr %p
  ret i32 %a
}
"""
    known = read_module(text).globals
    taken = {name: g.address_taken for name, g in known.items()}
    assert taken == {
        "@plain": False,
        "@indexed": False,
        "@stored": True,
        "@shown": True,
        "@table": True,
        "@outside": True,
    }


def test_text_is_reproduced_and_bitcode_is_read():
    import llvmlite.binding as llvm

    text = 'define i32 @"odd name"(i32 %0) {\n  %2 = mul i32 %0, 3\n  ret i32 %2\n}\n'
    canonical = canonical_text(text.encode(), "x.ll")
    module = read_canonical(canonical)
    assert module.text == canonical
    assert module.functions[0].name == '@"odd name"'
    bitcode = llvm.parse_assembly(text).as_bitcode()
    assert read_module(bitcode).functions[0].instructions[0].operands == ("%0", "3")


def test_the_same_module_twice_is_the_same_text():
    text = "%pair = type { i32, i32 }\n@x = global %pair zeroinitializer\n"
    assert canonical_text(text.encode(), "x.ll") == canonical_text(text.encode(), "x.ll")


def test_what_is_not_understood_leaves_the_function_with_a_reason():
    text = """
declare i32 @__CxxFrameHandler3(...)
declare void @g()
define void @f() personality ptr @__CxxFrameHandler3 {
  invoke void @g() to label %done unwind label %pad
done:
  ret void
pad:
  %c = cleanuppad within none []
  cleanupret from %c unwind to caller
}
define i32 @ok(i32 %x) {
  ret i32 %x
}
"""
    module = read_module(text)
    assert "cleanuppad" in module.functions[0].reason
    assert module.functions[0].blocks == ()
    assert module.functions[1].reason == ""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"", "empty"),
        (b"define i32 @f( {", "not valid LLVM IR"),
        (b"BC\xc0\xdejunk", "not valid LLVM IR"),
        (b"define i32 @f() { ret i64 0 }", "not valid LLVM IR"),
    ],
)
def test_bad_input_is_one_clear_line(source: bytes, said: str):
    with pytest.raises(InputError) as caught:
        read_module(source, "bad.ll")
    assert "bad.ll" in str(caught.value) and said in str(caught.value)
    assert "\n" not in str(caught.value)


DEBUG_INFO = """
define i32 @f(i32 %x) !dbg !3 {{
  %a = add i32 %x, 1, !dbg !6
  %b = add i32 {operand}, 1, !dbg !6
  %c = add i32 %x, 2, !dbg !6
  ret i32 %b, !dbg !6
}}
!llvm.dbg.cu = !{{!0}}
!llvm.module.flags = !{{!2}}
!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1)
!1 = !DIFile(filename: "f.c", directory: "/")
!2 = !{{i32 2, !"Debug Info Version", i32 3}}
!3 = distinct !DISubprogram(name: "f", file: !1, unit: !0, type: !4)
!4 = !DISubroutineType(types: !{{}})
!6 = !DILocation(line: 1, scope: !3)
"""


def test_a_broken_module_with_debug_information_does_not_end_the_process():
    """LLVM's parser verifies such a module itself, and aborts."""
    assert read_module(DEBUG_INFO.format(operand="%a")).functions[0].reason == ""
    with pytest.raises(InputError, match="does not dominate"):
        read_module(DEBUG_INFO.format(operand="%c"), "bad.ll")


def test_layout_of_structs_and_scalars():
    layout = DataLayout(
        "e-m:e-p270:32:32-i64:64-i128:128-f80:128-n8:16:32:64-S128",
        {"%s": "{ i8, double, i16 }", "%p": "<{ i8, double }>", "%n": "{ %s, [3 x %p] }"},
    )
    assert layout.struct("%s") == ((0, 8, 16), 24, 8)
    assert layout.struct("%p") == ((0, 1), 9, 1)
    assert layout.size("%n") == 24 + 27 + 5
    assert layout.size("x86_fp80") == 16
    assert (layout.store_size("i17"), layout.size("i17")) == (3, 4)
    assert layout.size("<3 x float>") == 16
    assert layout.store_size("<3 x float>") == 12
    assert layout.size("ptr addrspace(270)") == 4
    for unknown in ("<vscale x 4 x float>", "x86_amx", 'target("aarch64.svcount")'):
        with pytest.raises(InputError, match="not known"):
            layout.size(unknown)
