"""A resolver that answers for many objects, as the interpreter calls it: one after the other, some of them in vain."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import strawberry

from resolvers.context import Info
from resolvers.together import together


@dataclass
class Loaded:
    """All of a context that the resolver looks at."""

    loaders: dict[Any, Any] = field(default_factory=dict[Any, Any])


class Titled(Protocol):
    title: str


async def count_pages(books: Sequence[Titled], info: Info) -> Sequence[int]:
    for _ in range(10):
        await asyncio.sleep(0)
    return [len(book.title) for book in books]


@strawberry.type
class Book:
    title: str
    pages: int = strawberry.field(resolver=together(count_pages))


@strawberry.type
class Shelf:
    book: Book
    sound: bool

    @strawberry.field
    async def check(self) -> int:
        await asyncio.sleep(0)
        if not self.sound:
            raise ValueError("it has fallen down")
        return 1


@strawberry.type
class Query:
    @strawberry.field
    def shelves(self) -> list[Shelf | None]:
        one, other = Book(title="Emma"), Book(title="Persuasion")
        return [Shelf(book=one, sound=True), Shelf(book=one, sound=False), Shelf(book=other, sound=True)]


async def test_what_one_place_no_longer_waits_for_the_others_still_get() -> None:
    """The same book lies on a shelf whose check fails, and on one whose does not."""
    schema = strawberry.Schema(Query)
    answer = await schema.execute("{ shelves { check book { pages } } }", context_value=Loaded())
    assert [error.message for error in answer.errors or ()] == ["it has fallen down"]
    assert answer.data == {"shelves": [{"check": 1, "book": {"pages": 4}}, None, {"check": 1, "book": {"pages": 10}}]}
