"""Event times: numbers in a unit, and RFC 3339."""

from __future__ import annotations

import datetime
import re
from fractions import Fraction
from typing import Any

from .values import MISSING, NANOSECONDS, Time, is_number, kind

RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)
EPOCH = datetime.date(1970, 1, 1)


def parse_rfc3339(text: str) -> Any:
    match = RFC3339.fullmatch(text)
    if not match:
        return MISSING
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if hour > 23 or minute > 59 or second > 59:
        return MISSING
    try:
        days = (datetime.date(year, month, day) - EPOCH).days
    except ValueError:
        return MISSING
    seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
    fraction = int(((match.group(7) or "") + "0" * 9)[:9])
    offset = match.group(8) or "Z"
    if offset not in "Zz":
        hours, minutes = int(offset[1:3]), int(offset[4:6])
        if hours > 23 or minutes > 59:
            return MISSING
        seconds -= (hours * 3_600 + minutes * 60) * (-1 if offset[0] == "-" else 1)
    return Time(seconds * 1_000_000_000 + fraction)


def from_value(value: Any, unit: str) -> Any:
    """The time that a value says; missing when it is malformed."""
    if kind(value) == "time":
        return value
    if kind(value) == "text":
        return parse_rfc3339(value)
    if not is_number(value):
        return MISSING
    nanoseconds = Fraction(value) * NANOSECONDS[unit]
    if type(value) is float:
        nanoseconds = Fraction(round(nanoseconds / 1_000)) * 1_000
    if not -(2**63) <= nanoseconds < 2**63:
        return MISSING
    return Time(int(nanoseconds))
