"""`things` served: the roots, with input of every type, and the contract."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, cast

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from execution.contract import Contract, OnRun, prepare
from gating.directives import DenyMode, Public, requires
from gating.model import Access, Denied
from gating.ports import Offer
from schema import fields
from tests.differential import fates
from tests.differential.things import FEATURES, MONEY, Colour, Goat, Hit, Money, Sheep, Thing, Wolf


@dataclass(slots=True)
class Herd:
    """The context: what the caller holds, and what mutations did in their order."""

    access: Access
    log: list[str] = field(default_factory=list[str])

    async def refresh(self, fresh: bool = False) -> None:
        """Nothing changes."""


Info = strawberry.Info[Herd, None]


@strawberry.input
class Span:
    above: int | None = None
    below: int | None = 9
    colours: list[Colour] = strawberry.field(default_factory=lambda: [Colour.RED])


@strawberry.input
class Wanted:
    name: str
    span: Span | None = strawberry.UNSET
    spans: list[Span] | None = None
    start: str | None = strawberry.field(default="a", name="from")
    gated: int | None = strawberry.field(default=None, directives=[requires("beta", mode=DenyMode.REJECT)])


@strawberry.input(one_of=True)
class Either:
    number: int | None = strawberry.UNSET
    text: str | None = strawberry.UNSET


def _told(**arguments: Any) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _scalars(
    whole: int | None = 5,
    ratio: float | None = None,
    text: str | None = strawberry.UNSET,
    flag: bool = True,
    key: strawberry.ID | None = None,
    money: Money | None = None,
    at: datetime | None = None,
) -> str:
    return _told(whole=whole, ratio=ratio, text=text, flag=flag, key=key, money=money, at=at)


async def _composites(
    info: Info,
    wanted: Wanted | None = None,
    either: Either | None = strawberry.UNSET,
    names: list[str] | None = None,
    grid: list[list[int | None]] | None = None,
    colour: Colour = Colour.GREEN,
    limit: Annotated[int | None, strawberry.argument(name="class")] = 3,
) -> str:
    return f"{info.field_name}: " + _told(
        wanted=wanted, either=either, names=names, grid=grid, colour=colour, limit=limit
    )


def _thing(number: int) -> Any:
    return fates.Thing(number)


async def _some(start: int = 0, count: int = 2) -> Any:
    await asyncio.sleep(0)
    return [fates.Thing(start + each) for each in range(min(count, 5))]


def _hits(start: int = 0) -> Any:
    return fates.KINDS["hits"].value(start)


@strawberry.type
class Query:
    scalars: str = fields.field("", resolver=_scalars)
    composites: str | None = fields.field("", resolver=_composites)
    thing: Thing | None = fields.field("", resolver=_thing)
    things: list[Thing] = fields.field("", resolver=_some)
    few: list[Thing | None] | None = fields.field("", resolver=_some)
    hits: list[Hit] | None = fields.field("", resolver=_hits)
    vault: Thing | None = fields.field("", resolver=_thing, directives=[requires("alpha")])
    refused: Thing | None = fields.field("", resolver=_thing, directives=[requires("beta", mode=DenyMode.REJECT)])


@strawberry.type
class Noted:
    log: list[str]
    thing: Thing | None


async def _note(info: Info, number: int, text: str = "n") -> Any:
    """The order of the log shows that mutations run one after the other."""
    info.context.log.append(f"begin {text}")
    for _ in range(number % 4):
        await asyncio.sleep(0)
    info.context.log.append(f"end {text}")
    return Noted(log=list(info.context.log), thing=cast(Any, fates.Thing(number)))


@strawberry.type
class Mutation:
    note: Noted | None = fields.field("", resolver=_note, directives=[Public()])
    note_must: Noted = fields.field("", resolver=_note, directives=[Public()])
    keep: Noted | None = fields.field("", resolver=_note, directives=[requires("alpha", mode=DenyMode.REJECT)])


@dataclass(frozen=True, slots=True)
class OneOffer:
    """A plan for everything."""

    def for_denial(self, denied: Denied) -> tuple[Offer, ...]:
        return (Offer("all", "All of it"),)


def build_contract(on_run: OnRun) -> Contract:
    built = strawberry.Schema(
        query=Query, mutation=Mutation, types=[Sheep, Wolf, Goat], config=StrawberryConfig(scalar_map={Money: MONEY})
    )
    schema = cast(GraphQLSchema, cast(Any, built)._schema)
    return prepare(schema, offers=OneOffer(), features=FEATURES, on_run=on_run)
