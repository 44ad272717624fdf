"""Running the scalar and the vectorized version of a function on the same inputs, and comparing what they do.

The scalar version comes first: an input on which it faults or does not end is dropped.  Its own runs also
tell how far it reads and writes in each buffer, so that the buffer can be put with exactly that end against
a page that faults.  All of this happens in a process that may die.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import llvmlite.binding as llvm

from vecgnn.codegen.verify import machine
from vecgnn.codegen.verify.footprint import Footprint, Root, footprint
from vecgnn.codegen.verify.isolate import (
    SLOT,
    CannotIsolate,
    Isolated,
    isolate,
    isolate_checked,
    struct_sizes_agree,
)
from vecgnn.codegen.verify.memory import PAGE, Buffer, NoRoom, alignment, guarded, make_buffer, read, write
from vecgnn.codegen.verify.outcome import Comparison, Outcome
from vecgnn.codegen.verify.stubs import Answers, stub_effects
from vecgnn.codegen.verify.values import FLOATS, Closeness, Profile, Values, show
from vecgnn.errors import InputError
from vecgnn.ir.layout import DataLayout
from vecgnn.ir.nodes import Argument, Module

_SCALAR_SECONDS = 0.05
_MOST_GLOBALS = 1 << 26
_MOST_BUFFERS = 48
_HUNTS, _DRAWS_PER_HUNT = 120, 12
_INEXACT = frozenset({"reassoc", "arcp", "afn", "contract", "fast"})
_DISCRETE = frozenset(
    {"fcmp", "fptosi", "fptoui", "bitcast", "frem", "@llvm.floor", "@llvm.ceil", "@llvm.rint"}
)

Report = Callable[[str, int], None]
"""Told what comes next ("compile", "scalar", "vector") and the run's number, in case it is the last thing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``verdict`` is the name of a Verdict."""

    verdict: str
    reason: str
    runs: int


def check(
    before: Module,
    after: Module,
    name: str,
    seed: int,
    runs: int,
    report: Report,
    *,
    seconds: float = 10.0,
    unchanged: bool = False,
) -> Finding:
    """Compare the two versions of a function on generated inputs; ``unchanged`` runs equal texts too."""
    layout = machine.host_layout(dict(before.layout.types))
    hosts = [machine.host_layout(dict(module.layout.types)) for module in (before, after)]
    if not all(map(struct_sizes_agree, (before.layout, after.layout), hosts)):
        return Finding("UNKNOWN", f"types of {before.triple or 'its target'} are laid out otherwise here", 0)
    try:
        isolated = isolate(before, after, name, machine.host_triple(), layout)
        if isolated.same and not unchanged:
            return Finding("VERIFIED", "unchanged", 0)
        return _Check(before, after, name, isolated, layout, seed, report).run(runs, seconds)
    except (CannotIsolate, NoRoom) as error:
        return Finding("UNKNOWN", str(error), 0)
    except InputError as error:
        return Finding("UNKNOWN", f"input not made: {error}", 0)
    except RuntimeError as error:
        return Finding(
            "UNKNOWN", f"LLVM refuses the isolated function: {' '.join(str(error).split())[:200]}", 0
        )


@dataclass(frozen=True, slots=True)
class _Drawn:
    """An input that stands in memory, and the scalar version's outcome."""

    profile: Profile
    overlap: str
    leave_at: int
    outcome: Outcome
    blocks: set[int]


def _noter(engine: llvm.ExecutionEngine) -> Callable[[], int]:
    """Reads and clears what the checks in a compiled module noted."""
    address = engine.get_global_value_address("vg.undefined")

    def noted() -> int:
        value = int.from_bytes(read(address, 4), "little")
        write(address, bytes(4))
        return value

    return noted


class _Check:
    def __init__(
        self,
        before: Module,
        after: Module,
        name: str,
        isolated: Isolated,
        layout: DataLayout,
        seed: int,
        report: Report,
    ) -> None:
        self.function = next(f for f in before.functions if f.name == name)
        self.isolated = isolated
        self.layout = layout
        self.report = report
        self.rng = random.Random(f"{seed} {name}")
        self.values = Values(self.rng, layout)
        self.found: Footprint = footprint(before, self.function, layout)
        later = next(f for f in after.functions if f.name == name)
        self.assembly = any(
            i.form.callee == "asm" for i in (*self.function.instructions, *later.instructions)
        )
        flags = self.found.float_flags
        # Of two zeros, minnum and maxnum may give either.
        self.either_zero = any(
            name.startswith(("@llvm.minnum", "@llvm.maxnum")) for name in self.found.opcodes
        )
        computed = {i.type for i in self.function.instructions if i.form.flags & _INEXACT} & FLOATS
        self.close = Closeness(
            bool(flags & _INEXACT),
            self.either_zero or bool(flags & {"nsz", "fast"}),
            min(computed, key=layout.bits, default=""),
        )
        self.tame = bool(flags & {"nnan", "ninf", "nsz", "fast"}) or self.close.inexact
        report("compile", 0)
        runner = machine.runner()
        known = [stub_effects(stub, (before, after)) for stub in isolated.stubs]
        self.buffers: list[Buffer] = []
        self.by_root: dict[Root, Buffer] = {}
        self.answers = Answers(isolated.stubs, known, layout, self.buffers, self.close)
        machine.on_call(self.answers.answer)
        self.engine = machine.compile_text(isolated.text)
        self.engines = [self.engine]
        self.call = runner
        self.misaligned = _noter(self.engine)
        self.seen = self.engine.get_global_value_address("vg.seen")
        self.covered: set[int] = set()
        self.hunts = _HUNTS
        self.code = {side: self.engine.get_function_address(f"vg.{side}") for side in ("before", "after")}
        self.record = guarded(PAGE * (1 + (len(isolated.arguments) + 5) * SLOT // PAGE))
        self._make_buffers()
        self.pairs = self._pairs()
        self.arguments: list[bytes] = []
        self.before = before
        self.name = name
        self.patience = _SCALAR_SECONDS
        self.checked: Callable[[], int] | None = None
        machine.catch_faults()

    # Memory

    def _make_buffers(self) -> None:
        total = 0
        for token, symbol in self.isolated.globals.items():
            if token not in self.isolated.filled:
                continue
            root = ("global", token)
            size = self.layout.size(self.isolated.global_types[token])
            total += size
            if total > _MOST_GLOBALS:
                raise NoRoom(f"its globals take {total} bytes")
            buffer = Buffer(root, self.found.accesses.get(root, []), 0, size, fixed=True)
            buffer.start = buffer.pointer = self.engine.get_global_value_address(symbol[1:])
            buffer.align, buffer.phase = alignment(self.found.aligned.get(root, []))
            self._add(buffer)
        for argument in self.isolated.arguments:
            if argument.type == "ptr":
                self._add(make_buffer(("argument", argument.name), self.found, argument.attributes))
            elif argument.type.startswith("ptr"):
                raise CannotIsolate(f"argument {argument.name} is a {argument.type}")
        for buffer in self.buffers:  # grows as it is read
            for place, child in self.found.children.get(buffer.root, ()):
                if child not in self.by_root:
                    if len(self.buffers) > _MOST_BUFFERS:
                        continue
                    self._add(make_buffer(child, self.found, frozenset()))
                buffer.children.append(
                    (place.offset, place.stride and max(8, place.stride), self.by_root[child])
                )

    def _add(self, buffer: Buffer) -> None:
        self.buffers.append(buffer)
        self.by_root[buffer.root] = buffer

    def _pairs(self) -> list[tuple[Buffer, Buffer, int]]:
        """Buffers that may overlap without breaking a promise of the types: (host, guest, step)."""
        if self.found.scoped:
            return []
        able = [
            b
            for b in self.buffers
            if not b.fixed
            and not b.alone
            and not b.children
            and b.accesses
            and not any(a.index for a in b.accesses)
        ]
        pairs: list[tuple[Buffer, Buffer, int]] = []
        for position, first in enumerate(able):
            for second in able[position + 1 :]:
                both = [*first.accesses, *second.accesses]
                if not any(access.write for access in both):
                    continue
                if len({a.type for a in both}) == 1 and len({a.tag for a in both}) == 1:
                    pairs.append((first, second, max(both[0].size, first.align, second.align)))
        return pairs

    def _set_up(self, profile: Profile) -> None:
        """New numbers everywhere, every buffer loosely placed."""
        for buffer in self.buffers:
            buffer.host = None
            if not buffer.fixed:
                buffer.fill(self.values, profile)
                buffer.loose(self.rng.random() < 0.8)
            elif buffer.content == b"" and buffer.name not in self.isolated.external:
                # A variable with an initializer of its own: the first run keeps it, as do pointers always.
                buffer.content = read(buffer.start, buffer.size)
            elif (
                "ptr" in self.isolated.global_types[buffer.name] and buffer.name not in self.isolated.external
            ):
                continue
            else:
                buffer.fill(self.values, profile)
        self.arguments = [self._argument(argument, profile) for argument in self.isolated.arguments]

    def _argument(self, argument: Argument, profile: Profile) -> bytes:
        if argument.type == "ptr":
            return b""
        for attribute in argument.attributes:
            if attribute.startswith("range("):
                type_, low, high = attribute[6:-1].replace(",", "").split()
                low, high = int(low), int(high)
                if low >= high:
                    low, high = 0, max(1, high)
                span = min(high - low, 64)
                bits = self.layout.bits(type_)
                value = (low + self.rng.randrange(span)) & ((1 << bits) - 1)
                return value.to_bytes((bits + 7) // 8, "little")
        return self.values.draw(argument.type, profile, argument.name in self.found.index_arguments)

    def _place(self) -> None:
        """Write arguments and memory for a run from the buffers' present places."""
        for number, argument in enumerate(self.isolated.arguments):
            data = self.arguments[number]
            if argument.type == "ptr":
                data = self.by_root["argument", argument.name].pointer.to_bytes(8, "little")
            write(self.record + SLOT * number, data)
        write(self.record + SLOT * len(self.isolated.arguments), bytes(4 * SLOT))
        for buffer in self.buffers:
            if buffer.host is None:
                write(buffer.start, buffer.image())

    # Running

    def _attempt(self, side: str, seconds: float, leave_at: int) -> int:
        self._place()
        self.answers.start(leave_at)
        signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
        code = self.call(self.code[side], self.record)
        signal.setitimer(signal.ITIMER_REAL, 0)
        return code

    def _outcome(self, side: str, leave_at: int) -> Outcome:
        code = self._attempt(side, self.patience * (1 if side == "before" else 10), leave_at)
        size = 0 if self.isolated.result == "void" else self.layout.store_size(self.isolated.result)
        result = read(self.record + SLOT * len(self.isolated.arguments), size) if code == 0 else b""
        memory = tuple(read(b.start, b.size) if b.host is None else b"" for b in self.buffers)
        if self.answers.arena:
            memory += (read(self.answers.arena, self.answers.used + 512),)
        return Outcome(code, result, memory, tuple(self.answers.trace))

    def _tighten(self, at_end: bool, leave_at: int) -> None:
        """Put every buffer so that the scalar version just does not touch the page at its end, or start."""
        for buffer in self.buffers:
            if buffer.fixed or (not buffer.accesses and not buffer.readable):
                continue
            low, high = buffer.span
            step = buffer.align
            if at_end:
                place, rest, least = buffer.against_end, -buffer.phase % step, buffer.readable
                guess = max(high, least)
            else:
                place, rest, least = (
                    buffer.against_start,
                    buffer.phase,
                    0 if buffer.readable else -buffer.size // 4,
                )
                guess = max(-low, least)

            def ok(
                steps: int, place: Callable[[int], None] = place, rest: int = rest, step: int = step
            ) -> bool:
                place(rest + steps * step)
                return self._attempt("before", self.patience, leave_at) in (0, machine.LEFT)

            least = -(-(least - rest) // step)
            first = max(least, -(-(guess - rest) // step))
            most = (3 * buffer.size // 4 - rest) // step
            if ok(first):
                best, fails = first, least - 1
                if first > least and not ok(first - 1):
                    fails = first - 1
            else:
                best, fails = most, first
                if not ok(best):
                    buffer.loose(True)
                    continue
            while best - fails > 1:
                middle = (best + fails) // 2
                if ok(middle):
                    best = middle
                else:
                    fails = middle
            place(rest + best * step)

    def _undefined(self, leave_at: int) -> bool:
        """Whether the scalar version computes poison on the present input, or touches memory that is not
        there by an access that its machine code does without."""
        if self.checked is None:
            self.checked = self._compile_checked()
        self.checked()  # clears what an earlier run noted
        code = self._attempt("checked", self.patience * 10, leave_at)
        return bool(self.checked()) or code in (signal.SIGSEGV, signal.SIGBUS)

    def _compile_checked(self) -> Callable[[], int]:
        """Compile the scalar version with its checks; the answer reads and clears what they noted."""
        report = self.report
        report("compile", 0)
        for token, symbol in self.isolated.globals.items():
            if token in self.isolated.filled:
                llvm.add_symbol(symbol[1:], self.engine.get_global_value_address(symbol[1:]))
        text = isolate_checked(self.before, self.name, machine.host_triple(), self.layout)
        self.engines.append(machine.compile_text(text))
        self.code["checked"] = self.engines[-1].get_function_address("vg.before")
        return _noter(self.engines[-1])

    def run(self, runs: int, seconds: float) -> Finding:
        """All runs, or as many as about half the time allows; the first difference decides."""
        deadline = time.monotonic() + seconds / 2
        wild: Sequence[Profile] = ("small", "signed", "ties", "wide", "ties", "edge")
        if self.either_zero:
            wild = ("small", "signed", "units", "wide", "edge")
        profiles: Sequence[Profile] = ("small", "signed", "units") if self.tame else wild
        done = 0
        dropped = ""
        differing: list[str] = []
        for number in range(runs):
            if time.monotonic() > deadline and done:
                break
            drawn = self._hunt(number, profiles) if number % 4 != 3 else None
            for attempt in range(4):
                if drawn is not None:
                    break
                profile = profiles[number % len(profiles) if attempt == 0 else (number + attempt) % 2]
                drawn = self._draw(number, profile)
                if drawn.outcome.code not in (0, machine.LEFT):
                    dropped = machine.FAULTS.get(signal.Signals(drawn.outcome.code), str(drawn.outcome.code))
                    if drawn.outcome.code == signal.SIGALRM and number == 0:
                        self.patience = min(self.patience * 5, seconds / 8)  # it may just take its time
                    drawn = None
            if drawn is None:
                if number == 0 and dropped == machine.FAULTS[signal.SIGALRM]:
                    break
                continue
            self.covered |= drawn.blocks
            profile, overlap, leave_at, scalar = drawn.profile, drawn.overlap, drawn.leave_at, drawn.outcome
            if number % 3 and not overlap:
                self._tighten(number % 3 == 1, leave_at)
                scalar = self._outcome("before", leave_at)
                if scalar.code not in (0, machine.LEFT):
                    continue
            self.report("vector", number)
            self.misaligned()  # clears what an earlier run noted
            vector = self._outcome("after", leave_at)
            done += 1
            comparison = Comparison(self.isolated, self.layout, self.close, self.buffers, self.answers.calls)
            difference = comparison.difference(scalar, vector)
            if not difference and self.misaligned():
                difference = "a vector is not aligned as its access says"
            if difference and self._undefined(leave_at):
                done -= 1
                dropped = "computes poison or touches memory that is not there"
                continue
            if not difference and comparison.overflowed:
                done -= 1
                dropped = "overflows"
                continue
            if difference:
                if vector.code == signal.SIGILL and self.assembly:
                    return Finding("UNKNOWN", "inline assembly that this CPU cannot run", done)
                differing.append(f"run {number} ({profile} values{overlap}): {difference}{self._inputs()}")
                if not (self.close.inexact and self.found.opcodes & _DISCRETE) or vector.code != scalar.code:
                    return Finding("MISCOMPILED", differing[0], done)
        if not done:
            return Finding(
                "UNKNOWN", f"the scalar version {dropped or 'never ran to its end'} on every input", 0
            )
        if differing:
            # A comparison may turn on the last bit, which fast-math leaves open; that is rare.
            if len(differing) * 3 > done:
                return Finding("MISCOMPILED", differing[0], done)
            return Finding(
                "UNKNOWN", f"a decision differs within what fast-math leaves open: {differing[0]}", done
            )
        reason = f"{done} runs agree"
        if self.close.inexact:
            reason += "; floating-point results compared with a tolerance, as fast-math flags allow"
        if missed := self.isolated.blocks - 1 - len(self.covered):
            reason += f"; {missed} of {self.isolated.blocks} blocks never ran"
        return Finding("VERIFIED", reason, done)

    def _draw(self, number: int, profile: Profile) -> _Drawn:
        """A new input, and what the scalar version does with it."""
        self._set_up(profile)
        overlap = self._overlap(number)
        # In some runs a call does not return: what stands behind it must not have happened.
        leave_at = (
            self.rng.randrange(1, self.answers.calls + 1) if number % 4 == 3 and self.answers.calls else 0
        )
        self.report("scalar", number)
        write(self.seen, bytes(self.isolated.blocks))
        outcome = self._outcome("before", leave_at)
        seen = read(self.seen, self.isolated.blocks)
        return _Drawn(profile, overlap, leave_at, outcome, {n for n, mark in enumerate(seen) if mark})

    def _hunt(self, number: int, profiles: Sequence[Profile]) -> _Drawn | None:
        """An input that reaches a block which no run has reached, where a few draws find one."""
        if number < 2:
            return None
        for _ in range(_DRAWS_PER_HUNT):
            if len(self.covered) >= self.isolated.blocks - 1 or self.hunts == 0:
                return None
            self.hunts -= 1
            drawn = self._draw(number, self.rng.choice(profiles))
            if drawn.outcome.code in (0, machine.LEFT) and drawn.blocks - self.covered:
                return drawn
        return None

    def _overlap(self, number: int) -> str:
        """In some runs, let one buffer point into another; says which."""
        if not self.pairs or number % 3 != 0:
            return ""
        host, guest, step = self.rng.choice(self.pairs)
        distance = self.rng.choice((0, 1, -1, 1, -1, 2, -2, 3, -3, 4, -4, 5, 8)) * step
        distance -= (host.pointer + distance - guest.phase) % guest.align
        guest.into(host, distance)
        return f", {guest.name} = {host.name} {distance:+d}"

    def _inputs(self) -> str:
        parts = [
            f"{argument.name} = {show(argument.type, data)}"
            for argument, data in zip(self.isolated.arguments, self.arguments, strict=True)
            if data
        ]
        return f" with {', '.join(parts[:8])}" if parts else ""
