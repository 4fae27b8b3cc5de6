"""What Stripe holds when so many of a history's events have happened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.stripe_server.history import History


@dataclass
class World:
    """`position` counts the events that have happened. Objects are as their latest event shows them."""

    history: History
    position: int = 0
    _objects: dict[int, dict[str, Mapping[str, Any]]] = field(default_factory=dict[int, dict[str, Mapping[str, Any]]])

    @property
    def at_end(self) -> bool:
        return self.position == len(self.history.steps)

    def objects(self) -> Mapping[str, Mapping[str, Any]]:
        """Every object by id, as of now."""
        return self._objects_at(self.position)

    def _objects_at(self, position: int) -> dict[str, Mapping[str, Any]]:
        if position not in self._objects:
            before: dict[str, Mapping[str, Any]] = {}
            for step in self.history.steps[:position]:
                subject = step.event["data"]["object"]
                if "id" in subject:
                    before[subject["id"]] = subject
            self._objects[position] = before
        return self._objects[position]
