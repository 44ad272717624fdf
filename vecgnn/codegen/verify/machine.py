"""Compiling a module for the host and calling into it, with faults and endless loops caught.

A call runs between ``sigsetjmp`` and a signal handler that jumps back; both are LLVM IR, since no Python
frame may be jumped over.  Only a process that can be thrown away should do this: the code under test may
write anywhere.
"""

from __future__ import annotations

import ctypes
import platform
import signal
from collections.abc import Callable
from functools import cache

import llvmlite.binding as llvm

from vecgnn.ir.layout import DataLayout

LEFT = 1000
"""The code of a run that a stub ended."""

FAULTS = {
    signal.SIGSEGV: "reads or writes memory that is not there, or not aligned as the instruction needs",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "divides by zero or overflows a division",
    signal.SIGILL: "reaches a trap or an instruction this CPU lacks",
    signal.SIGTRAP: "reaches a trap",
    signal.SIGABRT: "aborts",
    signal.SIGALRM: "does not end",
}

_HARNESS = """
@vg.active = global i32 0
@vg.jump = global [64 x i64] zeroinitializer, align 16
declare i32 @__sigsetjmp(ptr, i32) returns_twice
declare void @siglongjmp(ptr, i32) noreturn
declare ptr @signal(i32, ptr)

define void @vg.handler(i32 %signal) {
  %active = load volatile i32, ptr @vg.active
  %inside = icmp eq i32 %active, 1
  br i1 %inside, label %jump, label %outside
jump:
  store volatile i32 0, ptr @vg.active
  call void @siglongjmp(ptr @vg.jump, i32 %signal)
  unreachable
outside:
  %alarm = icmp eq i32 %signal, SIGALRM
  br i1 %alarm, label %back, label %die
die:
  %old = call ptr @signal(i32 %signal, ptr null)
  br label %back
back:
  ret void
}

define i32 @vg.run(ptr %code, ptr %record) {
  %caught = call i32 @__sigsetjmp(ptr @vg.jump, i32 1) returns_twice
  %first = icmp eq i32 %caught, 0
  br i1 %first, label %go, label %back
go:
  store volatile i32 1, ptr @vg.active
  call void %code(ptr %record)
  store volatile i32 0, ptr @vg.active
  ret i32 0
back:
  ret i32 %caught
}
"""

_kept: list[object] = []


@cache
def _target() -> llvm.TargetMachine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    if platform.machine() == "x86_64":
        # It turns a conditional move from memory into a branch around the load: a read that IR always
        # does would not show how far the scalar version reads.
        llvm.set_option("vecgnn", "-x86-cmov-converter=false")
    for library in ("libgcc_s.so.1", "libm.so.6"):
        try:
            llvm.load_library_permanently(library)
        except RuntimeError:  # what needs it will not link, and is reported then
            continue
    return _machine()


def _machine() -> llvm.TargetMachine:
    # A large code model: globals and code may lie further apart than 2 GB.
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=1,
        codemodel="large",
        jit=True,
    )


def host_layout(types: dict[str, str]) -> DataLayout:
    return DataLayout(str(_target().target_data), types)


def host_triple() -> str:
    return _target().triple


def compile_text(text: str) -> llvm.ExecutionEngine:
    """Compile a module for this machine.  Raises RuntimeError where LLVM refuses the text; where its code
    generator cannot do it, the process ends."""
    _target()
    module = llvm.parse_assembly(text, context=llvm.create_context())
    module.verify()
    engine = llvm.create_mcjit_compiler(module, _machine())
    engine.finalize_object()
    return engine


@cache
def runner() -> Callable[[int, int], int]:
    """The function that calls compiled code and says how it ended: 0, LEFT, or the signal."""
    engine = compile_text(_HARNESS.replace("SIGALRM", str(int(signal.SIGALRM))))
    _kept.append(engine)
    for name in ("vg.active", "vg.jump"):
        llvm.add_symbol(name, engine.get_global_value_address(name))
    type_ = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    return type_(engine.get_function_address("vg.run"))


def catch_faults() -> None:
    """Install the handler, in the process that is to run the code."""
    engine = _kept[0]
    assert isinstance(engine, llvm.ExecutionEngine)
    handler = engine.get_function_address("vg.handler")
    libc = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal.restype = ctypes.c_void_p
    for number in FAULTS:
        libc.signal(int(number), handler)


def on_call(answer: Callable[[int, int], int]) -> None:
    """Let ``answer(stub number, address of the record)`` answer the stubs' calls."""
    callback = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)(answer)
    _kept.append(callback)
    address = ctypes.cast(callback, ctypes.c_void_p).value
    assert address
    llvm.add_symbol("vg.call", address)
