"""What the fields of `things` answer: mostly a value, now and then null, a value that cannot be told, or an exception.

It depends on the object's number and the field alone, so that whoever runs an operation meets the same faults at the
same places.
"""

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zlib import crc32

from errors import BadInput, Unavailable

SELDOM, OFTEN = 80, 14
"""One in so many raises, one is null, one cannot be told: of non-null fields and of nullable ones."""

TEXTS = ("plain", "", "Ünï ✓ 🚢", '"q" \\ /', "tab\t\nline", "\u2028\x7f", "a" * 300, "0")


@dataclass(frozen=True, slots=True)
class Thing:
    """One object. Whatever attribute is asked of it, it answers as the fate of its number and the name wants it."""

    number: int

    def __getattr__(self, name: str) -> Any:
        kind, _, rest = name.partition("_")
        if kind not in KINDS:
            raise AttributeError(name)
        return answer(self.number, name, KINDS[kind], must=rest.endswith("must"))


@dataclass(frozen=True, slots=True)
class Animal:
    """One class for all of them, so that only `kind` tells the type."""

    number: int
    kind: str

    @property
    def name(self) -> str:
        return f"{self.kind} {self.number}"


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """Awaited like a coroutine, but nobody minds if it never is."""

    value: Any

    def __await__(self) -> Generator[Any, Any, Any]:
        yield from asyncio.sleep(0).__await__()
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


@dataclass(frozen=True, slots=True)
class Kind:
    """Values by number, and what no type of the kind can tell."""

    value: Callable[[int], Any]
    untellable: Any


def fate(number: int, name: str, rarity: int) -> int:
    return crc32(f"{number}:{name}".encode()) % rarity


def answer(number: int, name: str, kind: Kind, *, must: bool) -> Any:
    match fate(number, name, SELDOM if must else OFTEN):
        case 0:
            raise fault(number)
        case 1:
            return None
        case 2:
            return kind.untellable
        case _:
            return kind.value(number)


def fault(number: int) -> Exception:
    return (BadInput("Not this one."), ValueError("secret"), Unavailable("Gone."))[number % 3]


def item(number: int, name: str, value: Any) -> Any:
    """One of a list: seldom null or an exception to come."""
    match fate(number, f"item {name}", 4 * SELDOM):
        case 0:
            return None
        case 1:
            return Later(fault(number))
        case 2 | 3 | 4:
            return Later(value)
        case _:
            return value


def items(number: int, name: str, value: Callable[[int], Any]) -> Any:
    """None to three, in a list or a tuple."""
    found = [item(each, name, value(each)) for each in range(number + 1, number + 1 + fate(number, name, 4))]
    return tuple(found) if number % 5 == 0 else found


def animal(number: int) -> Animal:
    kinds = ("sheep", "wolf", "goat")
    odd = {0: "ghost", 1: "raising"}
    return Animal(number, odd.get(fate(number, "kind", SELDOM)) or kinds[number % 3])


def whole(number: int) -> Any:
    return (number * 7 - 50, float(number), str(number), number % 2 == 0)[number % 4]


def grid(number: int, name: str, value: Callable[[int], Any]) -> Any:
    return items(number, f"rows of {name}", lambda row: items(row, name, value))


BEGUN = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)

KINDS: dict[str, Kind] = {
    "text": Kind(lambda n: TEXTS[n % len(TEXTS)], {"no": "text"}),
    "whole": Kind(whole, 2**40),
    "ratio": Kind(lambda n: (n / 7, n, 1e300 * n, -0.0)[n % 4], float("nan")),
    "flag": Kind(lambda n: (n % 2 == 0, n % 3)[n % 2], "yes"),
    "key": Kind(lambda n: (f"key {n}", n)[n % 2], 1.5),
    "at": Kind(lambda n: BEGUN + timedelta(hours=n, microseconds=n % 2), "never"),
    "day": Kind(lambda n: date(2026, 1, 1) + timedelta(days=n), 5),
    "clock": Kind(lambda n: time(n % 24, n % 60), "noon"),
    "price": Kind(lambda n: Decimal(n) / 8, None),
    "token": Kind(lambda n: UUID(int=n), None),
    "money": Kind(lambda n: n, -1),
    "data": Kind(lambda n: {"z": n, "a": [None, {"ü": 1.5}], "": True}, None),
    "colour": Kind(lambda n: n % 3, "mauve"),
    "names": Kind(lambda n: items(n, "names", lambda each: TEXTS[each % len(TEXTS)]), 5),
    "gaps": Kind(lambda n: items(n, "gaps", lambda each: each if each % 3 else None), "text"),
    "matrix": Kind(lambda n: grid(n, "matrix", whole), [5]),
    "loose": Kind(lambda n: grid(n, "loose", lambda each: each if each % 3 else None), [[{}]]),
    "thing": Kind(lambda n: Thing(n + 1), None),
    "things": Kind(lambda n: items(n, "things", Thing), 5),
    "rare": Kind(lambda n: items(n, "rare", lambda each: Thing(each) if each % 3 else None), "text"),
    "grid": Kind(lambda n: grid(n, "grid", Thing), [Thing(1)]),
    "beast": Kind(animal, Animal(1, "ghost")),
    "beasts": Kind(lambda n: items(n, "beasts", animal), [Animal(1, "raising")]),
    "hit": Kind(lambda n: animal(n) if n % 2 else Thing(n), Animal(1, "goat")),
    "hits": Kind(lambda n: items(n, "hits", lambda each: animal(each) if each % 3 == 1 else Thing(each)), 5),
    "sheep": Kind(lambda n: Animal(n, "sheep"), Animal(1, "wolf")),
}
