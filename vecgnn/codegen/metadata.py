"""Metadata of a vector instruction from that of its lanes (as LLVM's propagateMetadata keeps it).

Leaving metadata out is always sound: it only ever permits.  What is kept holds for every lane.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vecgnn.ir.nodes import Instruction
from vecgnn.ir.reader import debug_location
from vecgnn.ir.tbaa import AliasMetadata

_KEPT_WHERE_EQUAL = (
    "alias.scope",
    "noalias",
    "fpmath",
    "nontemporal",
    "invariant.load",
    "llvm.access.group",
    "mmra",
)


class MetadataWriter:
    """Attachments for vector instructions; nodes that the module lacks are added behind its own."""

    def __init__(self, metadata: Mapping[str, str]) -> None:
        self._known = dict(metadata)
        self._aliases = AliasMetadata(self._known)  # new nodes are put there too
        self._new: dict[str, str] = {}
        self._next = 1 + max((int(name[1:]) for name in metadata if name[1:].isdigit()), default=-1)

    @property
    def added(self) -> str:
        """The lines of the new nodes."""
        return "".join(f"{name} = {body}\n" for body, name in self._new.items())

    def _node(self, body: str) -> str:
        name = self._new.get(body)
        if name is None:
            name = self._new[body] = f"!{self._next}"
            self._known[name] = body
            self._next += 1
        return name

    def attachments(self, lanes: Sequence[Instruction]) -> str:
        """The ``, !kind !N`` text of a vector instruction that stands for these lanes."""
        parts: list[tuple[str, str]] = []
        location = debug_location(lanes[0])
        if location:
            parts.append(("dbg", location))
        if tag := self._tbaa([lane.form.metadata.get("tbaa", "") for lane in lanes]):
            parts.append(("tbaa", tag))
        for kind in _KEPT_WHERE_EQUAL:
            found = {lane.form.metadata.get(kind, "") for lane in lanes}
            if len(found) == 1 and (node := found.pop()):
                parts.append((kind, node))
        return "".join(f", !{kind} {node}" for kind, node in parts)

    def _tbaa(self, tags: Sequence[str]) -> str:
        if not all(tags):
            return ""
        merged = tags[0]
        for tag in dict.fromkeys(tags):
            if tag != merged:
                body = self._aliases.generic_tag(merged, tag)
                if not body:
                    return ""
                merged = self._node(body)
        return merged
