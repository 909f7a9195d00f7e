"""A program with its input, as the corpus and the generator write them."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Optional


@dataclasses.dataclass
class Case:
    """`expected` are payloads worked out by hand, where there are any. `strict`: no absolute tolerance."""

    name: str
    files: list[str]
    lines: list[str]
    options: list[str] = dataclasses.field(default_factory=list)
    csv: str = ""
    table: Optional[tuple[str, str]] = None
    expected: Optional[list[str]] = None
    strict: bool = False


def line(time: int, topic: str, payload: Any = None, **more: Any) -> str:
    """A line of input at `time` milliseconds; `raw` is the payload as JSON text."""
    fields = {"topic": topic, "time": time, **more}
    raw = fields.pop("raw", None)
    text = json.dumps(fields, ensure_ascii=False)
    if "payload_text" in fields:
        return text
    body = raw if raw is not None else json.dumps(payload, ensure_ascii=False)
    return f'{text[:-1]}, "payload": {body}}}'


def rule(clauses: str, source: str = 'from "t"', publish: str = 'publish "o" { v: . }') -> str:
    return f"rule r {{ {source} {clauses} {publish} }}"


def series(values: list[Any], start: int = 0, every: int = 1_000, topic: str = "t", member: str = "v") -> list[str]:
    """One message for each value, `every` milliseconds apart."""
    return [line(start + place * every, topic, {member: value}) for place, value in enumerate(values)]
