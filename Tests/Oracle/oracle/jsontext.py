"""JSON as the contract reads and writes it."""

from __future__ import annotations

import math
import re
from typing import Any

from .values import MISSING, Duration, Time, kind

DEPTH_MAX = 64
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
BLANK = " \t\r\n"


class DecodeError(Exception):
    """A payload that is not an event."""


def number_token(text: str) -> int | float:
    match = NUMBER.fullmatch(text)
    if not match:
        raise DecodeError("no number")
    if match.group(1) is None and match.group(2) is None:
        whole = int(text)
        if not -(2**63) <= whole <= 2**63 - 1 and math.isinf(nearest(whole)):
            raise DecodeError("beyond double")
        return whole
    value = float(text)
    if math.isinf(value):
        raise DecodeError("beyond double")
    return value


def nearest(whole: int) -> float:
    try:
        return float(whole)
    except OverflowError:
        return math.inf


class Reader:
    """`null` reads as missing; of a repeated key the last counts."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.slices: dict[str, str] = {}

    def blank(self) -> None:
        while self.place < len(self.text) and self.text[self.place] in BLANK:
            self.place += 1

    def peek(self) -> str:
        return self.text[self.place] if self.place < len(self.text) else ""

    def take(self, word: str) -> None:
        if not self.text.startswith(word, self.place):
            raise DecodeError(f"expected {word} at {self.place}")
        self.place += len(word)

    def document(self) -> Any:
        value = self.value(0)
        self.blank()
        if self.place != len(self.text):
            raise DecodeError("text after the value")
        return value

    def value(self, depth: int) -> Any:
        self.blank()
        head = self.peek()
        if head == "{":
            return self.object(depth + 1)
        if head == "[":
            return self.list(depth + 1)
        if head == '"':
            return self.string()
        for word, value in (("true", True), ("false", False), ("null", MISSING)):
            if self.text.startswith(word, self.place):
                self.place += len(word)
                return value
        match = NUMBER.match(self.text, self.place)
        if not match:
            raise DecodeError(f"unexpected at {self.place}")
        self.place = match.end()
        return number_token(match.group())

    def object(self, depth: int) -> dict[str, Any]:
        if depth > DEPTH_MAX:
            raise DecodeError("too deep")
        self.take("{")
        members: dict[str, Any] = {}
        self.blank()
        if self.peek() == "}":
            self.place += 1
            return members
        while True:
            self.blank()
            name = self.string()
            self.blank()
            self.take(":")
            self.blank()
            start = self.place
            value = self.value(depth)
            if depth == 1:
                self.slices[name] = self.text[start:self.place]
            members[name] = value
            self.blank()
            if self.peek() == "}":
                self.place += 1
                return members
            self.take(",")

    def list(self, depth: int) -> list[Any]:
        if depth > DEPTH_MAX:
            raise DecodeError("too deep")
        self.take("[")
        items: list[Any] = []
        self.blank()
        if self.peek() == "]":
            self.place += 1
            return items
        while True:
            items.append(self.value(depth))
            self.blank()
            if self.peek() == "]":
                self.place += 1
                return items
            self.take(",")

    def string(self) -> str:
        self.take('"')
        out: list[str] = []
        while True:
            letter = self.peek()
            self.place += 1
            if letter == '"':
                return "".join(out)
            if letter == "" or letter < " ":
                raise DecodeError("text without an end")
            if letter != "\\":
                out.append(letter)
                continue
            out.append(self.escape())

    def escape(self) -> str:
        letter = self.peek()
        self.place += 1
        if letter in ESCAPES and letter:
            return ESCAPES[letter]
        if letter != "u":
            raise DecodeError("unknown escape")
        high = self.hexadecimal()
        if 0xDC00 <= high < 0xE000:
            raise DecodeError("lone surrogate")
        if 0xD800 <= high < 0xDC00:
            self.take("\\u")
            low = self.hexadecimal()
            if not 0xDC00 <= low < 0xE000:
                raise DecodeError("lone surrogate")
            return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        return chr(high)

    def hexadecimal(self) -> int:
        digits = self.text[self.place:self.place + 4]
        if not re.fullmatch("[0-9a-fA-F]{4}", digits):
            raise DecodeError("bad escape")
        self.place += 4
        return int(digits, 16)


def parse(text: str) -> Any:
    return Reader(text).document()


def is_json(text: str) -> bool:
    try:
        parse(text)
    except DecodeError:
        return False
    return True


def write_double(value: float) -> str:
    """Shortest digits that read back; a double keeps a point or an exponent; no negative zero."""
    return repr(value + 0.0) if value != 0 else "0.0"


def write_text(value: str) -> str:
    out = ['"']
    for letter in value:
        if letter in '"\\':
            out.append("\\" + letter)
        elif letter < " ":
            out.append({"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}.get(letter, f"\\u{ord(letter):04x}"))
        else:
            out.append(letter)
    return "".join(out) + '"'


def write(value: Any) -> str:
    name = kind(value)
    if name == "missing":
        return "null"
    if name == "boolean":
        return "true" if value else "false"
    if name == "number":
        return str(value) if type(value) is int else write_double(value)
    if name == "text":
        return write_text(value)
    if name == "time":
        return str(value.nanoseconds // 1_000_000)
    if name == "duration":
        return write_double(value.nanoseconds / 1_000_000_000)
    if name == "list":
        return "[" + ",".join(write(item) for item in value) + "]"
    if name == "object":
        return "{" + ",".join(f"{write_text(k)}:{write(v)}" for k, v in value.items()) + "}"
    raise ValueError(name)


__all__ = ["DecodeError", "Duration", "Reader", "Time", "is_json", "number_token", "parse", "write", "write_double"]
