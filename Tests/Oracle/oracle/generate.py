"""Random programs that combine clauses, and the shrinking of one that fails."""

from __future__ import annotations

import dataclasses
import random
from typing import Any, Callable, Iterator, Optional

from .cases import Case, line

Pieces = dict[str, str]
ORDER = ("from", "at", "steps", "window", "lets", "when", "limit", "publish")


@dataclasses.dataclass
class Program:
    """Rules in pieces, so that pieces can be left out."""

    rules: list[Pieces]
    lines: list[str]
    options: list[str]

    def case(self, name: str) -> Case:
        files = [" ".join(
            f"rule r{place} {{ {' '.join(rule[part] for part in ORDER if rule.get(part))} }}"
            for place, rule in enumerate(self.rules))]
        return Case(name, files, self.lines, self.options)


class Generator:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pick(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def chance(self, part: float) -> bool:
        return self.random.random() < part

    # Expressions of an event

    def number(self, depth: int = 2) -> str:
        if depth == 0 or self.chance(0.35):
            return self.pick(".v", ".v", ".w", ".n", "2", "0.5", "-1", ".o.a", ".l[0]", ".l[1]", "number(k)", "number(.s)")
        a, b = self.number(depth - 1), self.number(depth - 1)
        return self.pick(
            f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} / {b})", f"({a} % {b})", f"-{a}", f"abs({a})",
            f"({a} ?? {b})", f"(if {self.condition(depth - 1)} then {a} else {b})", f"round({a}, 1)", f"floor({a})",
            f"least({a}, {b})", f"greatest({a}, {b})", f"clamp({a}, -2, 3)", "length(.s)", f"sign({a})", f"sqrt({a})")

    def condition(self, depth: int = 2) -> str:
        if depth == 0 or self.chance(0.25):
            return self.pick(".b", ".v > 1", ".v <= .w", ".s == k", ".b ?? false", "exists(.n)", 'k in ["1", .s]')
        a, b = self.condition(depth - 1), self.condition(depth - 1)
        x, y = self.number(depth - 1), self.number(depth - 1)
        return self.pick(
            f"({a} and {b})", f"({a} or {b})", f"not ({a})", f"{x} {self.pick('<', '<=', '>', '>=')} {y} + .w",
            f".v between {x} and 3", f".v in [{x}, .w]", f".v not in [.n, {y}]", 'starts_with(.s, "a")', f"exists({x})")

    def history(self) -> str:
        return self.pick("previous(.v)", "delta(.v)", "previous(.s)", "changed(.v)", "changed(.b)", "delta(.w)")

    # Expressions of a window

    def aggregate(self, silent: bool = False) -> str:
        x = self.pick(".v", ".v", ".w", "x", "x", self.number(1))
        few = [f"count({x})", f"sum({x})", f"mean({x})", f"min({x})", f"max({x})", f"first({x})", f"last({x})", f"range({x})",
               f"stddev({x})", f"variance({x})", "count()"]
        more = [f"median({x})", f"percentile({x}, {self.pick(5, 25, 90)})", f"distinct({x})", f"slope({x})", f"rate({x})",
                f"ewma({x}, 0.5)", f"collect({x})", f"count_if({self.condition(1)})", f"all({self.condition(0)})",
                f"any({self.condition(0)})", f"stddev_sample({x})", "last(time())", "collect(.s)", "distinct(.s)"]
        return self.pick(*(few if silent else few + more))

    def measure(self, silent: bool = False) -> str:
        x = self.pick(".v", ".w")
        return self.pick(f"max({x})", f"min({x})", f"sum({x})", f"last({x})", "count()", f"mean({x})")

    # Clauses

    def window(self) -> str:
        d = self.pick("1s", "1500ms", "2s", "3s", "5s")
        return self.pick(
            f"last {self.pick(1, 2, 3, 5)}", f"last {d}", f"last {d}", f"every {self.pick(1, 2, 3)} events", f"every {d}",
            f"every {d}", "every 1s over 3s", "every 2s over 4s", f"session {d}", f"session {d}", f"silent {d}")

    def steps(self) -> str:
        out = [f"let x = {self.number()}"]
        if self.chance(0.4):
            out.append(f"where {self.condition()}")
        if self.chance(0.15):
            out.append(f"dedupe {self.pick('.v', '.s', '.b, .v', 'x')} within {self.pick('1s', '3s')}")
        if self.chance(0.15):
            out.append(f"let h = {self.history()}")
        if self.chance(0.1):
            out.append("where changed(.v)")
        return " ".join(out)

    def rule(self, number: int, source: str) -> Pieces:
        pieces = {"from": source, "steps": self.steps()}
        if self.chance(0.4):
            late = self.pick("", " late 1s", " late 2500ms")
            pieces["at"] = "at .t" + late + self.pick("", "", " ahead 4s")
        window = self.window() if self.chance(0.75) else ""
        kind = " ".join(window.split()[::2]) if "events" in window else window.split()[0] if window else ""
        own_event = kind in ("", "last") or "events" in window
        by_key = bool(window) and self.chance(0.7)
        if window:
            pieces["window"] = "window " + window + self.pick(" by k", " by k", " by k, .b ?? false" if own_event else " by k") * by_key
        silent = kind == "silent"
        measure: Callable[[], str] = (lambda: self.measure(silent)) if window else (lambda: self.number(1))
        if window and self.chance(0.3):
            pieces["lets"] = f"let m = {measure()}"
        if self.chance(0.6):
            pieces["when"] = self.when(measure, own_event)
        if self.chance(0.25):
            pieces["limit"] = f"limit {self.pick(1, 1, 2)} per {self.pick('1s', '3s', '4500ms')}" + self.pick("", " by k" if by_key or own_event else "")
        pieces["publish"] = self.publish(number, pieces, own_event, by_key, silent, bool(window), kind)
        return pieces

    def when(self, measure: Callable[[], str], own_event: bool) -> str:
        text = f"when {measure()} > {self.pick(0.5, 1, 2, 2.25)}"
        if own_event and self.chance(0.15):
            text += f" {self.pick('and', 'or')} {self.pick('changed(.v)', 'delta(.v) > 0', '.b')}"
        elif self.chance(0.2):
            text += f" {self.pick('and', 'or')} {measure()} < {self.pick(3, 4.5)}"
        if self.chance(0.35):
            text += f" for {self.pick('1s', '2s', '2500ms')}"
        if self.chance(0.3):
            text += f" until {measure()} < {self.pick(-1, 0, 0.25)}"
        return text

    def publish(self, number: int, pieces: Pieces, own_event: bool, by_key: bool, silent: bool, window: bool, kind: str) -> str:
        def body() -> str:
            members = ["at: time()"]
            names = own_event or by_key
            members += ["k"] * names + ["m"] * ("lets" in pieces)
            members += [f"g{place}: {self.aggregate(silent)}" for place in range(self.random.randint(1, 4)) if window]
            members += ["v: .v", f"e: {self.number(1)}", f"c: {self.condition(1)}", "x"] * own_event
            members += [f"h: {self.history()}"] * (own_event and " for " not in pieces.get("when", "") and self.chance(0.2))
            members += ["a: window_start()", "z: window_end()"] * (kind in ("every", "session") or "s" in pieces.get("window", "").removesuffix(" events")[12:] and kind == "last" and "last" in pieces["window"] and pieces["window"].split()[2][-1] == "s")
            return "{ " + ", ".join(members) + " }"
        topic = f"o{number}/" + ("{k}" if (own_event or by_key) and self.chance(0.7) else "all")
        text = f'publish "{topic}" qos {self.pick(0, 1, 2)} {body()}'
        if own_event and self.chance(0.15):
            text += f' publish "f{number}/x" retain'
        when = pieces.get("when", "")
        if (" for " in when or " until " in when) and self.chance(0.7):
            text += f' on clear publish "c{number}/x" {body()}'
        return text

    def program(self) -> Program:
        rules = [self.rule(0, self.pick('from "t/{k}"', 'from "t/{k}"', 'from "t/{k}", "u/{k}/#"'))]
        if self.chance(0.3):
            rules.append(self.rule(1, 'from "t/{k}"'))
        if self.chance(0.25):
            rules.append({"from": 'from "o0/{k}"', "window": f"window {self.pick('last 2', 'every 2s', 'session 1s', 'every 2 events')}",
                          "publish": 'publish "p" { t: time(), n: count(), k: collect(k), at: collect(.at) }'})
        return Program(rules, self.lines(), ["--no-drain"] if self.chance(0.2) else [])

    def lines(self) -> list[str]:
        clock = self.pick(0, 100_000, 946_684_800_000, 1_700_000_000_123)
        out = []
        numbers: list[Any] = [0, 1, 2, 3, 4, 1.5, 2.25, -2, None]
        if self.chance(0.25):
            numbers += ["x", "2", True, [1], 0.1, 0.7, 1e6, -1e-3, {"a": 1}]
        for _ in range(self.random.randint(3, 40)):
            clock += self.pick(0, 1, 100, 250, 500, 500, 1000, 1000, 1000, 1500, 2000, 4000)
            topic = self.pick("t/1", "t/1", "t/2", "t/a", "u/1/x")
            back = self.pick(0, 0, 0, 0, -500, -1000, -1500, -3000, 500, 1000, 2500, 5000)
            payload: dict[str, Any] = {"v": self.pick(*numbers), "w": self.pick(1, 2, 0.5), "t": clock + back}
            for name, values in (("s", ["a", "ab", "2", ""]), ("b", [True, False]), ("n", [0, 1.0, "x"]), ("o", [{"a": 3}, [1]]), ("l", [[1], [2.5, "q"], {}])):
                if self.chance(0.6):
                    payload[name] = self.pick(*values)
            if self.chance(0.03):
                out.append(line(clock, topic, payload_text="{"))
            else:
                out.append(line(clock, topic, payload))
        return out


def programs(first: int, count: int) -> Iterator[tuple[int, Program]]:
    for seed in range(first, first + count):
        yield seed, Generator(seed).program()


def smaller(program: Program) -> Iterator[Program]:
    for size in (16, 8, 4, 2, 1):
        for start in range(0, len(program.lines), size):
            yield dataclasses.replace(program, lines=program.lines[:start] + program.lines[start + size:])
    for place in range(len(program.rules)):
        if len(program.rules) > 1:
            yield dataclasses.replace(program, rules=program.rules[:place] + program.rules[place + 1:])
        for part in ("at", "steps", "window", "lets", "when", "limit"):
            if program.rules[place].get(part):
                rule = {name: text for name, text in program.rules[place].items() if name != part}
                yield dataclasses.replace(program, rules=[*program.rules[:place], rule, *program.rules[place + 1:]])
    if program.options:
        yield dataclasses.replace(program, options=[])


def shrink(program: Program, fails: Callable[[Program], bool]) -> Program:
    """The smallest program near this one that still fails."""
    while True:
        better: Optional[Program] = next((one for one in smaller(program) if fails(one)), None)
        if better is None:
            return program
        program = better
