"""A failing document made small: whatever can be left out while it still fails is left out."""

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from graphql import REMOVE, DocumentNode, Node, Visitor, parse, print_ast, visit

Fails = Callable[[str], Awaitable[bool]]
PARTS = ("operation_definition", "field", "inline_fragment", "fragment_spread", "directive", "argument")


async def reduced(query: str, fails: Fails) -> str:
    """`fails` is true of `query`, and false of what is no valid document."""
    while True:
        for smaller in _candidates(parse(query)):
            if await fails(smaller):
                query = smaller
                break
        else:
            return query


def _candidates(document: DocumentNode) -> Iterator[str]:
    """The document without one of its parts, each in turn, those that hold others before them."""
    number = 0
    while True:
        cut = _Cut(number)
        smaller = visit(document, cut)
        if cut.left >= 0:
            return
        yield print_ast(_tidied(smaller))
        number += 1


class _Cut(Visitor):
    """Removes the part with this number; `left` is below 0 once it has."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.left = number

    def enter(self, node: Node, *_: Any) -> Any:
        if self.left < 0 or node.kind not in PARTS:
            return None
        self.left -= 1
        return REMOVE if self.left < 0 else None


class _Unused(Visitor):
    """Removes fragments and variables whose names come only once."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def enter_fragment_definition(self, node: Any, *_: Any) -> Any:
        return REMOVE if len(re.findall(rf"\b{node.name.value}\b", self._text)) < 2 else None

    def enter_variable_definition(self, node: Any, *_: Any) -> Any:
        return REMOVE if len(re.findall(rf"\${node.variable.name.value}\b", self._text)) < 2 else None


def _tidied(document: DocumentNode) -> DocumentNode:
    text = print_ast(document)
    tidied = visit(document, _Unused(text))
    return document if print_ast(tidied) == text else _tidied(tidied)
