"""One rule at work."""

from __future__ import annotations

import dataclasses
from typing import Any, Optional

from . import jsontext, times, topics
from .evaluate import HISTORY, Context, Evaluator, Event, walk
from .groups import Group, Run, Session, Timer
from .jsontext import DecodeError
from .syntax import Node, Publish, Rule, Source, Step
from .values import MISSING, key, kind

MINUTE = 60_000_000_000


@dataclasses.dataclass
class Message:
    topic: str
    payload: bytes
    time: int
    qos: int = 0
    retained: bool = False
    client: Any = MISSING
    properties: dict[str, str] = dataclasses.field(default_factory=dict)


class RunningRule:
    def __init__(self, machine: Any, rule: Rule, evaluator: Evaluator) -> None:
        self.machine = machine
        self.rule = rule
        self.evaluator = evaluator
        self.groups: dict[tuple[Any, ...], Group] = {}
        self.hold = rule.when.hold if rule.when else None
        self.passed_values: dict[tuple[Any, ...], int] = {}
        self.periods: dict[tuple[Any, ...], list[int]] = {}
        self.before: dict[tuple[Any, ...], dict[int, Any]] = {}
        self.error_minute: Optional[int] = None
        self.takes_retained = any(
            node.kind == "call" and node.name == "retained" for root in self.roots() for node in walk(root))

    def roots(self) -> list[Node]:
        rule = self.rule
        roots = [value for step in rule.steps + rule.lets for value in step.values]
        roots += rule.window.by if rule.window else []
        roots += [rule.at.value] if rule.at else []
        if rule.when:
            roots += [rule.when.condition] + ([rule.when.until] if rule.when.until else [])
        roots += (rule.limit.by or []) if rule.limit else []
        for publish in rule.publishes:
            roots += [publish.topic] + ([publish.body] if publish.body else [])
        return roots

    # Taking a message in

    def take(self, message: Message) -> None:
        if message.retained and not self.takes_retained:
            return
        for source in self.rule.sources:
            captures = topics.match(source.topic, message.topic)
            if captures is not None:
                break
        else:
            return
        event = Event(
            message.topic, message.payload, MISSING, dict(captures), tuple(captures.values()), message.qos, message.retained, message.client,
            message.properties, self.machine.now, self.machine.now)
        try:
            event.payload = decode(source, message.payload)
            self.set_time(event)
        except DecodeError:
            self.report(event)
            return
        if self.steps(event, tuple(captures.values())):
            self.reach_window(event, tuple(captures.values()))

    def context(self, event: Event) -> Context:
        return Context(event.time, self.machine.now, event.names, event)

    def set_time(self, event: Event) -> None:
        if not self.rule.at:
            return
        at = self.rule.at
        time = times.from_value(self.evaluator.value(at.value, self.context(event)), at.unit)
        if time is MISSING or time.nanoseconds > self.machine.now + at.ahead:
            raise DecodeError("no event time")
        event.time = time.nanoseconds

    def report(self, event: Event) -> None:
        from .machine import Output
        minute = self.machine.now // MINUTE
        if minute != self.error_minute:
            self.error_minute = minute
            topic = f"$sluice/rules/{self.rule.name}/errors"
            self.machine.outputs.append(
                Output(self.machine.now, self.rule.name, topic, 0, False, b"{}", engine=True))

    def steps(self, event: Event, captures: tuple[str, ...]) -> bool:
        for step in self.rule.steps:
            context = self.context(event)
            values = self.at_place(step, step.values, context, self.history_key(context, captures))
            if step.kind == "let":
                event.names[step.name] = values[0]
            elif step.kind == "where" and values[0] is not True:
                return False
            elif step.kind == "dedupe" and not self.first_of(step, values, event.time):
                return False
        return True

    def first_of(self, step: Step, values: list[Any], time: int) -> bool:
        name = (id(step), *(key(value) for value in values))
        if name in self.passed_values and time < self.passed_values[name] + step.within:
            return False
        self.passed_values[name] = time
        return True

    def history_key(self, context: Context, captures: tuple[str, ...]) -> tuple[Any, ...]:
        if not self.rule.window or not self.rule.window.by:
            return captures
        try:
            return tuple(key(self.evaluator.value(node, context)) for node in self.rule.window.by)
        except KeyError:  # a `let` of a later step
            return captures

    def history_group(self, group: Group, context: Context) -> tuple[Any, ...]:
        """The rule's `by` or else its captures."""
        if self.rule.window and not self.rule.window.by and context.event:
            return tuple(context.event.captures)
        return group.key

    def at_place(self, place: Any, nodes: list[Node], context: Context, group: tuple[Any, ...]) -> list[Any]:
        """The values of expressions, with `previous` and its kin of the preceding event here."""
        calls = [node for root in nodes for node in walk(root) if node.kind == "call" and node.name in HISTORY]
        if not calls:
            return [self.evaluator.value(node, context) for node in nodes]
        name = (id(place), group)
        context = dataclasses.replace(context, history=self.before.get(name))
        values = [self.evaluator.value(node, context) for node in nodes]
        self.before[name] = {id(call): self.evaluator.value(call.parts[0], context) for call in calls}
        return values

    # Windows

    def group_of(self, event: Event, captures: tuple[str, ...]) -> Optional[Group]:
        name: tuple[Any, ...] = captures
        if self.rule.window:
            values = [self.evaluator.value(node, self.context(event)) for node in self.rule.window.by]
            if any(value is MISSING for value in values):
                return None
            name = tuple(key(value) for value in values)
        if name not in self.groups:
            late = self.rule.at.late if self.rule.at else 0
            self.groups[name] = Group(self, name, self.machine.next_place(), late)
        return self.groups[name]

    def reach_window(self, event: Event, captures: tuple[str, ...]) -> None:
        group = self.group_of(event, captures)
        if group is None:
            return
        group.pass_time(self.machine.now)
        group.move(event.time, self.machine.now)
        self.close_passed(group)
        window = self.rule.window
        if window is None:
            self.evaluate(group, self.context(event))
        else:
            getattr(self, "take_" + window.kind)(group, event, window.size)

    def close_passed(self, group: Group) -> None:
        """What the watermark passed when this event moved it, before the event is taken in."""
        while True:
            here = group.watermark(self.machine.now)
            passed = [
                timer for timer in group.timers(self.machine.now, self.rule.window, self.hold)
                if timer.end < here + (1 - timer.phase)]
            if not passed:
                return
            self.fire(min(passed, key=lambda timer: (timer.end, timer.phase)))

    def take_last_events(self, group: Group, event: Event, size: int) -> None:
        group.events = (group.events + [event])[-size:]
        self.evaluate(group, dataclasses.replace(self.context(event), window=list(group.events)))

    def take_every_events(self, group: Group, event: Event, size: int) -> None:
        group.events.append(event)
        if len(group.events) == size:
            full, group.events = group.events, []
            self.evaluate(group, dataclasses.replace(self.context(event), window=full))

    def take_last_time(self, group: Group, event: Event, size: int) -> None:
        assert group.greatest is not None
        start = group.greatest - size
        group.events = [item for item in group.events if item.time > start]
        if event.time > start:
            group.events.append(event)
            self.evaluate(group, dataclasses.replace(
                self.context(event), window=list(group.events), start=start, end=group.greatest))

    def take_every(self, group: Group, event: Event, size: int) -> None:
        assert self.rule.window
        end = (event.time // size + 1) * size
        while end <= event.time + self.rule.window.over:
            if not group.has_passed(end):
                group.windows.setdefault(end, []).append(event)
            end += size

    def take_session(self, group: Group, event: Event, size: int) -> None:
        near = [s for s in group.sessions if s.first - size <= event.time <= s.last + size]
        if not near and group.has_passed(event.time + size + 1):
            return
        joined = Session(event.time, event.time, [])
        for session in near:
            joined.first, joined.last = min(joined.first, session.first), max(joined.last, session.last)
            joined.events += session.events
            group.sessions.remove(session)
        joined.events = sorted(joined.events, key=lambda item: item.arrived) + [event]
        group.sessions.append(joined)

    def take_silent(self, group: Group, event: Event, size: int) -> None:
        if not group.events and event.time + size < group.watermark(self.machine.now):
            return
        group.events.append(event)

    def fire(self, timer: Timer) -> None:
        group, window = timer.group, self.rule.window
        group.pass_time(self.machine.now)
        if timer.what == "hold":
            self.hold_ends(group, timer.end)
            return
        assert window
        context = Context(timer.end, self.machine.now, {}, end=timer.end)
        if timer.what == "window":
            context.window, context.start = group.windows.pop(timer.end), timer.end - window.over
        elif timer.what == "session":
            assert timer.session
            group.sessions.remove(timer.session)
            context.window, context.start = timer.session.events, timer.session.first
        else:
            context.window, group.events = group.events, []
        newest = context.window[-1]
        context.names = {node.name: newest.names[node.name] for node in window.by if node.name in newest.names}
        self.evaluate(group, context)

    # Evaluations

    def evaluate(self, group: Group, context: Context) -> None:
        context.names = dict(context.names)
        for let in self.rule.lets:
            context.names[let.name] = self.at_place(let, let.values, context, self.history_group(group, context))[0]
        when = self.rule.when
        if when is None:
            self.try_to_publish(group, context)
            return
        nodes = [when.condition] + ([when.until] if when.until else [])
        values = self.at_place(when, nodes, context, self.history_group(group, context))
        is_true = values[0] is True
        if when.hold is None and when.until is None:
            if is_true:
                self.try_to_publish(group, context)
        elif group.active:
            if (values[1] is True) if when.until else not is_true:
                group.active = False
                self.publish_all(group, context, on_clear=True)
        elif when.hold is None:
            group.active = is_true and self.try_to_publish(group, context)
        else:
            self.advance_run(group, context, is_true)

    def advance_run(self, group: Group, context: Context, is_true: bool) -> None:
        if not is_true:
            group.run = None
        elif group.run is None:
            group.run = Run(context.time, context)
        else:
            group.run.evaluations += 1
            group.run.newest = context
            if group.run.overdue and self.try_to_publish(group, context):
                group.run, group.active = None, True

    def hold_ends(self, group: Group, end: int) -> None:
        run = group.run
        assert run
        if run.evaluations < 2:
            group.run = None
            return
        context = dataclasses.replace(run.newest, time=end, now=self.machine.now)
        if self.try_to_publish(group, context):
            group.run, group.active = None, True
        else:
            run.overdue = True

    def try_to_publish(self, group: Group, context: Context) -> bool:
        limit = self.rule.limit
        if limit:
            name: tuple[Any, ...] = group.key if self.rule.window else ()
            if limit.by is not None:
                name = tuple(key(self.evaluator.value(node, context)) for node in limit.by)
            period = self.periods.get(name)
            if period is None or context.time >= period[0] + limit.period:
                self.periods[name] = [context.time, 1]
            elif period[1] < limit.count:
                period[1] += 1
            else:
                return False
        self.publish_all(group, context, on_clear=False)
        return True

    def publish_all(self, group: Group, context: Context, on_clear: bool) -> None:
        for publish in self.rule.publishes:
            if publish.on_clear == on_clear:
                self.publish(publish, group, context)

    def publish(self, publish: Publish, group: Group, context: Context) -> None:
        from .machine import Output
        nodes = [publish.topic] + ([publish.body] if publish.body else [])
        topic, *body = self.at_place(publish, nodes, context, self.history_group(group, context))
        if topic is MISSING or not topics.may_be_published(topic) or body == [MISSING]:
            return
        output = Output(context.time, self.rule.name, topic, publish.qos, publish.retain, b"")
        if not body:
            assert context.event
            output.payload, output.exact = context.event.raw, True
        elif kind(body[0]) == "bytes":
            output.payload = body[0]
        elif kind(body[0]) == "text":
            output.payload = body[0].encode()
        else:
            output.payload = jsontext.write(body[0]).encode()
        self.machine.publish(output)


def decode(source: Source, payload: bytes) -> Any:
    if source.decode == "bytes":
        return payload
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DecodeError("no UTF-8") from error
    if source.decode == "text":
        return text
    if source.decode == "number":
        return jsontext.number_token(text.strip(" \t\r\n"))
    value = jsontext.parse(text)
    if source.schema is not None:
        apply_schema(value, source.schema)
    return value


def apply_schema(value: Any, schema: dict[str, tuple[str, str]]) -> None:
    if kind(value) != "object":
        raise DecodeError("no object")
    for name, (wanted, unit) in schema.items():
        member = value.get(name, MISSING)
        if member is MISSING:
            continue
        if wanted == "time":
            member = value[name] = times.from_value(member, unit)
        if kind(member) != wanted:
            raise DecodeError(f"{name} is no {wanted}")
