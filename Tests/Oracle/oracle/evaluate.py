"""What an expression is worth at an evaluation."""

from __future__ import annotations

import dataclasses
from typing import Any, Iterator, Optional

from . import functions
from .aggregates import AGGREGATES
from .syntax import Node
from .values import MISSING, Duration, Time, equal, is_whole, kind, ordered

HISTORY = ("previous", "delta", "changed")


@dataclasses.dataclass
class Event:
    topic: str
    raw: bytes
    payload: Any
    names: dict[str, Any]
    captures: tuple[str, ...]
    qos: int
    retained: bool
    client: Any
    properties: dict[str, str]
    arrived: int
    time: int = 0


@dataclasses.dataclass
class Context:
    """`history` holds the values at the preceding event by node; `None` at the first."""

    time: int
    now: int
    names: dict[str, Any]
    event: Optional[Event] = None
    window: list[Event] = dataclasses.field(default_factory=list)
    start: Optional[int] = None
    end: Optional[int] = None
    history: Optional[dict[int, Any]] = None


def walk(node: Node) -> Iterator[Node]:
    yield node
    for part in [*node.parts, *node.named.values()]:
        yield from walk(part)


def truth(value: Any) -> Any:
    return value if kind(value) == "boolean" else MISSING


def both(left: Any, right: Any) -> Any:
    if left is False or right is False:
        return False
    return True if left is True and right is True else MISSING


def negate(value: Any) -> Any:
    return MISSING if truth(value) is MISSING else not value


def either(left: Any, right: Any) -> Any:
    return negate(both(negate(left), negate(right)))


def compare(left: Any, right: Any, operator: str) -> Any:
    if operator in ("==", "!="):
        same = equal(left, right)
        return same if operator == "==" else negate(same)
    order = ordered(left, right)
    if order is MISSING:
        return MISSING
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


def walk_step(value: Any, step: Any) -> Any:
    if kind(value) == "object" and kind(step) == "text":
        return value.get(step, MISSING)
    if kind(value) == "list" and is_whole(step) and 0 <= step < len(value):
        return value[step]
    return MISSING


class Evaluator:
    def __init__(self, constants: dict[str, Any]) -> None:
        self.constants = constants

    def value(self, node: Node, at: Context) -> Any:
        method = getattr(self, "node_" + {"and": "both", "or": "either", "not": "negate", "if": "choice", "in": "among",
                                         "??": "coalesce"}.get(node.kind, node.kind))
        return method(node, at)

    def values(self, node: Node, at: Context) -> list[Any]:
        return [self.value(part, at) for part in node.parts]

    def node_literal(self, node: Node, at: Context) -> Any:
        return node.value

    def node_name(self, node: Node, at: Context) -> Any:
        return at.names[node.name] if node.name in at.names else self.constants[node.name]

    def node_payload(self, node: Node, at: Context) -> Any:
        assert at.event
        return at.event.payload

    def node_field(self, node: Node, at: Context) -> Any:
        return walk_step(self.value(node.parts[0], at), node.name)

    def node_index(self, node: Node, at: Context) -> Any:
        return walk_step(*self.values(node, at))

    def node_list(self, node: Node, at: Context) -> Any:
        return self.values(node, at)

    def node_object(self, node: Node, at: Context) -> Any:
        return dict(zip(node.value, self.values(node, at)))

    def node_text(self, node: Node, at: Context) -> Any:
        parts = [functions.as_text(value) for value in self.values(node, at)]
        return MISSING if any(part is MISSING for part in parts) else "".join(parts)

    def node_choice(self, node: Node, at: Context) -> Any:
        return self.value(node.parts[1 if self.value(node.parts[0], at) is True else 2], at)

    def node_both(self, node: Node, at: Context) -> Any:
        return both(*(truth(value) for value in self.values(node, at)))

    def node_either(self, node: Node, at: Context) -> Any:
        return either(*(truth(value) for value in self.values(node, at)))

    def node_negate(self, node: Node, at: Context) -> Any:
        return negate(self.value(node.parts[0], at))

    def node_coalesce(self, node: Node, at: Context) -> Any:
        left = self.value(node.parts[0], at)
        return self.value(node.parts[1], at) if left is MISSING else left

    def node_minus(self, node: Node, at: Context) -> Any:
        return functions.minus(self.value(node.parts[0], at))

    def node_binary(self, node: Node, at: Context) -> Any:
        left, right = self.values(node, at)
        if node.name in ("==", "!=", "<", "<=", ">", ">="):
            return compare(left, right, node.name)
        return functions.arithmetic(left, right, node.name)

    def node_between(self, node: Node, at: Context) -> Any:
        value, low, high = self.values(node, at)
        return both(compare(low, value, "<="), compare(value, high, "<="))

    def node_among(self, node: Node, at: Context) -> Any:
        value, items = self.values(node, at)
        if value is MISSING or kind(items) != "list":
            return MISSING
        found: Any = False
        for item in items:
            found = either(found, equal(value, item))
        return found

    def node_call(self, node: Node, at: Context) -> Any:
        if node.name in AGGREGATES:
            return self.aggregate(node, at)
        if node.name in HISTORY:
            return self.history(node, at)
        if node.name == "exists":
            return self.value(node.parts[0], at) is not MISSING
        if node.name in functions.FUNCTIONS:
            values = self.values(node, at) + [self.value(part, at) for part in node.named.values()]
            if any(value is MISSING for value in values):
                return MISSING
            return functions.FUNCTIONS[node.name](*values)
        return self.fact(node, at)

    def fact(self, node: Node, at: Context) -> Any:
        if node.name in ("time", "now"):
            return Time(at.time if node.name == "time" else at.now)
        if node.name in ("window_start", "window_end"):
            bound = at.start if node.name == "window_start" else at.end
            return MISSING if bound is None else Time(bound)
        event = at.event
        assert event
        if node.name == "property":
            return event.properties.get(self.value(node.parts[0], at), MISSING)
        return {
            "topic": event.topic, "qos": event.qos, "retained": event.retained, "client": event.client,
            "arrived": Time(event.arrived),
        }[node.name]

    def aggregate(self, node: Node, at: Context) -> Any:
        if node.name == "count" and not node.parts:
            return len(at.window)
        samples = []
        for event in at.window:
            value = self.value(node.parts[0], Context(event.time, at.now, event.names, event))
            if value is not MISSING:
                samples.append((value, event.time))
        parameters = [self.value(part, at) for part in node.parts[1:]]
        options = {name: self.value(part, at) for name, part in node.named.items()}
        return AGGREGATES[node.name](samples, *parameters, **options)

    def history(self, node: Node, at: Context) -> Any:
        if at.history is None:
            return True if node.name == "changed" else MISSING
        before = at.history[id(node)]
        if node.name == "previous":
            return before
        now = self.value(node.parts[0], at)
        if node.name == "delta":
            return functions.arithmetic(now, before, "-")
        if now is MISSING or before is MISSING:
            return (now is MISSING) != (before is MISSING)
        return negate(equal(now, before))


__all__ = ["Context", "Duration", "Evaluator", "Event", "HISTORY", "both", "walk"]
