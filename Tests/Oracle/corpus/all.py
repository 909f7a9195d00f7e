"""The whole corpus."""

from __future__ import annotations

from oracle.cases import Case

from . import alarms, expressions, messages, numbers, windows


def cases() -> list[Case]:
    return [case for chapter in (expressions, windows, alarms, messages, numbers) for case in chapter.cases()]
