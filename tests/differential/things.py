"""A schema of plain Strawberry types with every shape that execution can meet: each kind of value, nullable and not,
from an attribute, from a resolver, from one that is awaited, and from one that answers an awaitable."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, NewType
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from gating.directives import Authenticated, DenyMode, requires
from schema import fields
from schema.access import Lockable
from tests.differential import fates

FEATURES = frozenset({"alpha", "beta"})
Money = NewType("Money", int)


def _to_money(value: Any) -> str:
    if value < 0:
        raise ValueError("owed")
    return f"{value} €"


MONEY = strawberry.scalar(name="Money", serialize=_to_money, parse_value=int)


@strawberry.enum
class Colour(Enum):
    RED = 0
    GREEN = 1
    BLUE = strawberry.enum_value(2, description="Like the sea.")


def _is_kind(kind: str) -> Any:
    def is_type_of(value: Any, _info: Any) -> bool:
        if value.kind == "raising":
            raise ValueError("secret")
        return value.kind == kind

    return staticmethod(is_type_of)


def _sound(root: strawberry.Parent[Any]) -> Any:
    return fates.answer(root.number, "sound", fates.KINDS["text"], must=False)


async def _flock(root: strawberry.Parent[Any], count: int = 2) -> Any:
    await asyncio.sleep(0)
    # Arguments are drawn large, too.
    return [fates.Animal(root.number + each, root.kind) for each in range(min(count, 3))]


@strawberry.interface
class Named:
    name: str


@strawberry.interface
class Animal(Named):
    number: int
    sound: str | None = fields.field("", resolver=_sound)


@strawberry.type
class Sheep(Animal):
    is_type_of = _is_kind("sheep")

    sound: str | None = fields.field("", resolver=_sound, directives=[requires("alpha")])
    flock: list[Annotated["Sheep", strawberry.lazy("tests.differential.things")]] = fields.field("", resolver=_flock)


@strawberry.type
class Wolf(Animal):
    is_type_of = _is_kind("wolf")

    pack: list[Annotated["Wolf", strawberry.lazy("tests.differential.things")]] | None = fields.field(
        "", resolver=_flock, directives=[requires("beta")]
    )


@strawberry.type
class Goat(Animal):
    """`legs` is another type's number of wolves: the same response name may mean another field."""

    is_type_of = _is_kind("goat")

    legs: int = fields.field("", resolver=lambda: 4)


LazyThing = Annotated["Thing", strawberry.lazy("tests.differential.things")]
Hit = Annotated[LazyThing | Sheep | Wolf, strawberry.union("Hit")]

TYPES: dict[str, Any] = {
    "text": str,
    "whole": int,
    "ratio": float,
    "flag": bool,
    "key": strawberry.ID,
    "at": datetime,
    "day": date,
    "clock": time,
    "price": Decimal,
    "token": UUID,
    "money": Money,
    "data": JSON,
    "colour": Colour,
    "names": list[str],
    "gaps": list[str | None],
    "matrix": list[list[int]],
    "loose": list[list[int | None] | None],
    "thing": LazyThing,
    "things": list[LazyThing],
    "rare": list[LazyThing | None],
    "grid": list[list[LazyThing]],
    "beast": Animal,
    "beasts": list[Animal | None],
    "hit": Hit,
    "hits": list[Hit],
    "sheep": Sheep,
}
"""For each of `fates.KINDS`; where it is nullable, it is the whole that is."""


def _at_once(name: str, kind: fates.Kind, must: bool) -> Callable[..., Any]:
    def told(root: strawberry.Parent[Any], shift: int = 0) -> Any:
        return fates.answer(root.number + shift, name, kind, must=must)

    return told


def _awaited(name: str, kind: fates.Kind, must: bool) -> Callable[..., Any]:
    async def told(root: strawberry.Parent[Any], shift: int = 0) -> Any:
        for _ in range((root.number + shift) % 3):
            await asyncio.sleep(0)
        return fates.answer(root.number + shift, name, kind, must=must)

    return told


def _awaitable(name: str, kind: fates.Kind, must: bool) -> Callable[..., Any]:
    def told(root: strawberry.Parent[Any], shift: int | None = None) -> Any:
        try:
            value = fates.answer(root.number + (shift or 0), name, kind, must=must)
        except Exception as fault:  # noqa: BLE001 - raised again by whoever awaits it
            value = fault
        return fates.Later(value)

    return told


WAYS: dict[str, Callable[[str, fates.Kind, bool], Callable[..., Any]] | None] = {
    "attribute": None,
    "resolved": _at_once,
    "awaited": _awaited,
    "later": _awaitable,
}


def _matrix() -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of every kind, way and nullability, with their types."""
    body: dict[str, Any] = {}
    annotations: dict[str, Any] = {}
    for kind, told in TYPES.items():
        for way, resolver_for in WAYS.items():
            for must in (False, True):
                name = f"{kind}_{way}{'_must' if must else ''}"
                resolver = resolver_for(name, fates.KINDS[kind], must) if resolver_for else None
                body[name] = fields.field("", resolver=resolver)
                annotations[name] = told if must else told | None
    return body, annotations


_FIELDS, _TYPES = _matrix()
_one = _awaited("thing", fates.KINDS["thing"], must=False)


@strawberry.type
class Thing(Lockable):
    is_type_of = fields.shows(fates.Thing)

    number: int
    hidden: LazyThing | None = fields.field("", resolver=_one, directives=[requires("alpha")])
    locked: LazyThing | None = fields.field("", resolver=_one, directives=[requires("beta", mode=DenyMode.LOCK)])
    seen: LazyThing | None = fields.field("", resolver=_one, directives=[Authenticated()])

    vars().update(_FIELDS)
    __annotations__.update(_TYPES)
