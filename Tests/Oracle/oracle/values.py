"""The values of the language and how they compare."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any, Union


class Missing:
    """There is one of it: `MISSING`."""

    def __repr__(self) -> str:
        return "missing"

    def __bool__(self) -> bool:
        raise TypeError("missing is neither true nor false")


MISSING = Missing()


@dataclasses.dataclass(frozen=True)
class Time:
    nanoseconds: int


@dataclasses.dataclass(frozen=True)
class Duration:
    nanoseconds: int


Value = Union[Missing, bool, int, float, str, bytes, Time, Duration, list, dict]

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
NANOSECONDS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000}


def kind(value: Any) -> str:
    if value is MISSING:
        return "missing"
    names = {
        bool: "boolean", int: "number", float: "number", str: "text", bytes: "bytes", Time: "time", Duration: "duration",
        list: "list", dict: "object",
    }
    return names[type(value)]


def is_number(value: Any) -> bool:
    return kind(value) == "number"


def is_whole(value: Any) -> bool:
    return type(value) is int


def arithmetic_operand(value: Any) -> Any:
    """Integers beyond 64 bits are kept for passing on; arithmetic takes the nearest double."""
    if type(value) is int and not INTEGER_MIN <= value <= INTEGER_MAX:
        return float(value)
    return value


def equal(left: Any, right: Any) -> Any:
    """`==`: true, false or missing."""
    if left is MISSING or right is MISSING:
        return MISSING
    if kind(left) != kind(right):
        return False
    if kind(left) == "list":
        return len(left) == len(right) and all(equal(a, b) is True for a, b in zip(left, right))
    if kind(left) == "object":
        return left.keys() == right.keys() and all(equal(left[k], right[k]) is True for k in left)
    return bool(left == right)


def ordered(left: Any, right: Any) -> Any:
    """-1, 0 or 1; missing where there is no order."""
    if kind(left) != kind(right) or kind(left) not in ("number", "text", "time", "duration"):
        return MISSING
    if kind(left) in ("time", "duration"):
        left, right = left.nanoseconds, right.nanoseconds
    # Python compares integers with doubles exactly, and texts by Unicode scalars.
    return (left > right) - (left < right)


def key(value: Any) -> Any:
    """Equal for what is one key: 1 and 1.0 are, 1 and "1" are not."""
    name = kind(value)
    if name == "number":
        return (name, Fraction(value))
    if name == "list":
        return (name, tuple(key(item) for item in value))
    if name == "object":
        return (name, frozenset((k, key(v)) for k, v in value.items()))
    return (name, None if name == "missing" else value)
