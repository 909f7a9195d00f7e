"""The state of a group: its watermark, its window and its alarm."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

from .evaluate import Context, Event
from .syntax import Window


@dataclasses.dataclass
class Run:
    """An unbroken run of evaluations for which `when … for` is true."""

    start: int
    newest: Context
    evaluations: int = 1
    overdue: bool = False


@dataclasses.dataclass
class Session:
    first: int
    last: int
    events: list[Event]


@dataclasses.dataclass(order=True)
class Timer:
    """In the order in which timers run. `phase` 0 is before the messages of an instant, 1 after them."""

    due: int
    phase: int
    end: int
    place: int
    group: Any = dataclasses.field(compare=False)
    what: str = dataclasses.field(compare=False)
    session: Optional[Session] = dataclasses.field(compare=False, default=None)


@dataclasses.dataclass(eq=False)
class Group:
    rule: Any
    key: tuple[Any, ...]
    place: int
    late: int
    greatest: Optional[int] = None
    arrival: int = 0
    passed: Optional[int] = None
    events: list[Event] = dataclasses.field(default_factory=list)
    windows: dict[int, list[Event]] = dataclasses.field(default_factory=dict)
    sessions: list[Session] = dataclasses.field(default_factory=list)
    active: bool = False
    run: Optional[Run] = None

    def watermark(self, clock: int) -> int:
        assert self.greatest is not None
        return self.greatest - self.late + clock - self.arrival

    def pass_time(self, clock: int) -> None:
        """Notes how far the watermark has come: what it has passed stays closed, even if it falls."""
        if self.greatest is not None:
            here = self.watermark(clock)
            self.passed = here if self.passed is None else max(self.passed, here)

    def has_passed(self, instant: int) -> bool:
        return self.passed is not None and self.passed >= instant

    def move(self, time: int, clock: int) -> None:
        if self.greatest is None or time > self.greatest:
            self.greatest, self.arrival = time, clock
        self.pass_time(clock)

    def timers(self, clock: int, window: Optional[Window], hold: Optional[int]) -> list[Timer]:
        out: list[Timer] = []

        def add(end: int, phase: int, what: str, session: Optional[Session] = None) -> None:
            due = max(clock, clock + end - self.watermark(clock))
            out.append(Timer(due, phase, end, self.place, self, what, session))

        if window and window.kind == "every":
            for end in self.windows:
                add(end, 0, "window")
        if window and window.kind == "session":
            for session in self.sessions:
                add(session.last + window.size, 1, "session", session)
        if window and window.kind == "silent" and self.events:
            add(max(event.time for event in self.events) + window.size, 1, "silent")
        if self.run and hold is not None and not self.run.overdue:
            add(self.run.start + hold, 0, "hold")
        return out
