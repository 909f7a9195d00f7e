"""The expressions of the grammar."""

from __future__ import annotations

from typing import Any

from .syntax import RESERVED, Lexer, Node, RuleError, Token, duration_node
from .values import MISSING

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


class ExpressionParser:
    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.place = 0

    @classmethod
    def over(cls, text: str) -> Any:
        return cls(text, Lexer(text).tokens()[0])

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def advance(self) -> Token:
        token = self.token
        self.place += 1
        return token

    def at_operator(self, word: str) -> bool:
        return self.token.kind == "op" and self.token.value == word

    def accept(self, word: str) -> bool:
        if self.token.kind in ("op", "name") and self.token.value == word:
            self.place += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise RuleError(f"expected {word}, found {self.token.value!r}")

    def word(self) -> str:
        if self.token.kind != "name":
            raise RuleError(f"expected a word, found {self.token.value!r}")
        return str(self.advance().value)

    def new_name(self) -> str:
        name = self.word()
        if name in RESERVED:
            raise RuleError(f"{name} is reserved")
        return name

    def integer(self) -> int:
        token = self.advance()
        if token.kind != "number" or type(token.value) is not int:
            raise RuleError("expected an integer")
        return token.value

    def duration(self) -> int:
        token = self.advance()
        if token.kind != "duration" or token.value == 0:
            raise RuleError("expected a duration")
        return int(token.value)

    def raw_text(self) -> str:
        token = self.advance()
        if token.kind != "text":
            raise RuleError("expected a text")
        return self.text[token.start + 1:token.end - 1]

    def text_node(self) -> Node:
        if self.token.kind != "text":
            raise RuleError("expected a text")
        return self.primary()

    def expressions(self) -> list[Node]:
        out = [self.expression()]
        while self.accept(","):
            out.append(self.expression())
        return out

    def expression(self) -> Node:
        if self.accept("if"):
            condition = self.expression()
            self.expect("then")
            then = self.expression()
            self.expect("else")
            return Node("if", parts=[condition, then, self.expression()])
        return self.chain("or", lambda: self.chain("and", self.negation))

    def chain(self, word: str, inner: Any) -> Node:
        left = inner()
        while self.accept(word):
            left = Node(word, parts=[left, inner()])
        return left

    def negation(self) -> Node:
        if self.accept("not"):
            return Node("not", parts=[self.negation()])
        left = self.coalesce()
        if self.token.kind == "op" and self.token.value in COMPARISONS:
            return Node("binary", self.advance().value, parts=[left, self.coalesce()])
        if self.accept("not"):
            self.expect("in")
            return Node("not", parts=[Node("in", parts=[left, self.coalesce()])])
        if self.accept("in"):
            return Node("in", parts=[left, self.coalesce()])
        if self.accept("between"):
            low = self.coalesce()
            self.expect("and")
            return Node("between", parts=[left, low, self.coalesce()])
        return left

    def coalesce(self) -> Node:
        return self.chain("??", self.sum)

    def sum(self) -> Node:
        return self.operators(("+", "-"), self.product)

    def product(self) -> Node:
        return self.operators(("*", "/", "%"), self.unary)

    def operators(self, words: tuple[str, ...], inner: Any) -> Node:
        left = inner()
        while self.token.kind == "op" and self.token.value in words:
            left = Node("binary", self.advance().value, parts=[left, inner()])
        return left

    def unary(self) -> Node:
        if not self.accept("-"):
            return self.postfix()
        inner = self.unary()
        if inner.kind == "literal" and inner.value == 2**63 and type(inner.value) is int:
            return Node("literal", value=-(2**63))
        return Node("minus", parts=[inner])

    def postfix(self) -> Node:
        node = self.primary()
        while True:
            if self.at_operator("."):
                self.advance()
                node = Node("field", self.member_name(), parts=[node])
            elif self.accept("["):
                node = Node("index", parts=[node, self.expression()])
                self.expect("]")
            else:
                return node

    def member_name(self) -> str:
        token = self.advance()
        if token.kind == "name":
            return str(token.value)
        if token.kind == "text" and len(token.value) == 1:
            return str(token.value[0])
        raise RuleError("expected a name")

    def primary(self) -> Node:
        token = self.advance()
        if token.kind == "number":
            return Node("literal", value=token.value)
        if token.kind == "duration":
            return duration_node(token.value)
        if token.kind == "text":
            return self.interpolated(token)
        if token.kind == "name":
            return self.named(token)
        if token.value == ".":
            following = self.token
            if following.start == token.end and following.kind in ("name", "text"):
                return Node("field", self.member_name(), parts=[Node("payload")])
            return Node("payload")
        if token.value == "(":
            inner = self.expression()
            self.expect(")")
            return inner
        if token.value == "[":
            return Node("list", parts=self.until("]", self.expression))
        if token.value == "{":
            members = self.until("}", self.member)
            return Node("object", value=[name for name, _ in members], parts=[node for _, node in members])
        raise RuleError(f"unexpected {token.value!r}")

    def until(self, close: str, item: Any) -> list[Any]:
        out: list[Any] = []
        while not self.accept(close):
            out.append(item())
            if not self.accept(","):
                self.expect(close)
                break
        return out

    def member(self) -> tuple[str, Node]:
        token = self.token
        name = self.member_name()
        if self.accept(":"):
            return name, self.expression()
        if token.kind != "name":
            raise RuleError("expected :")
        return name, Node("name", name)

    def named(self, token: Token) -> Node:
        name = str(token.value)
        if name in ("true", "false"):
            return Node("literal", value=name == "true")
        if name == "missing":
            return Node("literal", value=MISSING)
        if name in RESERVED:
            raise RuleError(f"unexpected {name}")
        if not self.accept("("):
            return Node("name", name)
        call = Node("call", name)
        for option, value in self.until(")", self.argument):
            if option:
                call.named[option] = value
            else:
                call.parts.append(value)
        return call

    def argument(self) -> tuple[str, Node]:
        following = self.tokens[self.place + 1]
        if self.token.kind == "name" and following.kind == "op" and following.value == ":":
            name = self.word()
            self.advance()
            return name, self.expression()
        return "", self.expression()

    def interpolated(self, token: Token) -> Node:
        if len(token.value) == 1:
            return Node("literal", value=token.value[0])
        parts: list[Node] = []
        for part in token.value:
            if isinstance(part, str):
                parts.append(Node("literal", value=part))
            else:
                inner = type(self)(self.text, part)
                parts.append(inner.expression())
                if inner.token.kind != "end":
                    raise RuleError("one expression in {}")
        return Node("text", parts=parts)
