"""What metadata says about aliasing: type tags (``!tbaa``) and scopes (``!alias.scope``, ``!noalias``).

TBAA follows LLVM's TypeBasedAliasAnalysis.cpp (matchAccessTags, mayBeAccessToSubobjectOf) for struct-path
tags in the old format, the only one clang writes by default; a tag in the size-aware format may alias
everything.  Scopes follow ScopedNoAliasAA.cpp.  Answers are kept: a module has few tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from vecgnn.ir.layout import split_types


class AliasMetadata:
    """The metadata of one module, read on demand."""

    def __init__(self, metadata: Mapping[str, str]) -> None:
        self._metadata = metadata
        self._nodes: dict[str, tuple[str, ...]] = {}
        self.tags_may_alias = lru_cache(maxsize=None)(self._tags_may_alias)
        self.scopes_may_alias = lru_cache(maxsize=None)(self._scopes_may_alias)
        self.immutable = lru_cache(maxsize=None)(self._immutable)

    def node(self, name: str) -> tuple[str, ...]:
        """The operands of a node: names of nodes, ``!"string"``, ``i64 8``, ``null``."""
        known = self._nodes.get(name)
        if known is None:
            text = self._metadata.get(name, "")
            inner = text[text.index("{") + 1 : text.rindex("}")] if "{" in text else ""
            known = self._nodes[name] = tuple(split_types(inner))
        return known

    # Type tags

    def _old_tag(self, tag: str) -> bool:
        operands = self.node(tag)
        if len(operands) not in (3, 4) or not _is_node(operands[0]) or not _is_node(operands[1]):
            return False
        return not self._new_type(operands[0]) and not self._new_type(operands[1])

    def _new_type(self, type_: str) -> bool:
        """Size-aware type nodes start with their parent; old ones with a string."""
        operands = self.node(type_)
        return len(operands) >= 3 and _is_node(operands[0])

    def _immutable(self, tag: str) -> bool:
        """Memory accessed under this tag is not modified."""
        operands = self.node(tag)
        return self._old_tag(tag) and len(operands) == 4 and _number(operands[3]) % 2 == 1

    def _tags_may_alias(self, first: str, second: str) -> bool:
        """Whether accesses under two tags may overlap; "" stands for no tag."""
        if first == second or not first or not second:
            return True
        if not self._old_tag(first) or not self._old_tag(second):
            return True
        a, b = self.node(first), self.node(second)
        common = self._common_type(a[1], b[1])
        if common is None:  # unrelated type systems
            return True
        for base, part in ((a, b), (b, a)):
            found = self._access_to_part(base, part, common)
            if found is not None:
                return found
        return False

    def generic_tag(self, first: str, second: str) -> str:
        """The body of a tag that says no more than either of two tags, or "" where none does.

        The tag of their common access type, as MDNode::getMostGenericTBAA makes it.
        """
        if not self._old_tag(first) or not self._old_tag(second):
            return ""
        common = self._common_type(self.node(first)[1], self.node(second)[1])
        if common is None or len(self.node(common)) < 2:
            return ""
        return f"!{{{common}, {common}, i64 0}}"

    def _path(self, type_: str) -> list[str]:
        """A type and its parents, the root last."""
        path: list[str] = []
        while type_ not in path:
            path.append(type_)
            operands = self.node(type_)
            if len(operands) < 2 or not _is_node(operands[1]):
                break
            type_ = operands[1]
        return path

    def _common_type(self, first: str, second: str) -> str | None:
        common = None
        for a, b in zip(reversed(self._path(first)), reversed(self._path(second)), strict=False):
            if a != b:
                break
            common = a
        return common

    def _access_to_part(self, base: tuple[str, ...], part: tuple[str, ...], common: str) -> bool | None:
        """Whether ``part`` accesses a subobject of what ``base`` accesses; None where neither is shown."""
        if base[0] == base[1] == common:
            return True
        type_: str | None = base[0]
        offset = _number(base[2])
        for _ in range(1000):
            if type_ is None:
                return None
            if type_ == part[0]:
                return offset == _number(part[2]) or type_ == base[1] or part[0] == part[1]
            type_, offset = self._field(type_, offset)
        return True

    def _field(self, type_: str, offset: int) -> tuple[str | None, int]:
        """The field at an offset of a type, and the offset inside it."""
        operands = self.node(type_)
        if len(operands) < 2:
            return None, 0
        position = 1
        if len(operands) > 3:
            starts = range(1, len(operands) - 1, 2)
            position = max((p for p in starts if _number(operands[p + 1]) <= offset), default=1)
        elif len(operands) == 2:
            return (operands[1], offset) if _is_node(operands[1]) else (None, 0)
        inner = offset - _number(operands[position + 1])
        return (operands[position], inner) if _is_node(operands[position]) else (None, 0)

    def errno_may_alias(self, tag: str) -> bool:
        """Whether an access under the tag may touch errno (``!llvm.errno.tbaa``)."""
        errno = self.node("!llvm.errno.tbaa")
        return not tag or not errno or any(self.tags_may_alias(tag, known) for known in errno)

    # Scopes

    def _scopes_may_alias(self, scopes: str, noalias: str) -> bool:
        """Whether an access in ``!alias.scope`` scopes may touch one with ``!noalias`` noalias."""
        if not scopes or not noalias:
            return True
        inside, outside = self._by_domain(scopes), self._by_domain(noalias)
        return not any(
            domain in inside and inside[domain] <= excluded for domain, excluded in outside.items()
        )

    def _by_domain(self, scopes: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for scope in self.node(scopes):
            operands = self.node(scope)
            if len(operands) >= 2 and _is_node(operands[1]):
                found.setdefault(operands[1], set()).add(scope)
        return found


def _is_node(operand: str) -> bool:
    return operand[:1] == "!" and operand[1:].isdigit()


def _number(operand: str) -> int:
    return int(operand.rsplit(maxsplit=1)[-1])
