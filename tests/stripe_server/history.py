"""Recorded histories: events in Stripe's shape, and what must be true after each."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

FOLDER = Path(__file__).parents[1] / "fixtures" / "histories"
OWN_IDS = re.compile(
    r"\b(?:cus|sub|sub_sched|evt|in|inpay|il|ch|pi|du|dp|si|cs_test|seti|pm|re|txn|req|ent_test)_[A-Za-z0-9]+\b"
    r"|\buser_[0-9]+\b"
)
"""Ids that belong to one customer, unlike those of products and prices."""


@dataclass(frozen=True)
class Step:
    """One event, and what must be true once it has happened."""

    event: Mapping[str, Any]
    expected: Mapping[str, Any]

    @property
    def id(self) -> str:
        return self.event["id"]

    @property
    def created(self) -> int:
        return self.event["created"]


@dataclass(frozen=True)
class History:
    name: str
    customer_id: str
    member_id: str
    catalogue: Mapping[str, Any]
    policy: Mapping[str, Any]
    steps: tuple[Step, ...]

    def renamed(self, suffix: str) -> "History":
        """The same history of another customer: every id of its own ends in `suffix`, which must be alphanumeric."""
        text = orjson.dumps([[step.event, step.expected] for step in self.steps]).decode()
        steps = orjson.loads(OWN_IDS.sub(lambda found: found[0] + suffix, text))
        own = {"customer_id": self.customer_id + suffix, "member_id": self.member_id + suffix}
        return History(self.name, own["customer_id"], own["member_id"], self.catalogue, self.policy, _steps(steps))


def _steps(pairs: Iterable[Iterable[Mapping[str, Any]]]) -> tuple[Step, ...]:
    return tuple(Step(*pair) for pair in pairs)


@cache
def load_histories(folder: Path = FOLDER) -> tuple[History, ...]:
    """Every history in the folder, by name."""
    return tuple(_history(orjson.loads(path.read_bytes())) for path in sorted(folder.glob("*.json")))


def _history(recorded: Mapping[str, Any]) -> History:
    pairs = [(entry["event"], entry["expected_after"]) for entry in recorded["events"]]
    return History(
        recorded["id"],
        recorded["customer"],
        recorded["user_id"],
        recorded["catalogue"],
        recorded["policy"],
        _steps(pairs),
    )
