"""The rules at work: messages and timers in, publications out."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

from . import jsontext, syntax
from .evaluate import Event, Evaluator
from .groups import Group, Timer
from .running import Message, RunningRule


@dataclasses.dataclass
class Output:
    """`exact` payloads are forwarded byte for byte."""

    time: int
    rule: str
    topic: str
    qos: int
    retain: bool
    payload: bytes
    exact: bool = False
    engine: bool = False

    def line(self) -> str:
        text = self.payload.decode("utf-8", "replace")
        body = f'"payload": {text}' if jsontext.is_json(text) else f'"payload_text": {jsontext.write_text(text)}'
        retain = "true" if self.retain else "false"
        return (
            f'{{"time": {self.time // 1_000_000}, "rule": {jsontext.write_text(self.rule)}, '
            f'"topic": {jsontext.write_text(self.topic)}, "qos": {self.qos}, "retain": {retain}, {body}}}')


class Machine:
    def __init__(self, files: list[str]) -> None:
        from .parser import parse
        self.clock: Optional[int] = None
        self.outputs: list[Output] = []
        self.rules: list[RunningRule] = []
        self.groups_made = 0
        for text in files:
            constants, rules = parse(text)
            evaluator = Evaluator({})
            for name, node in constants:
                evaluator.constants[name] = evaluator.value(node, None)  # type: ignore[arg-type]
            for rule in rules:
                self.rules.append(RunningRule(self, rule, evaluator))

    @property
    def now(self) -> int:
        assert self.clock is not None
        return self.clock

    def next_place(self) -> int:
        self.groups_made += 1
        return self.groups_made

    def take(self, message: Message) -> None:
        """A message of the input at its time; the clock does not go back."""
        instant = message.time if self.clock is None else max(self.clock, message.time)
        self.run_timers(instant, phase=0)
        self.clock = instant
        self.deliver(message)

    def deliver(self, message: Message) -> None:
        for rule in self.rules:
            rule.take(message)

    def publish(self, output: Output) -> None:
        self.outputs.append(output)
        self.deliver(Message(output.topic, output.payload, self.now, qos=output.qos))

    def next_timer(self) -> Optional[Timer]:
        timers: list[Timer] = []
        for rule in self.rules:
            for group in rule.groups.values():
                if group.greatest is not None:
                    timers += group.timers(self.now, rule.rule.window, rule.hold)
        return min(timers, default=None)

    def run_timers(self, instant: Optional[int], phase: int) -> None:
        """Those due before the instant, and at it those of the phase; all when there is no instant."""
        if self.clock is None:
            return
        while (timer := self.next_timer()) is not None:
            if instant is not None and (timer.due, timer.phase) > (instant, phase):
                return
            self.clock = timer.due
            timer.group.rule.fire(timer)

    def finish(self, drain: bool) -> None:
        if self.clock is not None:
            self.run_timers(None if drain else self.clock, phase=1)


__all__ = ["Event", "Group", "Machine", "Message", "Output", "syntax"]
