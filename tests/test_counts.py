"""Execution counts: exactly right, whatever the blocks hold, and no change to what a program does."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

import pytest
from straightline import HEADER
from test_driver import CLANG, SCRIPTS, Done, Folder
from test_kernels import KERNELS, output_of
from test_nas_sources import NAS

from vecgnn import llvm
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


# The compiler driver

LIBRARY = """
int tripled(int x) {
  volatile int times = 3;
  int sum = 0;
  for (int i = times; i > 0; i--) { sum += x; __asm__ volatile(""); }
  return sum;
}
"""
MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int tripled(int);
__attribute__((noinline)) static int twice(int x) { return tripled(x) + tripled(x); }
int main(int argc, char **argv) {
  if (argc > 1 && fork() == 0) exit(twice(1) - 6);
  if (argc > 1) wait(NULL);
  volatile int times = 5;
  int sum = 0;
  for (int i = times; i > 0; i--) sum += twice(atoi("7"));
  printf("%d\\n", sum);
  return 0;
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    (tmp_path / "library.c").write_text(LIBRARY)
    (tmp_path / "main.c").write_text(MAIN)
    return folder


COUNT = "-O3 --vecgnn-packer=count"


def by_function(folder: Folder, *files: str) -> dict[str, tuple[int, ...]]:
    """The counts of every kept module's functions."""
    counts = read_counts(*(folder.path / file for file in files))
    found: dict[str, tuple[int, ...]] = {}
    for module in sorted((folder.path / "kept").glob("*.bc")):
        record = counts.of(module.stem)
        if record is not None:
            found |= counts_of(llvm.run_tool("opt", ["-S", module]), record)
    return found


def test_compiled_and_linked_apart(folder: Folder) -> None:
    for name in ("library", "main"):
        assert folder.cc(f"{COUNT} -c {name}.c --vecgnn-keep=kept") == Done(0, "", "")
    assert folder.cc(f"{COUNT} library.o main.o -o program") == Done(0, "", "")
    for _ in range(2):  # a second run replaces what the first wrote
        assert folder.program("program") == Done(0, "210\n", "")
        found = by_function(folder, "vecgnn.counts")
        assert found["@twice"] == (5,) and found["@tripled"][0] == 10 and 30 in found["@tripled"]
        assert found["@main"][0] == 1 and 5 in found["@main"]
    assert sorted(path.name for path in folder.path.glob("vecgnn.counts*")) == ["vecgnn.counts"]


def test_a_shared_library_and_its_program_share_a_file(folder: Folder) -> None:
    assert folder.cc(f"{COUNT} -fPIC -shared library.c -o libx.so --vecgnn-keep=kept") == Done(0, "", "")
    assert folder.cc(f"{COUNT} main.c libx.so -Wl,-rpath,. -o program --vecgnn-keep=kept") == Done(0, "", "")
    assert folder.program("program") == Done(0, "210\n", "")
    found = by_function(folder, "vecgnn.counts")
    assert found["@twice"] == (5,) and found["@tripled"][0] == 10 and 30 in found["@tripled"]


def test_a_forked_child_counts_for_itself(folder: Folder) -> None:
    assert folder.cc(f"{COUNT} library.c main.c -o program --vecgnn-keep=kept") == Done(0, "", "")
    environment = {**os.environ, "VECGNN_COUNTS": "of-%p-%p"}
    subprocess.run(
        ["./program", "fork"], cwd=folder.path, env=environment, check=True, stdout=subprocess.PIPE
    )
    files = [path.name for path in folder.path.glob("of-*")]
    assert len(files) == 2 and all(name.split("-")[1] == name.split("-")[2] for name in files)
    assert by_function(folder, *files)["@twice"] == (6,)
    assert sorted(by_function(folder, name)["@twice"] for name in files) == [(1,), (5,)]


def test_counts_that_cannot_be_written_are_told_of(folder: Folder) -> None:
    assert folder.cc(f"{COUNT} library.c main.c -o program") == Done(0, "", "")
    done = subprocess.run(
        ["./program"],
        cwd=folder.path,
        env={**os.environ, "VECGNN_COUNTS": "nowhere/x"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "210\n"
    assert done.stderr == "vecgnn: execution counts not written to nowhere/x: No such file or directory\n"


def test_a_relocatable_link_gets_no_runtime(folder: Folder) -> None:
    folder.cc(f"{COUNT} -c library.c main.c --vecgnn-keep=kept")
    assert folder.cc(f"{COUNT} -r library.o main.o -o both.o") == Done(0, "", "")
    assert folder.cc(f"{COUNT} both.o -static -Wl,--gc-sections -o program") == Done(0, "", "")
    assert folder.program("program") == Done(0, "210\n", "")
    assert by_function(folder, "vecgnn.counts")["@twice"] == (5,)


THROWS = """
#include <cstdio>
#include <stdexcept>
#include <vector>
struct Guard { int &n; ~Guard() { ++n; } };
__attribute__((noinline)) static int risky(int i) {
  if (i % 3 == 0) throw std::runtime_error("three");
  return i;
}
int main() {
  volatile int times = 12;
  int left = 0, sum = 0, caught = 0;
  for (int i = times - 1; i >= 0; i--)
    try { Guard guard{left}; sum += risky(i); } catch (const std::exception &e) { caught++; }
  std::vector<int> v(3, 2);
  for (int x : v) sum += x;
  std::printf("%d %d %d\\n", left, sum, caught);
}
"""


def test_exceptions_are_counted(folder: Folder) -> None:
    (folder.path / "throws.cpp").write_text(THROWS)
    assert folder.cxx(f"{COUNT} throws.cpp -o throws --vecgnn-keep=kept") == Done(0, "", "")
    assert folder.program("throws") == Done(0, "12 54 4\n", "")
    found = by_function(folder, "vecgnn.counts")
    (risky,) = (counts for name, counts in found.items() if "risky" in name)
    assert risky[0] == 12 and 4 in risky and 8 in risky
    assert 4 in found["@main"] and 12 in found["@main"]


@pytest.mark.parametrize("source", KERNELS, ids=lambda path: path.stem)
def test_kernels_keep_their_output(source: Path, tmp_path: Path) -> None:
    driver = str(SCRIPTS / "vecgnn-cc")
    scalar = output_of([CLANG, "-fno-slp-vectorize"], source, "x86-64-v3", tmp_path / "scalar")
    os.environ["VECGNN_COUNTS"] = str(tmp_path / "counts")
    try:
        ours = output_of([driver, "--vecgnn-packer=count"], source, "x86-64-v3", tmp_path / "counted")
    finally:
        del os.environ["VECGNN_COUNTS"]
    assert ours == scalar
    (record,) = read_counts(tmp_path / "counts").records.values()
    assert max(record) > 0


def test_nas_verifies_when_counted(folder: Folder) -> None:
    sources = " ".join(str(path) for part in ("common", "lu") for path in sorted((NAS / part).glob("*.c")))
    assert folder.cc(f"{COUNT} -DNPB_CLASS_S {sources} -lm -o lu --vecgnn-keep=kept") == Done(0, "", "")
    done = folder.program("lu")
    assert done.status == 0 and done.out.endswith("verification successful\n")
    assert by_function(folder, "vecgnn.counts")["@blts"][0] == 51 * 10  # iterations, planes
