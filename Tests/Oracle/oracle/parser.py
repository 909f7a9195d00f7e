"""From text to rules, by the grammar of the contract; what is wrong is refused without explanation."""

from __future__ import annotations

from typing import Optional

from .expressions import ExpressionParser
from .syntax import At, Limit, Node, Publish, Rule, RuleError, Source, Step, When, Window

UNITS = ("s", "ms", "us", "ns")


class Parser(ExpressionParser):
    def file(self) -> tuple[list[tuple[str, Node]], list[Rule]]:
        constants: list[tuple[str, Node]] = []
        rules: list[Rule] = []
        while self.token.kind != "end":
            if self.accept("let"):
                name = self.new_name()
                self.expect("=")
                constants.append((name, self.expression()))
            elif self.accept("rule"):
                rules.append(self.rule())
            else:
                raise RuleError(f"unexpected {self.token.value!r}")
        return constants, rules

    def rule(self) -> Rule:
        rule = Rule(self.new_name(), [])
        if self.token.kind == "text":
            self.advance()
        self.expect("{")
        self.expect("from")
        rule.sources.append(self.source())
        while self.accept(","):
            rule.sources.append(self.source())
        if self.accept("at"):
            rule.at = self.at_clause()
        while (step := self.step()) is not None:
            rule.steps.append(step)
        if self.accept("window"):
            rule.window = self.window()
            while self.accept("let"):
                rule.lets.append(self.let())
        if self.accept("when"):
            rule.when = self.when()
        if self.accept("limit"):
            rule.limit = self.limit()
        while not self.accept("}"):
            rule.publishes.append(self.publish())
        return rule

    def source(self) -> Source:
        source = Source(self.raw_text())
        if self.accept("as"):
            source.decode = self.word()
        if self.at_operator("{"):
            self.advance()
            source.schema = {}
            while True:
                name = self.word()
                self.expect(":")
                field = self.word()
                unit = "ms"
                if field == "time" and self.token.kind == "name" and self.token.value in UNITS:
                    unit = self.word()
                source.schema[name] = (field, unit)
                if not self.accept(","):
                    break
            self.expect("}")
        return source

    def at_clause(self) -> At:
        at = At(self.expression())
        if self.token.kind == "name" and self.token.value in UNITS:
            at.unit = self.word()
        if self.accept("late"):
            at.late = self.duration()
        if self.accept("ahead"):
            at.ahead = self.duration()
        return at

    def step(self) -> Optional[Step]:
        if self.accept("where"):
            return Step("where", [self.expression()])
        if self.accept("let"):
            return self.let()
        if self.accept("dedupe"):
            values = self.expressions()
            self.expect("within")
            return Step("dedupe", values, within=self.duration())
        return None

    def let(self) -> Step:
        name = self.new_name()
        self.expect("=")
        return Step("let", [self.expression()], name)

    def window(self) -> Window:
        word = self.word()
        if word == "last" and self.token.kind == "number":
            window = Window("last_events", self.integer())
        elif word == "last":
            window = Window("last_time", self.duration())
        elif word == "every" and self.token.kind == "number":
            window = Window("every_events", self.integer())
            self.expect("events")
        elif word == "every":
            window = Window("every", self.duration())
            window.over = self.duration() if self.accept("over") else window.size
        elif word in ("session", "silent"):
            window = Window(word, self.duration())
        else:
            raise RuleError(f"no window {word}")
        if self.accept("by"):
            window.by = self.expressions()
        return window

    def when(self) -> When:
        when = When(self.expression())
        if self.accept("for"):
            when.hold = self.duration()
        if self.accept("until"):
            when.until = self.expression()
        return when

    def limit(self) -> Limit:
        count = self.integer()
        self.expect("per")
        limit = Limit(count, self.duration())
        if self.accept("by"):
            limit.by = self.expressions()
        return limit

    def publish(self) -> Publish:
        on_clear = self.accept("on")
        if on_clear:
            self.expect("clear")
        self.expect("publish")
        publish = Publish(self.text_node(), on_clear)
        while True:
            if self.accept("qos"):
                publish.qos = self.integer()
            elif self.accept("retain"):
                publish.retain = True
            elif self.accept("expires"):
                self.duration()
            elif self.accept("priority"):
                self.word()
            else:
                break
        if self.at_operator("{"):
            publish.body = self.primary()
        elif self.accept("payload"):
            publish.body = self.expression()
        return publish


def parse(text: str) -> tuple[list[tuple[str, Node]], list[Rule]]:
    return Parser.over(text).file()
