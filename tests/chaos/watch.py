"""Asks all the time what members may do, and writes down what was decided, and when."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from content.model import Kind
from content.seed import entry_id, seed_content
from execution.execute import execute
from execution.model import Answer, Operation
from identity.model import Kind as Caller
from identity.model import Principal
from resolvers.context import build_context
from tests.chaos.house import House

PAUSE_SECONDS, PAUSES = 0.008, 3
"""After each question, and how many times as long as it took: on a slow machine those watched need their time too."""

EVERY_FEATURE = frozenset({"content_premium", "downloads", "analytics", "archive", "api_access", "live_updates"})
QUERY = """query Probe($article: String!, $download: String!) {
  article: content(slug: $article) { ... on Article { body readCount } }
  download: content(slug: $download) { ... on Download { fileUrl } }
  me { apiAccess { endpoint } }
}"""
DECIDED_BY_QUERY = frozenset({"content_premium", "downloads", "analytics", "api_access"})
DENIED = {"ENTITLEMENT_REQUIRED"}


@dataclass(frozen=True, slots=True)
class Decision:
    """`held` of the features `about`; asked and answered in monotonic seconds.

    `by_clock`: the twin's time at the question, after each leap until the answer, and at the answer.
    """

    member: str
    by: str
    asked: float
    answered: float
    by_clock: tuple[float, ...]
    about: frozenset[str]
    held: frozenset[str]
    lossy_since: float | None


class _Asked(NamedTuple):
    at: float
    by_clock: float
    leaps: int


@dataclass
class Watch:
    """`lossy_since`: since when news may be lost, and what was true then may still be all that is known."""

    house: House
    members: Sequence[str]
    dice: Random
    slugs: dict[str, str] = field(default_factory=dict[str, str])
    decisions: list[Decision] = field(default_factory=list[Decision])
    faults: list[str] = field(default_factory=list[str])
    lossy_since: float | None = None
    ended: bool = False

    async def prepare(self) -> None:
        await seed_content(self.house.database, self.house.clock.now())
        ids = {"article": entry_id(Kind.ARTICLE, 0), "download": entry_id(Kind.DOWNLOAD, 0)}
        rows = await self.house.database.fetch(
            "SELECT id, slug FROM content WHERE id = ANY(:ids)", {"ids": [*ids.values()]}
        )
        by_id = {row.id: row.slug for row in rows}
        self.slugs = {name: by_id[id] for name, id in ids.items()}

    async def run(self) -> None:
        """Until it is `ended`."""
        while not self.ended:
            began, member = time.monotonic(), self.dice.choice(self.members)
            await (self.ask_store(member) if self.dice.random() < 0.7 else self.ask_schema(member))
            await asyncio.sleep(max(PAUSE_SECONDS, PAUSES * (time.monotonic() - began)))

    async def ask_store(self, member: str) -> None:
        asked = self._asked()
        access = await self.house.store.access_for(Principal(Caller.MEMBER, member))
        if access.available:
            self._note(member, "store", asked, EVERY_FEATURE, access.features)
        else:
            self.faults.append(f"{member}: nothing could be read")

    async def ask_schema(self, member: str) -> None:
        """As an HTTP request would reach it."""
        asked = self._asked()
        contract = self.house.contract
        context = await build_context(Principal(Caller.MEMBER, member), self.house.services, contract.schema)
        answer = await execute(contract, Operation(QUERY, self.slugs), context)
        codes = {error.get("extensions", {}).get("code", error["message"]) for error in answer.errors}
        if codes - DENIED:
            self.faults.append(f"{member}: the schema answers {sorted(codes)}")
        elif (answer.data or {}).get("me"):  # before the first news of a member there is none
            self._note(member, "schema", asked, DECIDED_BY_QUERY, opened(answer))

    def _asked(self) -> _Asked:
        clock = self.house.clock
        return _Asked(time.monotonic(), clock.seconds(), len(clock.landings))

    def _note(self, member: str, by: str, asked: _Asked, about: frozenset[str], held: frozenset[str]) -> None:
        clock = self.house.clock
        by_clock = (asked.by_clock, *clock.landings[asked.leaps :], clock.seconds())
        made = Decision(member, by, asked.at, time.monotonic(), by_clock, about, held, self.lossy_since)
        self.decisions.append(made)


def opened(answer: Answer) -> frozenset[str]:
    """The features whose fields were answered."""
    data = answer.data or {}
    fields = {
        "content_premium": data["article"]["body"],
        "analytics": data["article"]["readCount"],
        "downloads": data["download"]["fileUrl"],
        "api_access": data["me"]["apiAccess"],
    }
    return frozenset(feature for feature, value in fields.items() if value is not None)
