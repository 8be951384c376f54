"""Reads a CEL expression into its parts, each with the place where it stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["literal", "name", "list", "map", "op", "call", "method", "field", "index", "choice"]

DEEPEST = 40
"""Brackets inside each other, and so calls of the reader."""
LONGEST_CHAIN = 200
"""Parts inside each other: `a || b || c` are three. Whatever walks through them has the stack."""

BINARY = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%"), 5),
}
_LITERALS = {"true": "bool", "false": "bool", "null": "null"}
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    | (?P<text>[bB]?[rR][bB]?(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')
        | [bB]?(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}
        | "(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    | (?P<double>\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
    | (?P<uint>(?:0[xX][0-9a-fA-F]+|\d+)[uU])
    | (?P<int>0[xX][0-9a-fA-F]+|\d+)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<sign>\|\||&&|==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)


class Unreadable(ValueError):
    """An expression, or a part of one, that is not read here; `at` is the place in its text."""

    def __init__(self, at: int, words: str) -> None:
        super().__init__(words)
        self.at = at


class Token(NamedTuple):
    kind: str
    said: str
    at: int


@dataclass(frozen=True, slots=True)
class Node:
    """One part of an expression, from `at` to `end` in its text.

    `name` is the sign, the function, the field, or what a literal is. The parts of a method begin
    with what it is asked of.
    """

    kind: Kind
    at: int
    end: int
    name: str = ""
    parts: tuple["Node", ...] = ()
    depth: int = 1

    @property
    def constant(self) -> bool:
        """Whether it reads nothing, so that it always comes to the same."""
        return self.kind != "name" and all(part.constant for part in self.parts)


def parse(text: str) -> Node:
    """The whole expression; Unreadable for what is none, or is nested too deeply."""
    reader = _Reader(text, list(_tokens(text)))
    node = reader.expression(0)
    reader.expect("")
    return node


def walk(node: Node) -> Iterator[Node]:
    """The node and all parts within it."""
    yield node
    for part in node.parts:
        yield from walk(part)


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise Unreadable(at, "This is not a part of an expression.")
        if found.lastgroup != "space":
            yield Token(found.lastgroup, found[0], at)
        at = found.end()
    yield Token("end", "", at)


@dataclass(slots=True)
class _Reader:
    """The tokens of a text and how far it has been read."""

    text: str
    tokens: list[Token]
    place: int = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        token = self.next
        self.place += token.kind != "end"
        return token

    def accept(self, *signs: str) -> bool:
        """Goes past the sign where one of these comes next."""
        found = self.next.kind in {"sign", "end"} and self.next.said in signs
        self.place += found and self.next.kind != "end"
        return found

    def expect(self, sign: str) -> int:
        """Where the sign that has to come next ends."""
        token = self.next
        if not self.accept(sign):
            raise Unreadable(token.at, f"{sign or 'The end'} is expected here.")
        return token.at + len(sign)

    def expression(self, depth: int) -> Node:
        """`a ? b : c`, which binds the least."""
        asked = self.binary(1, depth)
        if not self.accept("?"):
            return asked
        yes = self.binary(1, depth)
        self.expect(":")
        no = self.expression(depth + 1)
        return _node("choice", asked.at, no.end, "?", (asked, yes, no))

    def binary(self, binds: int, depth: int) -> Node:
        node = self.unary(depth)
        while (precedence := BINARY.get(self.next.said, 0)) >= binds and self.next.kind != "text":
            sign = self.take().said
            right = self.binary(precedence + 1, depth)
            node = _node("op", node.at, right.end, sign, (node, right))
        return node

    def unary(self, depth: int) -> Node:
        signs = []
        while self.next.kind == "sign" and self.next.said in "!-":
            signs.append(self.take())
        node = self.member(depth)
        for sign in reversed(signs):
            node = _node("op", sign.at, node.end, sign.said, (node,))
        return node

    def member(self, depth: int) -> Node:
        node = self.primary(depth)
        while True:
            if self.accept("."):
                node = self.field(node, depth)
            elif self.accept("["):
                index = self.expression(depth + 1)
                node = _node("index", node.at, self.expect("]"), "[]", (node, index))
            else:
                return node

    def field(self, node: Node, depth: int) -> Node:
        token = self.take()
        if token.kind != "name":
            raise Unreadable(token.at, "The name of a field is expected here.")
        if not self.accept("("):
            end = token.at + len(token.said)
            return _node("field", node.at, end, token.said, (node,))
        arguments, end = self.listed(")", depth)
        return _node("method", node.at, end, token.said, (node, *arguments))

    def primary(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise Unreadable(self.next.at, f"It is nested more than {DEEPEST} deep.")
        self.accept(".")
        kind, said, at = token = self.take()
        if token.kind == "sign":
            return self.bracketed(token, depth)
        if kind == "name" and said not in _LITERALS:
            if not self.accept("("):
                return Node("name", at, at + len(said), said)
            arguments, end = self.listed(")", depth)
            return _node("call", at, end, said, tuple(arguments))
        if kind == "end":
            raise Unreadable(at, "The expression is not complete.")
        if kind == "text":
            kind = "bytes" if "b" in re.split("[\"']", said.lower())[0] else "string"
        return Node("literal", at, at + len(said), _LITERALS.get(said, kind))

    def bracketed(self, token: Token, depth: int) -> Node:
        if token.said == "(":
            inner = self.expression(depth + 1)
            end = self.expect(")")
            return Node(inner.kind, token.at, end, inner.name, inner.parts, inner.depth)
        if token.said == "[":
            parts, end = self.listed("]", depth)
            return _node("list", token.at, end, "[]", tuple(parts))
        if token.said == "{":
            parts, end = self.listed("}", depth)
            return _node("map", token.at, end, "{}", tuple(parts))
        raise Unreadable(token.at, "A value is expected here.")

    def listed(self, close: str, depth: int) -> tuple[list[Node], int]:
        """What stands between brackets, with commas, or colons where it is a map."""
        parts: list[Node] = []
        while self.next.said != close or self.next.kind != "sign":
            parts.append(self.expression(depth + 1))
            if close == "}":
                self.expect(":")
                parts.append(self.expression(depth + 1))
            if not self.accept(","):
                break
        return parts, self.expect(close)


def _node(kind: Kind, at: int, end: int, name: str, parts: tuple[Node, ...]) -> Node:
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > LONGEST_CHAIN:
        raise Unreadable(at, f"It has more than {LONGEST_CHAIN} parts inside each other.")
    return Node(kind, at, end, name, parts, depth)
