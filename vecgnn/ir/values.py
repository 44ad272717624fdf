"""Names of one function: where each is defined and which instructions use it."""

from __future__ import annotations

import re
from functools import cached_property

from vecgnn.ir.nodes import Argument, Function, Instruction

_NAME = re.compile(r'%(?:[-\w$.]+|"[^"]*")')
_STRING = re.compile(r'"[^"]*"')


def used_names(instruction: Instruction) -> tuple[str, ...]:
    """Local names among the operands; of a call also those in operand bundles and metadata arguments, which
    are not operands."""
    names = tuple([operand for operand in instruction.operands if operand[0] == "%"])
    form = instruction.form
    if form.bundles or (form.opcode in ("call", "invoke") and "metadata" in form.operand_types):
        text = instruction.text
        if not any('%"' in name for name in names):
            text = _STRING.sub("", text)
        found = dict.fromkeys((*names, *_NAME.findall(text)))
        found.pop(instruction.name, None)
        return tuple(name for name in found if name not in instruction.labels)
    for operand, type_ in zip(instruction.operands, form.operand_types, strict=False):
        if type_ == "metadata" and "%" in operand:
            names += tuple(_NAME.findall(operand))
    return names


class Values:
    """Definitions and uses of a function's local names."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.definitions: dict[str, Instruction] = {i.name: i for i in function.instructions if i.name}
        self.arguments: dict[str, Argument] = {a.name: a for a in function.arguments}

    @cached_property
    def uses(self) -> tuple[tuple[str, ...], ...]:
        """For each instruction the local names it uses."""
        return tuple([used_names(instruction) for instruction in self.function.instructions])

    @cached_property
    def users(self) -> dict[str, list[int]]:
        """For each local name the instructions that use it, each once, in order."""
        users: dict[str, list[int]] = {}
        for index, names in enumerate(self.uses):
            for name in names:
                known = users.setdefault(name, [])
                if not known or known[-1] != index:
                    known.append(index)
        return users

    def type_of(self, value: str) -> str:
        """Type of a local name, "" for anything else."""
        if value in self.definitions:
            return self.definitions[value].form.type
        return self.arguments[value].type if value in self.arguments else ""

    @cached_property
    def blocks_in_cycles(self) -> frozenset[int]:
        """Blocks that can be reached from themselves (Tarjan's strongly connected components)."""
        function = self.function
        labels = {block.label: block.index for block in function.blocks}
        successors = [
            [labels[label] for label in function.instructions[block.stop - 1].labels if label in labels]
            for block in function.blocks
        ]
        found: set[int] = set()
        order: dict[int, int] = {}
        low: dict[int, int] = {}
        stack: list[int] = []
        on_stack: set[int] = set()
        for root in range(len(successors)):
            if root in order:
                continue
            work = [(root, iter(successors[root]))]
            order[root] = low[root] = len(order)
            stack.append(root)
            on_stack.add(root)
            while work:
                block, following = work[-1]
                for successor in following:
                    if successor == block:
                        found.add(block)
                    if successor not in order:
                        order[successor] = low[successor] = len(order)
                        stack.append(successor)
                        on_stack.add(successor)
                        work.append((successor, iter(successors[successor])))
                        break
                    if successor in on_stack:
                        low[block] = min(low[block], order[successor])
                else:
                    work.pop()
                    if work:
                        low[work[-1][0]] = min(low[work[-1][0]], low[block])
                    if low[block] == order[block]:
                        component: list[int] = []
                        while not component or component[-1] != block:
                            component.append(stack.pop())
                            on_stack.discard(component[-1])
                        if len(component) > 1:
                            found.update(component)
        return frozenset(found)

    def stable(self, value: str) -> bool:
        """Whether a value is the same at every point of one call of the function."""
        instruction = self.definitions.get(value)
        return instruction is None or instruction.block not in self.blocks_in_cycles
