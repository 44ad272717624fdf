"""Execution counts: exactly right, whatever the blocks hold, and no change to what a program does."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from straightline import HEADER

from vecgnn.counts import count_program, counts_of, functions_of, instrument, read_counts
from vecgnn.counts.instrument import HEAD, MAGIC
from vecgnn.errors import InputError
from vecgnn.ir.parse import parse

KEY = "0123456789abcdef" * 4

LOOPS = (
    HEADER
    + """
define i32 @nest(i32 %n) {
  br label %outer
outer:
  %i = phi i32 [ 0, %0 ], [ %i1, %next ]
  %s = phi i32 [ 0, %0 ], [ %s2, %next ]
  br label %inner
inner:
  %j = phi i32 [ 0, %outer ], [ %j1, %inner ]
  %s1 = phi i32 [ %s, %outer ], [ %s2, %inner ]
  %s2 = add i32 %s1, %j
  %j1 = add i32 %j, 1
  %more = icmp ult i32 %j1, 7
  br i1 %more, label %inner, label %next
next:
  %i1 = add i32 %i, 1
  %again = icmp ult i32 %i1, %n
  br i1 %again, label %outer, label %done
done:
  switch i32 %s2, label %never [
    i32 105, label %five
    i32 0, label %never
  ]
five:
  ret i32 0
never:
  ret i32 1
}
define void @unused() {
  ret void
}
define i32 @main() {
  %r = call i32 @nest(i32 5)
  ret i32 %r
}
"""
)


def test_a_loop_nest_is_counted_exactly():
    counts = count_program("nest", {KEY: LOOPS})
    assert list(counts.records) == [KEY]
    assert counts_of(LOOPS, counts.records[KEY]) == {
        "@nest": (1, 5, 35, 5, 1, 1, 0),
        "@unused": (0,),
        "@main": (1,),
    }
    assert counts.of(KEY[:32]) == counts.records[KEY] and counts.of("f") is None


def test_calls_are_not_merged_by_promises_that_counting_breaks():
    # Without counters the two calls are one, and the loop's call stands before the loop.
    text = (
        HEADER
        + """
define i32 @pure(i32 %x) #0 {
  %y = mul i32 %x, %x
  ret i32 %y
}
define i32 @main() {
  %a = call i32 @pure(i32 3) #1
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %i1, %loop ]
  %b = call i32 @pure(i32 3) #1
  %i1 = add i32 %i, 1
  %c = icmp ult i32 %i1, 10
  br i1 %c, label %loop, label %end
end:
  %d = sub i32 %a, %b
  ret i32 %d
}
attributes #0 = { noinline nounwind willreturn memory(none) speculatable "a"="memory(none)" }
attributes #1 = { nounwind memory(none) speculatable }
"""
    )
    counts = count_program("pure", {KEY: text})
    assert counts_of(text, counts.records[KEY])["@pure"] == (11,)
    assert '"a"="memory(none)"' in instrument(text, KEY)


AWKWARD = (
    HEADER
    + """
$inline = comdat any
@kept = internal global i32 0
@llvm.used = appending global [1 x ptr] [ptr @kept], section "llvm.metadata"
define available_externally void @elsewhere() {
  ret void
}
define void @bare() #0 {
  call void asm sideeffect "ret", ""()
  unreachable
}
define void @coroutine() #1 {
  ret void
}
define linkonce_odr void @inline() comdat {
  ret void
}
define i32 @tail(i32 %x) {
  %y = musttail call i32 @tail(i32 %x)
  ret i32 %y
}
define i32 @jumps() {
  callbr void asm sideeffect "", "!i"() to label %fall [label %jump]
fall:
  ret i32 0
jump:
  ret i32 1
}
define i32 @throws() personality ptr @__gxx_personality_v0 {
  %1 = invoke i32 @tail(i32 0) to label %fine unwind label %pad
fine:
  %2 = phi i32 [ %1, %0 ]
  ret i32 %2
pad:
  %3 = landingpad { ptr, i32 }
          cleanup
          catch ptr null
  resume { ptr, i32 } %3
}
define void @seh() personality ptr @__CxxFrameHandler3 {
  invoke void @inline() to label %fine unwind label %dispatch
fine:
  ret void
dispatch:
  %s = catchswitch within none [label %catch] unwind to caller
catch:
  %p = catchpad within %s [ptr null, i32 64, ptr null]
  catchret from %p to label %fine
}
declare i32 @__gxx_personality_v0(...)
declare i32 @__CxxFrameHandler3(...)
attributes #0 = { naked "what"="no" }
attributes #1 = { presplitcoroutine }
"""
)


def test_awkward_blocks_and_functions():
    text = instrument(AWKWARD, KEY)
    parse(text.encode())
    functions = {each.name: each for each in functions_of(text)}
    assert [name for name, each in functions.items() if "@vecgnn.counts" in "\n".join(each.lines)] == [
        "@inline",
        "@tail",
        "@jumps",
        "@throws",
    ]
    counters = text.count("store i64 %vecgnn.count.")
    assert counters == 1 + 1 + 3 + 3
    canonical = str(parse(AWKWARD.encode()))
    assert [len(each) for each in counts_of(canonical, range(counters)).values()] == [1, 1, 3, 3]
    assert "@llvm.used = appending global [2 x ptr] [ptr @kept, ptr @vecgnn.counts]" in text
    with pytest.raises(InputError, match="8 blocks to count and the record 7"):
        counts_of(canonical, range(7))


def test_blocks_and_instructions_are_those_of_the_text():
    throws = next(each for each in functions_of(str(parse(AWKWARD.encode()))) if each.name == "@throws")
    assert [block.label for block in throws.blocks] == ["", "fine", "pad"]
    pad = throws.instructions(throws.blocks[2])
    assert len(pad) == 2 and pad[0].endswith("catch ptr null") and pad[1].startswith("resume")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no IR", "not valid LLVM IR"),
        (HEADER.replace("linux-gnu", "windows-msvc") + "define void @f() {\n  ret void\n}\n", "needs ELF"),
    ],
)
def test_modules_that_cannot_be_counted(text: str, says: str):
    with pytest.raises(InputError, match=says):
        instrument(text, KEY)


def test_a_counted_module_is_not_counted_again():
    with pytest.raises(InputError, match="counters already"):
        instrument(instrument(LOOPS, KEY), KEY)


def test_a_module_without_functions_is_left_alone():
    assert "vecgnn" not in instrument(HEADER + "@x = global i32 1\n", KEY)


# Programs that do not end well


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("  ret i32 3", "ended with status 3"),
        ("  call void @abort()\n  ret i32 0", "ended with signal 6"),
        ("  call void @_exit(i32 0)\n  ret i32 0", "wrote no counts"),
        ("  br label %l\nl:\n  br label %l", "did not end within 1 s"),
    ],
)
def test_failing_programs(body: str, says: str):
    declarations = "declare void @abort()\ndeclare void @_exit(i32)\n"
    text = f"{HEADER}define i32 @main() {{\n{body}\n}}\n{declarations}"
    with pytest.raises(InputError, match=f"^p: .*{says}"):
        count_program("p", {KEY: text}, limit=1)


# Files


def record(counters: tuple[int, ...], key: str = KEY, magic: int = MAGIC) -> bytes:
    head = struct.pack("<QQ32sQ", magic, HEAD + 8 * len(counters), bytes.fromhex(key), len(counters))
    return head + struct.pack(f"<{len(counters)}Q", *counters)


FILE = b"vecgnnC1" + bytes(16)


def test_files_and_records_are_summed(tmp_path: Path):
    first, second = tmp_path / "1", tmp_path / "2"
    first.write_bytes(FILE + record((1, 2)) + record((10, 20)))
    second.write_bytes(FILE + record((100, 200)) + record((5,), "ff" * 32))
    assert read_counts(first, second).records == {KEY: (111, 222), "ff" * 32: (5,)}
    second.write_bytes(FILE + record((5,)))
    with pytest.raises(InputError, match="1 counters has the key of one of 2"):
        read_counts(first, second)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"vecgnnC1",
        b"vecgnnC2" + bytes(16),
        FILE + record((1,))[:-1],
        FILE + record((1,)) + b"x",
        FILE + record((1,), magic=1),
        FILE + record((1,)).replace(struct.pack("<Q", HEAD + 8), struct.pack("<Q", HEAD + 16)),
        FILE + record((1, 2))[: HEAD - 8] + struct.pack("<Q", 1 << 61) + bytes(16),
    ],
)
def test_broken_files(data: bytes, tmp_path: Path):
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"^{path}: (not a file of execution counts|a broken record)"):
        read_counts(path)
    with pytest.raises(InputError, match="No such file"):
        read_counts(tmp_path / "nowhere")
