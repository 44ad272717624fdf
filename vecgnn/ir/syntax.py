"""A scanner over one line of LLVM's textual IR (LangRef): types, values, attributes, metadata.

It reads only what LLVM itself has printed, so that it may rely on canonical spacing.  Whatever it does not
expect raises ``NotUnderstood``; the reader then leaves the whole function as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_TYPE_WORD = re.compile(
    r"(?:void|i\d+|half|bfloat|float|double|x86_fp80|fp128|ppc_fp128|x86_amx|label|metadata|token"
    r"|ptr(?: addrspace\(\d+\))?)(?![\w.$-])"
)
_LOCAL = re.compile(r'%(?:[-\w$.]+|"[^"]*")')
_WORD = re.compile(r"[\w.$-]+")
_SIMPLE_VALUE = re.compile(r'[%@](?:[-\w$.]+|"[^"]*")|[-+\w.]+|!\d+')
_CONSTANT_EXPRESSIONS = frozenset(
    "getelementptr ptrtoint ptrtoaddr inttoptr bitcast addrspacecast trunc add sub mul xor shl "
    "extractelement insertelement shufflevector blockaddress splat ptrauth".split()
)
_STRING = re.compile(r'"[^"]*"')
_GLOBAL = re.compile(r'@(?:[-\w$.]+|"[^"]*")')
_SLOT = re.compile(r'%"#(\d+)"')
_OPENERS = "([{<"
_CLOSERS = ")]}>"
_ATTACHMENTS = re.compile(r"((?:, ![\w.$-]+ !\d+)*)\Z")
_ATTACHMENT = re.compile(r", !([\w.$-]+) (!\d+)")


class NotUnderstood(Exception):
    """The text holds something this reader does not know."""


def slot(number: int) -> str:
    """The token that stands for the local name of that number; LLVM prints no such name."""
    return f'%"#{number}"'


def slot_number(token: str) -> int:
    if not token.startswith('%"#'):
        raise NotUnderstood(f"expected a local name, found {token[:30]!r}")
    return int(token[3:-1])


class Scanner:
    """A position in a text, moved on by the methods that read.

    Where ``names`` are given, the text's local names have been replaced by slots (``slot(0)``, ...): a slot
    where a type must stand is the name of a struct type, is replaced by it, and noted in ``type_slots``.
    """

    __slots__ = ("names", "position", "text", "type_slots")

    def __init__(self, text: str, names: Sequence[str] = ()) -> None:
        self.text = text
        self.position = 0
        self.names = names
        self.type_slots: set[int] = set()

    def _resolve(self, text: str) -> str:
        """A type or constant with the slots in it replaced: only struct types can stand there."""
        if '%"#' not in text:
            return text
        return _SLOT.sub(self._type_name, text)

    def _type_name(self, found: re.Match[str]) -> str:
        self.type_slots.add(int(found[1]))
        return self.names[int(found[1])]

    def skip(self) -> None:
        text = self.text
        while text.startswith((" ", "\n"), self.position):
            self.position += 1

    def peek(self, count: int = 1) -> str:
        self.skip()
        return self.text[self.position : self.position + count]

    def done(self) -> bool:
        return not self.peek()

    def accept(self, token: str) -> bool:
        """Move past the token where it stands next, as a whole word if it is one."""
        self.skip()
        end = self.position + len(token)
        if not self.text.startswith(token, self.position):
            return False
        if (
            token[-1].isalnum()
            and end < len(self.text)
            and (self.text[end].isalnum() or self.text[end] in "_.")
        ):
            return False
        self.position = end
        return True

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise NotUnderstood(
                f"expected {token!r} before {self.text[self.position : self.position + 30]!r}"
            )

    def match(self, pattern: re.Pattern[str]) -> str:
        """The text of the pattern at this place, moved past; "" where it does not match."""
        self.skip()
        found = pattern.match(self.text, self.position)
        if not found:
            return ""
        self.position = found.end()
        return found[0]

    def word(self) -> str:
        return self.match(_WORD)

    def next_word(self) -> str:
        """The next word without moving."""
        self.skip()
        found = _WORD.match(self.text, self.position)
        return found[0] if found else ""

    def integer(self) -> int:
        word = self.word()
        try:
            return int(word)
        except ValueError:
            raise NotUnderstood(f"expected a number, found {word!r}") from None

    def balanced(self) -> str:
        """A bracketed text, nested brackets and strings included."""
        self.skip()
        text, start = self.text, self.position
        depth = 0
        position = start
        while position < len(text):
            character = text[position]
            if character == '"':
                position = text.index('"', position + 1)
            elif character in _OPENERS:
                depth += 1
            elif character in _CLOSERS:
                depth -= 1
                if depth == 0:
                    self.position = position + 1
                    return text[start : position + 1]
            position += 1
        raise NotUnderstood(f"unbalanced brackets at {text[start : start + 30]!r}")

    def type(self) -> str:
        """A type, function types (``i32 (ptr, ...)``) excluded."""
        found = self.match(_TYPE_WORD)
        if found:
            return found
        first = self.peek()
        if first and first in "<[{":
            return self._resolve(self.balanced())
        if first == "%":
            return self._resolve(self.match(_LOCAL))
        if self.text.startswith("target(", self.position):
            self.position += len("target")
            return "target" + self.balanced()
        raise NotUnderstood(f"expected a type before {self.text[self.position : self.position + 30]!r}")

    def at_type(self) -> bool:
        self.skip()
        return bool(
            _TYPE_WORD.match(self.text, self.position)
            or self.text[self.position : self.position + 1] in tuple("<[{%")
            or self.text.startswith("target(", self.position)
        )

    def value(self) -> str:
        """A value's own text, without its type."""
        self.skip()
        start = self.position
        first = self.peek()
        if first and first in "<[{":
            return self._resolve(self.balanced())
        if first == "c" and self.text.startswith('c"', start):
            self.position = start + 1
            return "c" + self.match(_STRING)
        if first == "!" and not re.match(r"!\d", self.text[start : start + 2]):
            return self._metadata()
        word = self.match(_SIMPLE_VALUE)
        if not word:
            raise NotUnderstood(f"expected a value before {self.text[start : start + 30]!r}")
        if word in _CONSTANT_EXPRESSIONS:
            while self.peek() != "(":
                if not self.word():
                    raise NotUnderstood(f"constant expression {self.text[start : start + 30]!r}")
                if self.text[self.position - 7 : self.position] == "inrange":
                    self.balanced()
            self.balanced()
        elif word in ("dso_local_equivalent", "no_cfi"):
            self.match(_GLOBAL)
        text = self.text[start : self.position]
        return text if first == "%" else self._resolve(text)

    def _metadata(self) -> str:
        start = self.position
        self.position += 1
        if self.peek() == '"':
            self.match(_STRING)
        else:
            self.word()
        if self.position < len(self.text) and self.text[self.position] in "({":
            self.balanced()
        return self.text[start : self.position]

    def typed_value(self) -> tuple[str, str]:
        type_ = self.type()
        return type_, self.value()

    def attribute(self) -> str:
        """One attribute as printed (``noalias``, ``align 8``, ``memory(none)``, ``"k"="v"``), or ""."""
        self.skip()
        start = self.position
        if self.peek() == '"':
            self.match(_STRING)
            if self.position < len(self.text) and self.text[self.position] == "=":
                self.position += 1
                self.match(_STRING)
            return self.text[start : self.position]
        if self.at_type():
            return ""
        word = self.word()
        if not word or word[0].isdigit():
            self.position = start
            return ""
        if word == "align" and self.peek().isdigit():
            return f"align {self.integer()}"
        if self.position < len(self.text) and self.text[self.position] in "(=":
            if self.text[self.position] == "=":
                self.position += 1
                return f"{word}({self.word()})"
            return word + self.balanced()
        return word


def mentioned_globals(text: str) -> frozenset[str]:
    """Every global name in a text, metadata attachments apart (they cannot name one without a type)."""
    if "@" not in text:
        return frozenset()
    return frozenset(_GLOBAL.findall(text))


def split_attachments(text: str) -> tuple[str, dict[str, str]]:
    """The text before the trailing ``, !kind !N`` attachments, and these."""
    found = _ATTACHMENTS.search(text)
    if not found or not found[1]:
        return text, {}
    return text[: found.start()], dict(_ATTACHMENT.findall(found[1]))


def attribute_group(text: str) -> dict[str, str]:
    """The attributes in braces: ``nounwind memory(none) "target-cpu"="znver5"`` as a mapping."""
    scanner = Scanner(text)
    attributes: dict[str, str] = {}
    while not scanner.done():
        attribute = scanner.attribute()
        if not attribute:
            raise NotUnderstood(f"attribute at {text[scanner.position : scanner.position + 30]!r}")
        attributes.update([attribute_entry(attribute)])
    return attributes


def attribute_entry(attribute: str) -> tuple[str, str]:
    """``memory(none)`` -> ("memory", "none"); ``"k"="v"`` -> ("k", "v"); ``align 8`` -> ("align", "8")."""
    if attribute[0] == '"':
        key, _, value = attribute.partition('"="')
        return key.strip('"'), value.rstrip('"')
    if attribute[-1] == ")":
        key, _, value = attribute.partition("(")
        return key, value[:-1]
    key, _, value = attribute.partition(" ")
    return key, value


def attribute_texts(group: Mapping[str, str]) -> frozenset[str]:
    """A group's enum attributes as a call site spells them (``memory(none)``); strings are left out."""
    return frozenset(f"{key}({value})" if value else key for key, value in group.items() if "-" not in key)
