"""Straight-line kernels made up by a seed: groups of isomorphic lanes, and what stands in their way.

``generate`` gives a module with one function ``@f`` whose lanes load from, compute with and store to a few
arrays: in order, reversed, strided or permuted, some arrays ``noalias`` and some not, with calls, volatile
and atomic accesses, fences, branches and a counted loop between them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from vecgnn.fuzz.expressions import (
    FLOATS,
    Array,
    Context,
    Lane,
    Names,
    Value,
    Writer,
    address,
    arithmetic,
    size_of,
    tag,
    template,
)

CPUS = ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4", "znver5")
_LAYOUT = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
_TYPES = ("i8", "i16", "i32", "i32", "i64", "half", "float", "float", "double", "double")
_FLOAT_FLAGS = ("", "", "", "", "nsz", "contract", "reassoc nsz", "fast", "nnan ninf")
_TAGS = ("i8", "i16", "i32", "i64", "half", "float", "double", "ptr")
_EXTERNALS = {
    "pure": "declare i32 @pure(i32) #1",
    "reads": "declare i32 @reads(ptr) #2",
    "writes": "declare void @writes(ptr, i32)",
    "stops": "declare void @stops(i32)",
    "notes": "declare void @notes(i32, double) #3",
    "fails": "declare i32 @fails(i32)",
}


def generate(seed: int, *, instructions: int = 60) -> str:
    """A valid module with a function ``@f`` of about that many instructions; one seed, one text."""
    return _Function(random.Random(f"kernel {seed}"), instructions).module()


class _Function:
    def __init__(self, rng: random.Random, instructions: int) -> None:
        self.rng = rng
        self.wanted = instructions
        self.names = Names()
        self.lines: list[str] = []
        self.block = "entry"
        self.blocks = 0
        self.externals: dict[str, None] = {}
        self.tagged = rng.choices(("", "tbaa", "scope"), (65, 25, 10))[0]
        self.debug = rng.random() < 0.08
        self.personality = False
        self.pools: list[list[Value]] = []
        self.globals: list[str] = []
        self.arrays, self.parameters = self._arrays()
        self.scalars = [Value(f"%s{n}", rng.choice(("i32", "i64", "float", "double"))) for n in range(2)]
        self.flags = rng.choice(_FLOAT_FLAGS)
        self.head: list[str] = []

    def _arrays(self) -> tuple[list[Array], list[str]]:
        rng = self.rng
        count = rng.randrange(2, 6)
        kinds = rng.sample(_TYPES, rng.choice((1, 1, 2, 3)))
        arrays: list[Array] = []
        parameters: list[str] = []
        restrict = rng.choice((0.0, 0.5, 1.0))
        for number in range(count):
            element = rng.choice(kinds)
            noalias = rng.random() < restrict
            attributes = " noalias" if noalias else ""
            if rng.random() < 0.2:
                attributes += f" align {rng.choice((16, 32, 64))}"
            if rng.random() < 0.2:
                attributes += f" dereferenceable({size_of(element) * rng.choice((4, 8, 16))})"
            parameters.append(f"ptr{attributes} %p{number}")
            arrays.append(Array(f"%p{number}", element, 64, noalias, scope=number + 1))
        if rng.random() < 0.2:
            element = rng.choice(kinds)
            self.globals.append(f"@g = global [64 x {element}] zeroinitializer, align 16")
            arrays.append(Array("@g", element, 64, False))
        if rng.random() < 0.15:
            element = rng.choice([kind for kind in kinds if kind not in FLOATS] or ["i32"])
            entries = ", ".join(f"{element} {rng.randrange(100)}" for _ in range(64))
            self.globals.append(f"@table = internal constant [64 x {element}] [{entries}], align 16")
            arrays.append(Array("@table", element, 64, False, writable=False))
        return arrays, parameters

    # Straight-line pieces

    def _context(self, index: str = "", pools: list[list[Value]] | None = None) -> Context:
        return Context(
            self.rng, self.names, self.arrays, self.scalars, self.pools if pools is None else pools, index,
            self.flags if self.rng.random() < 0.8 else "", self.tagged,
        )  # fmt: skip

    def _lanes(self) -> int:
        return self.rng.choices((2, 3, 4, 5, 6, 8, 16), (20, 4, 40, 3, 4, 22, 7))[0]

    def _out(self, element: str = "") -> Array | None:
        arrays = [a for a in self.arrays if a.writable and (not element or a.element == element)]
        return self.rng.choice(arrays) if arrays else None

    def _merge(self, writers: Sequence[Writer], obstacle: Context | None = None) -> None:
        """Write the lanes one after another, in turn, or mixed up; each keeps its own order.

        Where a context is given, an obstacle may come between the first lanes and the rest.
        """
        kind = self.rng.random()
        left = [list(writer.lines) for writer in writers]
        if obstacle is not None and self.rng.random() < 0.15:
            cut = self.rng.randrange(len(left))
            if cut and any(left):
                for lines in left[:cut]:
                    self.lines += lines
                self._obstacle(obstacle)
                left = left[cut:]
        if kind < 0.35:
            for lines in left:
                self.lines += lines
            return
        while any(left):
            open_ = [lines for lines in left if lines]
            for lines in open_ if kind < 0.7 else [self.rng.choice(open_)]:
                self.lines.append(lines.pop(0))

    def _group(self, context: Context, lanes: int, type_: str, depth: int) -> list[Value]:
        """The lanes' values, written out."""
        lane = template(context, type_, lanes, depth)
        writers = [Writer(self.names) for _ in range(lanes)]
        values = [lane(number, writer) for number, writer in enumerate(writers)]
        self._merge(writers)
        return values

    def _store_group(self, context: Context) -> None:
        """Lanes that end in stores to neighbours, each store beside its lane's code or behind all of it."""
        rng = self.rng
        out = self._out()
        assert out
        lanes = self._lanes()
        depth = self._depth(lanes)
        lane = template(context, out.element, lanes, depth)
        order = list(range(lanes))
        if rng.random() < 0.2:
            rng.shuffle(order)
        first = rng.randrange(8)
        late = rng.random() < 0.5
        writers = [Writer(self.names) for _ in range(lanes)]
        ends = [Writer(self.names) for _ in range(lanes)]
        align = size_of(out.element) if rng.random() < 0.9 else 1
        values: list[Value] = []
        for number, writer in enumerate(writers):
            value = lane(number, writer)
            values.append(value)
            end = ends[number] if late else writer
            pointer = address(end, out, first + order[number], context.index, rng)
            attachment = tag(out, self.tagged)
            end.line(f"store {out.element} {value.text}, ptr {pointer}, align {align}{attachment}")
        self._merge(writers, context)
        if late:
            rng.shuffle(ends)
            for end in ends:
                self.lines += end.lines
        if values[0].text[0] == "%":
            context.pools.append(values)

    def _depth(self, lanes: int) -> int:
        return self.rng.choice((1, 2, 2, 3)) if lanes < 8 else self.rng.choice((1, 1, 2))

    def _reduction(self, context: Context) -> None:
        """Lanes folded into one value, in a row or as a tree, which is stored."""
        rng = self.rng
        out = self._out()
        assert out
        lanes = rng.choice((4, 4, 8, 8, 16))
        values = self._group(context, lanes, out.element, rng.choice((1, 2)))
        floats = out.element in FLOATS
        operation = rng.choice(
            ("fadd", "fmul") if floats else ("add", "add", "mul", "or", "and", "xor", "umax", "smin")
        )
        flags = f"{context.float_flags} " if floats and context.float_flags else ""
        writer = Writer(self.names)
        tree = rng.random() < 0.4
        while len(values) > 1:
            a, b = values.pop(0), values.pop(0)
            if operation in ("umax", "smin"):
                callee = self.names.intrinsic(
                    f"llvm.{operation}.{out.element}", out.element, [out.element] * 2
                )
                text = f"call {out.element} {callee}({out.element} {a.text}, {out.element} {b.text})"
                folded = writer.emit(text, out.element)
            elif floats:
                folded = writer.emit(f"{operation} {flags}{out.element} {a.text}, {b.text}", out.element)
            else:
                folded = arithmetic(writer, operation, out.element, a, b, rng.random() < 0.5, 0)
            values.append(folded) if tree else values.insert(0, folded)
        pointer = address(writer, out, rng.randrange(16), context.index, rng)
        writer.line(f"store {out.element} {values[0].text}, ptr {pointer}, align {size_of(out.element)}")
        self.lines += writer.lines
        self.scalars.append(values[0]) if self.block == "entry" else None

    # What stands in the way

    def _obstacle(self, context: Context) -> None:
        rng = self.rng
        writer = Writer(self.names)
        array = self._out()
        assert array
        kind = rng.choice(
            (
                "pure",
                "reads",
                "writes",
                "stops",
                "notes",
                "volatile",
                "atomic",
                "fence",
                "alloca",
                "copy",
                "invoke",
            )
        )
        pointer = address(writer, array, rng.randrange(8), context.index, rng)
        integer = [v.text for v in self.scalars if v.type == "i32" and v.text[0] == "%"]
        number = rng.choice([*integer, "7"])
        if kind in ("pure", "reads"):
            self.externals[kind] = None
            argument = f"i32 {number}" if kind == "pure" else f"ptr {array.pointer}"
            value = writer.emit(f"call i32 @{kind}({argument})", "i32")
            if self.block == "entry":
                self.scalars.append(value)
        elif kind in ("writes", "stops", "notes"):
            self.externals[kind] = None
            arguments = {"writes": f"ptr {array.pointer}, i32 {number}", "stops": f"i32 {number}"}
            writer.line(f"call void @{kind}({arguments.get(kind, f'i32 {number}, double 1.5')})")
        elif kind == "volatile":
            if array.element != "ptr":
                value = writer.emit(f"load volatile {array.element}, ptr {pointer}, align 1", array.element)
                writer.line(f"store volatile {array.element} {value.text}, ptr {pointer}, align 1")
        elif kind == "atomic":
            whole = (
                array.element
                if array.element not in FLOATS
                else {"half": "i16", "float": "i32"}.get(array.element, "i64")
            )
            ordering = rng.choice(("monotonic", "seq_cst", "acq_rel"))
            if rng.random() < 0.5 and array.element not in FLOATS:
                writer.emit(
                    f"atomicrmw add ptr {pointer}, {whole} 3 {ordering}, align {size_of(whole)}", whole
                )
            else:
                ordering = "monotonic" if ordering == "acq_rel" else ordering
                writer.line(f"store atomic {whole} 1, ptr {pointer} {ordering}, align {size_of(whole)}")
        elif kind == "fence":
            writer.line("fence seq_cst")
        elif kind == "copy":
            callee = self.names.intrinsic("llvm.memcpy.p0.p0.i64", "void", ["ptr", "ptr", "i64", "i1"])
            writer.line(
                f"call void {callee}(ptr {pointer}, ptr {pointer}, "
                f"i64 {size_of(array.element) * 4}, i1 false)"
            )
        elif kind == "alloca":
            self._local(context, array.element)
            return
        elif kind == "invoke":
            self.lines += writer.lines
            self._invoke(number)
            return
        self.lines += writer.lines

    def _local(self, context: Context, element: str) -> None:
        """A local array, written lane by lane and read back in another order."""
        lanes = self.rng.choice((2, 4, 8))
        local = f"%local{self.names.count}"
        self.head.append(f"  {local} = alloca [{lanes} x {element}], align {self.rng.choice((4, 8, 16))}")
        array = Array(local, element, lanes, True)
        values = self._group(context, lanes, element, 1)
        writer = Writer(self.names)
        for lane, value in enumerate(values):
            pointer = address(writer, array, lane, "", self.rng)
            writer.line(f"store {element} {value.text}, ptr {pointer}, align {min(4, size_of(element))}")
        order = list(range(lanes))
        if self.rng.random() < 0.4:
            order.reverse()
        read: list[Value] = []
        for lane in order:
            pointer = address(writer, array, lane, "", self.rng)
            read.append(
                writer.emit(f"load {element}, ptr {pointer}, align {min(4, size_of(element))}", element)
            )
        self.lines += writer.lines
        context.pools.append(read)

    def _label(self, name: str) -> str:
        self.blocks += 1
        return f"{name}{self.blocks}"

    def _start(self, label: str) -> None:
        self.lines.append(f"{label}:")
        self.block = label

    def _invoke(self, number: str) -> None:
        self.externals["fails"] = None
        self.personality = True
        normal, unwind = self._label("normal"), self._label("unwind")
        name = self.names.fresh()
        self.lines.append(
            f"  {name} = invoke i32 @fails(i32 {number}) to label %{normal} unwind label %{unwind}"
        )
        self._start(unwind)
        self.lines += [
            f"  {self.names.fresh()} = landingpad {{ ptr, i32 }} cleanup",
            f"  br label %out{unwind}",
        ]
        self._start(f"out{unwind}")
        self.lines.append("  ret i32 -1")
        self._start(normal)

    # Control flow

    def _piece(self, context: Context) -> None:
        kind = self.rng.random()
        if kind < 0.2:
            self._obstacle(context)
        elif kind < 0.34:
            self._reduction(context)
        else:
            self._store_group(context)

    def _diamond(self) -> None:
        """Two branches whose lanes meet in PHI nodes."""
        rng = self.rng
        lanes = rng.choice((2, 4, 4, 8))
        element = rng.choice([array.element for array in self.arrays])
        condition = self._group(self._context(), 1, "i1", 2)[0]
        labels = [self._label("then"), self._label("else")]
        join = self._label("join")
        integer = self.rng.random() < 0.15
        if integer:
            name = self.names.fresh()
            self.lines.append(f"  {name} = zext i1 {condition.text} to i32")
            self.lines.append(f"  switch i32 {name}, label %{labels[0]} [ i32 0, label %{labels[1]} ]")
        else:
            self.lines.append(f"  br i1 {condition.text}, label %{labels[0]}, label %{labels[1]}")
        sides: list[tuple[str, list[Value]]] = []
        for label in labels:
            self._start(label)
            context = self._context(pools=list(self.pools))
            if rng.random() < 0.3:
                self._store_group(context)
            values = self._group(context, lanes, element, rng.choice((1, 2)))
            sides.append((self.block, values))
            self.lines.append(f"  br label %{join}")
        self._start(join)
        merged: list[Value] = []
        for lane in range(lanes):
            incoming = ", ".join(f"[ {values[lane].text}, %{label} ]" for label, values in sides)
            name = self.names.fresh()
            self.lines.append(f"  {name} = phi {element} {incoming}")
            merged.append(Value(name, element))
        self.pools.append(merged)

    def _loop(self) -> None:
        """A counted loop that carries a group of accumulators."""
        rng = self.rng
        lanes = rng.choice((2, 4, 4, 8))
        element = rng.choice([array.element for array in self.arrays])
        body, end, entry = self._label("body"), self._label("end"), self.block
        bound = self.names.fresh()
        self.lines += [f"  {bound} = and i64 %n, {rng.choice((3, 7))}", f"  br label %{body}"]
        self._start(body)
        counter, step, index = (self.names.fresh() for _ in range(3))
        accumulators = [Value(self.names.fresh(), element) for _ in range(lanes)]
        start = Writer(self.names)
        inner = self._context()
        initial = template(Context(rng, self.names, [], self.scalars, [], ""), element, lanes, 0)
        begin = [initial(lane, start).text for lane in range(lanes)]
        header = len(self.lines)
        self.lines.append(f"  {index} = mul nuw nsw i64 {counter}, {lanes}")
        context = self._context(index, pools=[*self.pools, accumulators])
        if rng.random() < 0.6:
            self._store_group(context)
        flags = f"{inner.float_flags} " if inner.float_flags else ""
        added = self._group(context, lanes, element, rng.choice((1, 2)))
        following: list[Value] = []
        operation = rng.choice(("fadd", "fmul")) if element in FLOATS else rng.choice(("add", "xor", "mul"))
        for accumulator, value in zip(accumulators, added, strict=True):
            name = self.names.fresh()
            words = f"{operation} {flags if element in FLOATS else ''}{element}"
            self.lines.append(f"  {name} = {words} {accumulator.text}, {value.text}")
            following.append(Value(name, element))
        phis = [f"  {counter} = phi i64 [ 0, %{entry} ], [ {step}, %{self.block} ]"]
        phis += [
            f"  {a.text} = phi {element} [ {first}, %{entry} ], [ {n.text}, %{self.block} ]"
            for a, first, n in zip(accumulators, begin, following, strict=True)
        ]
        self.lines[header:header] = phis
        done = self.names.fresh()
        self.lines += [
            f"  {step} = add nuw nsw i64 {counter}, 1",
            f"  {done} = icmp ugt i64 {step}, {bound}",
            f"  br i1 {done}, label %{end}, label %{body}",
        ]
        self._start(end)
        self.pools.append(following)

    def _fill(self) -> None:
        diamonds = self.rng.random()
        shapes = ["diamond"] if diamonds < 0.2 else ["loop"] if diamonds < 0.38 else []
        while len(self.lines) < self.wanted:
            if shapes and self.rng.random() < 0.4:
                getattr(self, f"_{shapes.pop()}")()
            else:
                self._piece(self._context())

    def _result(self) -> None:
        """Keep something alive: a lane of a group is returned too, where it is an integer."""
        values = [
            value for pool in self.pools for value in pool if value.text[0] == "%" and value.type == "i32"
        ]
        chosen = self.rng.choice(values).text if values and self.rng.random() < 0.4 else "0"
        self.lines.append(f"  ret i32 {chosen}")

    def _debug_records(self) -> None:
        """Debug records behind some integers of the entry block, and a location on every call."""
        lines: list[str] = []
        for line in self.lines:
            lines.append(line)
            words = line.split()
            if " = add " in line and words[-2].startswith("i32") is False and self.rng.random() < 0.5:
                type_ = next((w for w in words if w in ("i8", "i16", "i32", "i64")), "")
                if type_:
                    lines.append(f"    #dbg_value({type_} {words[0]}, !8, !DIExpression(), !9)")
        self.lines = [f"{line}, !dbg !9" if _call_of(line) else line for line in lines]

    def module(self) -> str:
        self._fill()
        self._result()
        if self.debug:
            self._debug_records()
        cpu = self.rng.choice(CPUS)
        parameters = ", ".join(
            [*self.parameters, *(f"{v.type} %s{n}" for n, v in enumerate(self.scalars[:2])), "i64 %n"]
        )
        suffix = (" personality ptr @__gxx_personality_v0" if self.personality else "") + (
            " !dbg !4" if self.debug else ""
        )
        self.externals = dict(sorted(self.externals.items()))
        return (
            "\n".join(
                [
                    f'target datalayout = "{_LAYOUT}"',
                    'target triple = "x86_64-unknown-linux-gnu"',
                    "",
                    *self.globals,
                    *(_EXTERNALS[name] for name in self.externals),
                    *sorted(self.names.declared),
                    *(["declare i32 @__gxx_personality_v0(...)"] if self.personality else []),
                    "",
                    f"define i32 @f({parameters}) #0{suffix} {{",
                    "entry:",
                    *self.head,
                    *self.lines,
                    "}",
                    "",
                    f'attributes #0 = {{ "target-cpu"="{cpu}" }}',
                    "attributes #1 = { nounwind willreturn memory(none) }",
                    "attributes #2 = { nounwind willreturn memory(read) }",
                    "attributes #3 = { nounwind willreturn memory(inaccessiblemem: readwrite) }",
                    *(_debug_metadata() if self.debug else []),
                    *(_tbaa_metadata() if self.tagged == "tbaa" else []),
                    *(_scope_metadata() if self.tagged == "scope" else []),
                ]
            )
            + "\n"
        )


def _call_of(line: str) -> bool:
    return " call " in line and "@llvm." not in line


def _tbaa_metadata() -> list[str]:
    lines = ['!100 = !{!"kernel types"}']
    for number, name in enumerate(_TAGS):
        lines.append(f'!{101 + number} = !{{!"{name}", !100, i64 0}}')
        lines.append(f"!{111 + number} = !{{!{101 + number}, !{101 + number}, i64 0}}")
    return lines


def _scope_metadata() -> list[str]:
    """One scope per array: each access is in its array's, and promises to be in none of the others."""
    lines = ["!200 = distinct !{!200}"]
    for number in range(1, 7):
        others = ", ".join(f"!{200 + other}" for other in range(1, 7) if other != number)
        lines += [
            f"!{200 + number} = distinct !{{!{200 + number}, !200}}",
            f"!{210 + number} = !{{!{200 + number}}}",
            f"!{220 + number} = !{{{others}}}",
        ]
    return lines


def _debug_metadata() -> list[str]:
    return [
        "!llvm.dbg.cu = !{!0}",
        "!llvm.module.flags = !{!3}",
        "!0 = distinct !DICompileUnit(language: DW_LANG_C, file: !1, emissionKind: FullDebug)",
        '!1 = !DIFile(filename: "kernel.c", directory: "/")',
        '!3 = !{i32 2, !"Debug Info Version", i32 3}',
        '!4 = distinct !DISubprogram(name: "f", file: !1, type: !5, unit: !0, spFlags: DISPFlagDefinition)',
        "!5 = !DISubroutineType(types: !6)",
        "!6 = !{null}",
        '!7 = !DIBasicType(name: "int", size: 32, encoding: DW_ATE_signed)',
        '!8 = !DILocalVariable(name: "x", scope: !4, file: !1, line: 2, type: !7)',
        "!9 = !DILocation(line: 3, scope: !4)",
    ]


__all__ = ["CPUS", "Lane", "generate"]
