"""Arithmetic and the functions of single values."""

from __future__ import annotations

import datetime
import math
import re
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, Callable

from . import jsontext
from .values import INTEGER_MAX, INTEGER_MIN, MISSING, Duration, Time, arithmetic_operand, equal, is_number, kind, ordered


def finite(value: float) -> Any:
    return value if math.isfinite(value) else MISSING


def whole_or_double(exact: int, left: Any, right: Any, operator: str) -> Any:
    if INTEGER_MIN <= exact <= INTEGER_MAX:
        return exact
    return double_arithmetic(float(left), float(right), operator)


def double_arithmetic(left: float, right: float, operator: str) -> Any:
    if operator == "+":
        return finite(left + right)
    if operator == "-":
        return finite(left - right)
    if operator == "*":
        return finite(left * right)
    if right == 0:
        return MISSING
    return finite(left / right if operator == "/" else math.fmod(left, right))


def number_arithmetic(left: Any, right: Any, operator: str) -> Any:
    left, right = arithmetic_operand(left), arithmetic_operand(right)
    if type(left) is int and type(right) is int and operator != "/":
        if operator == "+":
            return whole_or_double(left + right, left, right, operator)
        if operator == "-":
            return whole_or_double(left - right, left, right, operator)
        if operator == "*":
            return whole_or_double(left * right, left, right, operator)
        if right == 0:
            return MISSING
        rest = abs(left) % abs(right)
        return -rest if left < 0 else rest
    return double_arithmetic(float(left), float(right), operator)


def arithmetic(left: Any, right: Any, operator: str) -> Any:
    kinds = (kind(left), operator, kind(right))
    if kinds[0] == kinds[2] == "number":
        return number_arithmetic(left, right, operator)
    if kinds == ("time", "-", "time"):
        return Duration(left.nanoseconds - right.nanoseconds)
    if kinds in (("time", "+", "duration"), ("time", "-", "duration")):
        return Time(left.nanoseconds + (right.nanoseconds if operator == "+" else -right.nanoseconds))
    if kinds == ("duration", "+", "time"):
        return Time(left.nanoseconds + right.nanoseconds)
    if kinds in (("duration", "+", "duration"), ("duration", "-", "duration")):
        return Duration(left.nanoseconds + (right.nanoseconds if operator == "+" else -right.nanoseconds))
    if kinds == ("duration", "/", "duration"):
        return finite(left.nanoseconds / right.nanoseconds) if right.nanoseconds else MISSING
    if kinds in (("duration", "*", "number"), ("duration", "/", "number")):
        return scaled(left, right, operator)
    if kinds == ("number", "*", "duration"):
        return scaled(right, left, operator)
    return MISSING


def scaled(duration: Duration, number: Any, operator: str) -> Any:
    if operator == "/" and number == 0:
        return MISSING
    exact = Decimal(duration.nanoseconds)
    with localcontext() as context:
        context.prec = 60
        return Duration(round(exact * Decimal(number) if operator == "*" else exact / Decimal(number)))


def minus(value: Any) -> Any:
    if is_number(value):
        value = arithmetic_operand(value)
        return float(2**63) if type(value) is int and value == INTEGER_MIN else -value
    if kind(value) == "duration":
        return Duration(-value.nanoseconds)
    return MISSING


def as_text(value: Any) -> Any:
    """As it would be published; a text is itself."""
    if value is MISSING or kind(value) == "text":
        return value
    return jsontext.write(value)


def half_away(value: Any, digits: int) -> Any:
    value = arithmetic_operand(value)
    with localcontext() as context:
        context.prec = 1200
        exact = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    if type(value) is float:
        return finite(math.copysign(float(exact), value))
    return int(exact) if INTEGER_MIN <= int(exact) <= INTEGER_MAX else float(exact)


def keep_kind(function: Callable[[float], int]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        if not is_number(value):
            return MISSING
        value = arithmetic_operand(value)
        return value if type(value) is int else float(function(value))
    return apply


def sign(value: Any) -> Any:
    if not is_number(value):
        return MISSING
    result = (value > 0) - (value < 0)
    return result if type(arithmetic_operand(value)) is int else float(result)


def absolute(value: Any) -> Any:
    if not is_number(value):
        return MISSING
    return minus(value) if value < 0 else value


def real(function: Callable[..., float]) -> Callable[..., Any]:
    def apply(*values: Any) -> Any:
        if not all(is_number(value) for value in values):
            return MISSING
        try:
            result = function(*(float(value) for value in values))
        except (ValueError, OverflowError, ZeroDivisionError):
            return MISSING
        return finite(result)
    return apply


def extreme(wanted: int) -> Callable[..., Any]:
    def apply(*values: Any) -> Any:
        best = values[0]
        for value in values:
            order = ordered(value, best)
            if order is MISSING:
                return MISSING
            if order == wanted:
                best = value
        return best
    return apply


def clamp(value: Any, low: Any, high: Any) -> Any:
    if not all(is_number(item) for item in (value, low, high)):
        return MISSING
    return low if value < low else high if value > high else value


def rounded(value: Any, digits: Any = 0) -> Any:
    if not is_number(value) or type(digits) is not int or not -15 <= digits <= 15:
        return MISSING
    return half_away(value, digits)


def on_texts(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: function(*values) if all(kind(value) == "text" for value in values) else MISSING


def length(value: Any) -> Any:
    return len(value) if kind(value) in ("text", "list") else MISSING


def substring(text: Any, start: Any, count: Any) -> Any:
    if kind(text) != "text" or type(start) is not int or type(count) is not int or start < 0 or count < 0:
        return MISSING
    return text[start:start + count]


WHITE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def number(value: Any) -> Any:
    if is_number(value):
        return value
    if kind(value) != "text":
        return MISSING
    try:
        return jsontext.number_token(value.strip(" \t\r\n"))
    except jsontext.DecodeError:
        return MISSING


def boolean(value: Any) -> Any:
    if kind(value) == "boolean":
        return value
    return {"true": True, "false": False}.get(value, MISSING) if kind(value) == "text" else MISSING


def hour(value: Any) -> Any:
    return value.nanoseconds // 3_600_000_000_000 % 24 if kind(value) == "time" else MISSING


def weekday(value: Any) -> Any:
    if kind(value) != "time":
        return MISSING
    return (datetime.date(1970, 1, 1).isoweekday() - 1 + value.nanoseconds // 86_400_000_000_000) % 7 + 1


def mean_squared_difference(left: Any, right: Any) -> Any:
    if kind(left) != "list" or kind(right) != "list" or len(left) != len(right) or not left:
        return MISSING
    if not all(is_number(item) for item in left + right):
        return MISSING
    return finite(math.fsum((float(a) - float(b)) ** 2 for a, b in zip(left, right)) / len(left))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": absolute, "ceil": keep_kind(math.ceil), "floor": keep_kind(math.floor), "sqrt": real(math.sqrt),
    "exp": real(math.exp), "ln": real(math.log), "log10": real(math.log10), "pow": real(math.pow), "sin": real(math.sin),
    "cos": real(math.cos), "tan": real(math.tan), "sign": sign, "round": rounded, "least": extreme(-1),
    "greatest": extreme(1), "clamp": clamp, "length": length, "lower": on_texts(str.lower), "upper": on_texts(str.upper),
    "trim": on_texts(lambda text: text.strip(WHITE)), "contains": on_texts(lambda text, part: part in text),
    "starts_with": on_texts(str.startswith), "ends_with": on_texts(str.endswith),
    "matches": on_texts(lambda text, pattern: re.search(pattern, text, re.ASCII) is not None), "substring": substring,
    "split": on_texts(lambda text, separator: text.split(separator) if separator else MISSING), "number": number,
    "text": as_text, "boolean": boolean, "hour": hour, "weekday": weekday, "error": mean_squared_difference,
}

__all__ = ["FUNCTIONS", "arithmetic", "as_text", "equal", "minus"]
