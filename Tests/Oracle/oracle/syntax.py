"""Words and trees of the language."""

from __future__ import annotations

import dataclasses
import re
from fractions import Fraction
from typing import Any, Optional

from .values import NANOSECONDS, Duration

RESERVED = set(
    "and as at between by dedupe else false for from if in let limit missing model not on or per publish rule table test "
    "then true until when where window within".split())


class RuleError(Exception):
    """Text that is no rule file."""


@dataclasses.dataclass
class Token:
    kind: str  # name number duration text raw op end
    value: Any
    start: int
    end: int


@dataclasses.dataclass(eq=False)
class Node:
    """`kind` says which fields matter; nodes are told apart by identity."""

    kind: str
    name: str = ""
    value: Any = None
    parts: list["Node"] = dataclasses.field(default_factory=list)
    named: dict[str, "Node"] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Source:
    topic: str
    decode: str = "json"
    schema: Optional[dict[str, tuple[str, str]]] = None


@dataclasses.dataclass
class At:
    value: Node
    unit: str = "ms"
    late: int = 0
    ahead: int = NANOSECONDS["d"]


@dataclasses.dataclass
class Step:
    kind: str  # where let dedupe
    values: list[Node]
    name: str = ""
    within: int = 0


@dataclasses.dataclass
class Window:
    kind: str  # last_events last_time every_events every session silent
    size: int
    over: int = 0
    by: list[Node] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class When:
    condition: Node
    hold: Optional[int] = None
    until: Optional[Node] = None


@dataclasses.dataclass
class Limit:
    count: int
    period: int
    by: Optional[list[Node]] = None


@dataclasses.dataclass
class Publish:
    topic: Node
    on_clear: bool = False
    qos: int = 1
    retain: bool = False
    body: Optional[Node] = None


@dataclasses.dataclass
class Rule:
    name: str
    sources: list[Source]
    at: Optional[At] = None
    steps: list[Step] = dataclasses.field(default_factory=list)
    window: Optional[Window] = None
    lets: list[Step] = dataclasses.field(default_factory=list)
    when: Optional[When] = None
    limit: Optional[Limit] = None
    publishes: list[Publish] = dataclasses.field(default_factory=list)


NUMBER = re.compile(r"[0-9][0-9_]*(\.[0-9][0-9_]*)?([eE][+-]?[0-9]+)?")
NAME = re.compile(r"[^\W\d]\w*")
OPERATORS = ("...", "==", "!=", "<=", ">=", "??", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", "{", "}", ",", ":", ".")
ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t", "{": "{"}


class Lexer:
    def __init__(self, text: str) -> None:
        self.text = text

    def tokens(self, place: int = 0, inside: bool = False) -> tuple[list[Token], int]:
        """All tokens, or those up to the `}` that closes an interpolation."""
        out: list[Token] = []
        depth = 0
        while True:
            place = self.blank(place)
            if place >= len(self.text):
                if inside:
                    raise RuleError("no }")
                out.append(Token("end", "", place, place))
                return out, place
            token = self.one(place)
            if inside and token.kind == "op" and token.value in "{}":
                depth += 1 if token.value == "{" else -1
                if depth < 0:
                    out.append(Token("end", "", place, place))
                    return out, token.end
            out.append(token)
            place = token.end

    def blank(self, place: int) -> int:
        match = re.compile(r"(?:\s|#[^\n]*)*").match(self.text, place)
        return match.end() if match else place

    def one(self, place: int) -> Token:
        letter = self.text[place]
        if letter == '"':
            return self.quoted(place)
        if letter == "'":
            end = self.text.find("'", place + 1)
            if end < 0 or "\n" in self.text[place:end]:
                raise RuleError("text without an end")
            return Token("text", [self.text[place + 1:end]], place, end + 1)
        if letter in "0123456789":
            return self.number(place)
        match = NAME.match(self.text, place)
        if match:
            return Token("name", match.group(), place, match.end())
        for operator in OPERATORS:
            if self.text.startswith(operator, place):
                return Token("op", operator, place, place + len(operator))
        raise RuleError(f"unexpected {letter!r}")

    def number(self, place: int) -> Token:
        match = NUMBER.match(self.text, place)
        assert match
        digits = match.group().replace("_", "")
        unit = re.compile(r"ms|[smhd]").match(self.text, match.end())
        if unit and not re.compile(r"\w").match(self.text, unit.end()):
            nanoseconds = Fraction(digits) * NANOSECONDS[unit.group()]
            if nanoseconds.denominator != 1:
                raise RuleError("no whole nanoseconds")
            return Token("duration", int(nanoseconds), place, unit.end())
        whole = match.group(1) is None and match.group(2) is None
        return Token("number", int(digits) if whole else float(digits), place, match.end())

    def quoted(self, start: int) -> Token:
        """The value is a list of texts and of token lists."""
        parts: list[Any] = []
        plain = ""
        place = start + 1
        while True:
            letter = self.text[place:place + 1]
            if letter in ("", "\n"):
                raise RuleError("text without an end")
            if letter == '"':
                return Token("text", parts + [plain], start, place + 1)
            if letter == "\\":
                code = self.text[place + 1:place + 2]
                long = re.compile(r"\\u\{([0-9a-fA-F]+)\}").match(self.text, place)
                if long:
                    plain, place = plain + chr(int(long.group(1), 16)), long.end()
                elif code in ESCAPES and code:
                    plain, place = plain + ESCAPES[code], place + 2
                else:
                    raise RuleError("unknown escape")
            elif letter == "{":
                inner, place = self.tokens(place + 1, inside=True)
                parts += [plain, inner]
                plain = ""
            else:
                plain, place = plain + letter, place + 1


def duration_node(nanoseconds: int) -> Node:
    return Node("literal", value=Duration(nanoseconds))
