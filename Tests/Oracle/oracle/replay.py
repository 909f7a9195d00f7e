"""What `replay` reads and writes."""

from __future__ import annotations

import csv
import io
from typing import Any, Iterator, Optional

from . import jsontext, times
from .machine import Machine, Message, Output
from .values import MISSING, Time


def read_line(line: str) -> Message:
    reader = jsontext.Reader(line)
    fields = reader.document()
    if "payload" in fields:
        payload = reader.slices["payload"].encode()
    else:
        payload = fields.get("payload_text", "").encode()
    return Message(
        fields["topic"], payload, times.from_value(fields["time"], "ms").nanoseconds, fields.get("qos", 0), fields.get("retained", False),
        fields.get("client", MISSING), fields.get("properties", {}))


def read_lines(text: str) -> Iterator[Message]:
    for line in text.split("\n"):
        if line.strip():
            yield read_line(line)


def cell_value(cell: str) -> Any:
    """A cell that reads as a number is one, an empty one is missing."""
    if cell == "":
        return MISSING
    try:
        return jsontext.number_token(cell.strip(jsontext.BLANK))
    except jsontext.DecodeError:
        return cell


def read_table(text: str, topic: str, time_column: str) -> Iterator[Message]:
    rows = csv.reader(io.StringIO(text, newline=""))
    header = next(rows)
    captures = [level[1:-1] for level in topic.split("/") if level.startswith("{")]
    for row in rows:
        if not row:
            continue
        cells = dict(zip(header, row))
        time: Any = times.parse_rfc3339(cells[time_column])
        if time is MISSING:
            time = Time(int(jsontext.number_token(cells[time_column]) * 1_000_000))
        levels = [cells[level[1:-1]] if level.startswith("{") else level for level in topic.split("/")]
        members = {
            name: cell_value(cell) for name, cell in cells.items() if name != time_column and name not in captures}
        yield Message("/".join(levels), jsontext.write(members).encode(), time.nanoseconds)


def replay(
    files: list[str], text: str, drain: bool = True, engine_topics: bool = False, table: Optional[tuple[str, str]] = None,
) -> list[Output]:
    """The outputs of rule files, in the order of their names, over an input."""
    machine = Machine(files)
    for message in read_table(text, *table) if table else read_lines(text):
        machine.take(message)
    machine.finish(drain)
    return [output for output in machine.outputs if engine_topics or not output.engine]
