"""Runs the program over a case and compares."""

from __future__ import annotations

import json
import pathlib
import subprocess
import tempfile
from decimal import Decimal
from typing import Any, NamedTuple, Optional

from . import replay
from .cases import Case
from .machine import Output

RELATIVE = Decimal("1e-9")


class Tolerance(NamedTuple):
    """`absolute` is allowed beside the relative difference; negative allows none. Of 1 and 1.0 `min` may give either."""

    absolute: Decimal
    ties: bool = False


PATIENCE_SECONDS = 10


class Number:
    """A number as it was written: its kind and its exact value."""

    def __init__(self, text: str, whole: bool) -> None:
        self.text = text
        self.whole = whole
        self.exact = Decimal(text)

    def __repr__(self) -> str:
        return str(self.exact) + ("" if self.whole else " (double)")


def load(text: str) -> Any:
    return json.loads(
        text, parse_int=lambda t: Number(t, True), parse_float=lambda t: Number(t, False), object_pairs_hook=list_of_pairs)


def list_of_pairs(pairs: list[tuple[str, Any]]) -> tuple[str, Any]:
    return ("object", list(dict(pairs).items()))


def same(left: Any, right: Any, tolerance: Tolerance) -> bool:
    if isinstance(left, Number) and isinstance(right, Number):
        if left.whole != right.whole:
            return tolerance.ties and left.exact == right.exact
        if left.whole or tolerance.absolute < 0:
            return left.exact == right.exact
        return abs(left.exact - right.exact) <= max(
            RELATIVE * max(abs(left.exact), abs(right.exact)), tolerance.absolute)
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(same(a, b, tolerance) for a, b in zip(left, right))
    return bool(left == right)


def tokens(value: Any) -> list[str]:
    """Numbers as they were written: a forwarded payload keeps them."""
    if isinstance(value, Number):
        return [value.text]
    return [text for part in value for text in tokens(part)] if isinstance(value, (list, tuple)) else []


def tolerance_of(case: Case) -> Tolerance:
    """Only results of aggregates and of transcendental functions may differ a little."""
    text = "".join(case.files)
    words = (
        "mean(", "sum(", "std", "variance", "percentile", "median", "slope", "rate(", "ewma", "zscore", "exp(", "ln(",
        "log10(", "pow(", "sin(", "cos(", "tan(", "error(")
    ties = any(word in text for word in ("min(", "max(", "least(", "greatest(", "clamp("))
    if not any(word in text for word in words):
        return Tolerance(Decimal(-1), ties)
    numbers = [abs(number) for item in case.lines for number in numbers_of(load(item))]
    greatest = max(numbers, default=Decimal(0))
    return Tolerance(Decimal("1e-12") * greatest if greatest < 10**12 and not case.strict else Decimal(0), ties)


def numbers_of(value: Any) -> list[Decimal]:
    if isinstance(value, Number):
        return [value.exact]
    if isinstance(value, tuple) and value[0] == "object":
        return [n for name, part in value[1] if name != "time" for n in numbers_of(part)]
    return [n for part in value for n in numbers_of(part)] if isinstance(value, list) else []


def expected(case: Case) -> list[Output]:
    return replay.replay(
        case.files, case.csv or "\n".join(case.lines), drain="--no-drain" not in case.options,
        engine_topics="--engine-topics" in case.options, table=case.table)


def run(binary: str, case: Case) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for place, text in enumerate(case.files):
            (folder / f"{place:03}.rules").write_text(text, encoding="utf-8")
        recording = folder / ("input.csv" if case.table else "input.ndjson")
        recording.write_text(case.csv or "\n".join(case.lines) + "\n", encoding="utf-8", newline="")
        table = ["--topic", case.table[0], "--time-column", case.table[1]] if case.table else []
        return subprocess.run(
            [binary, "replay", name, "--input", str(recording), *table, *case.options], capture_output=True, text=True,
            timeout=PATIENCE_SECONDS, check=False)


def shown(case: Case) -> str:
    """A case as one would write it down."""
    lines = case.lines if len(case.lines) <= 20 else [*case.lines[:20], f"… {len(case.lines) - 20} more"]
    return "\n".join([*case.files, case.csv, *lines])


def difference(binary: str, case: Case) -> Optional[str]:
    """What differs between the program and the contract's reading of a case."""
    result = run(binary, case)
    if result.returncode != 0:
        return f"exit {result.returncode}: {result.stderr}"
    wanted = expected(case)
    if case.expected is not None:
        by_hand = [load(text) for text in case.expected]
        if not same([load(output.payload.decode()) for output in wanted], by_hand, tolerance_of(case)):
            return f"the oracle gives {[output.payload.decode() for output in wanted]}, by hand {case.expected}"
    return lines_differ(wanted, result.stdout.split("\n")[:-1], tolerance_of(case))


def lines_differ(wanted: list[Output], lines: list[str], tolerance: Tolerance) -> Optional[str]:
    for place in range(max(len(wanted), len(lines))):
        if place >= len(wanted):
            return f"line {place + 1} is too much: {lines[place]}"
        output = wanted[place]
        if place >= len(lines):
            return f"line {place + 1} is not there: {output.line()}"
        if not line_fits(output, lines[place], tolerance):
            return f"line {place + 1}: {members_differ(output, lines[place], tolerance)}"
    return None


def members_differ(output: Output, line: str, tolerance: Tolerance) -> str:
    """The members that differ; the whole lines where it is not that simple."""
    try:
        wanted, got = (dict(dict(load(text)[1])["payload"][1]) for text in (output.line(), line))
    except (KeyError, TypeError, IndexError, ValueError):
        wanted, got = {}, {}
    names = [name for name in wanted if not same(wanted[name], got.get(name), tolerance)]
    few = "; ".join(f"{name} is {got.get(name)}, wanted {wanted[name]}" for name in names)
    return few + f"\n  wanted {output.line()}\n  got    {line}"


def line_fits(output: Output, line: str, tolerance: Tolerance) -> bool:
    got, wanted = load(line), load(output.line())
    if output.engine:
        return bool(same(got[1][0], wanted[1][0], tolerance) and dict(got[1])["topic"] == output.topic)
    return same(got, wanted, tolerance) and (not output.exact or tokens(got) == tokens(wanted))
