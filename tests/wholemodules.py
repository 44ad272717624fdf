"""Modules for tests of what takes them whole: written out, or compiled from C and C++."""

from __future__ import annotations

import re
from pathlib import Path

from vecgnn import llvm
from vecgnn.best.modules import comparable, functions_of
from vecgnn.slp.pack import Effort

EFFORT = Effort(time_limit=0.5)
KERNELS = sorted((Path(__file__).parent.parent / "datasets/kernels").glob("*.c"))

HEADER = 'target triple = "x86_64-pc-linux-gnu"\n'
TARGET = 'attributes #0 = { nounwind "target-cpu"="x86-64-v3" }\n'


def products(name: str, attributes: str = "#0", lanes: int = 4, behind: str = "") -> str:
    """A function that all packers and LLVM's SLP change."""
    lines = [f"define void {name}(ptr noalias %to, ptr noalias %from) {attributes} {behind}{{"]
    for lane in range(lanes):
        lines += [
            f"  %f{lane} = getelementptr inbounds double, ptr %from, i64 {lane}",
            f"  %l{lane} = load double, ptr %f{lane}, align 8",
            f"  %m{lane} = fmul double %l{lane}, %l{lane}",
            f"  %t{lane} = getelementptr inbounds double, ptr %to, i64 {lane}",
            f"  store double %m{lane}, ptr %t{lane}, align 8",
        ]
    return "\n".join([*lines, "  ret void", "}", ""])


def module(*functions: str) -> str:
    return "\n".join([HEADER, *functions, TARGET])


def attributes_of(text: str, name: str) -> str:
    """A function's attributes, whatever their number."""
    line = next(line for line in text.split("\n") if line.startswith("define ") and f" {name}(" in line)
    group = re.findall(r" (#\d+) ", re.sub(r'"[^"]*"', "", line))
    return re.findall(rf"^attributes {group[0]} = .*$", text, re.M)[0].partition("{")[2] if group else ""


def body_of(text: str, name: str) -> str:
    return comparable(functions_of(text)[name])


def ir_of(path: Path, *flags: str) -> str:
    """C or C++ as clang's front end leaves it at -O3."""
    compiler = "clang" if path.suffix == ".c" else "clang++"
    options = ["-O3", "-march=x86-64-v3", *flags, "-Xclang", "-disable-llvm-passes", "-S", "-emit-llvm"]
    return llvm.run_tool(compiler, [*options, "-o", "-", str(path)])


def orders_in(text: str, name: str) -> list[str]:
    return [line for line in functions_of(text)[name].split("\n") if line.startswith("  uselistorder")]
