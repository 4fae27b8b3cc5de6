"""Objects by id, each version kept: the state, its indexes and its log.

Objects are never changed in place. Whoever saves a new version may keep the old one: events do, the log does.
Keys that begin with `_` are the twin's own and are not shown.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeGuard

Object = dict[str, Any]

HOLDERS = ("items", "data", "price", "pending_update", "subscription_items")
"""Fields that hold whole objects rather than their ids."""


def is_object(value: object) -> TypeGuard[Object]:
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


PARENTS = ("customer", "subscription", "invoice", "product", "payment_intent", "charge", "coupon", "meter")
"""Fields by whose value objects are found."""


def inside(value: object, *path: str) -> Any:
    """What lies at a path of keys; None where any of them is missing."""
    for name in path:
        value = value.get(name) if is_object(value) else None
    return value


def entries(holder: Object, name: str) -> list[Any]:
    """The list under `name`; an empty one for none, or for the empty text that unsets it."""
    found: object = holder.get(name)
    return found if is_list(found) else []


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: `version` was saved when the twin's clock said `moment`; None when it was deleted."""

    moment: float
    id: str
    version: Object | None


@dataclass(slots=True)
class Store:
    objects: dict[str, Object] = field(default_factory=dict[str, Object])
    log: list[Entry] = field(default_factory=list[Entry])
    _kinds: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    _children: dict[tuple[str, str, str], dict[str, None]] = field(
        default_factory=dict[tuple[str, str, str], dict[str, None]]
    )
    _undo: list[Callable[[], object]] = field(default_factory=list[Callable[[], object]])

    def save(self, version: Object, moment: float) -> None:
        id: str = version["id"]
        before = self.objects.get(id)
        self.objects[id] = version
        self.log.append(Entry(moment, id, version))
        self._undo.append(lambda: self._restore(id, before))
        self._index(version)

    def replace(self, version: Object) -> None:
        """A new version of what is there already, that is neither logged nor undone."""
        self.objects[version["id"]] = version

    def delete(self, id: str, moment: float) -> None:
        before = self.objects.pop(id)
        self.log.append(Entry(moment, id, None))
        self._undo.append(lambda: self._restore(id, before))

    def _restore(self, id: str, before: Object | None) -> None:
        self.log.pop()
        if before is None:
            kind = self.objects.pop(id)["object"]
            self._kinds[kind].pop(id, None)
        else:
            self.objects[id] = before

    def _index(self, version: Object) -> None:
        kind, id = version["object"], version["id"]
        self._kinds.setdefault(kind, {})[id] = None
        for name in PARENTS:
            value = parent_of(version, name)
            if value is not None:
                self._children.setdefault((kind, name, value), {})[id] = None

    def find(self, kind: str, id: str) -> Object | None:
        """The object, if there is one of that kind."""
        found = self.objects.get(id)
        return found if found is not None and found["object"] == kind else None

    def of_kind(self, kind: str) -> Iterator[Object]:
        """All of a kind, oldest first."""
        return (self.objects[id] for id in list(self._kinds.get(kind, ())) if id in self.objects)

    def children(self, kind: str, name: str, value: str) -> Iterator[Object]:
        """Those of a kind whose `name` is `value` now, oldest first."""
        ids = list(self._children.get((kind, name, value), ()))
        found = (self.objects[id] for id in ids if id in self.objects)
        return (version for version in found if parent_of(version, name) == value)

    def commit(self) -> None:
        """What was saved so far stays."""
        self._undo.clear()

    def mark(self) -> int:
        """A point to go back to."""
        return len(self._undo)

    def roll_back(self, mark: int = 0) -> None:
        """Undoes what was saved since `mark`, newest first."""
        while len(self._undo) > mark:
            self._undo.pop()()


def parent_of(version: Object, name: str) -> str | None:
    """The id that `version` names its `name`; an invoice names its subscription in its `parent`."""
    value: object = version.get(name, version.get(f"_{name}"))
    if value is None and name == "subscription":
        value = inside(version, "parent", "subscription_details", "subscription")
    if is_object(value):
        value = value.get("id")
    return value if isinstance(value, str) else None


def shown(version: Object) -> Object:
    """Without what is the twin's own, also in the objects it holds."""
    return {name: bare(name, value) for name, value in version.items() if name[0] != "_"}


def bare(name: str, value: Any) -> Any:
    """A field's value as it is shown; only some fields hold whole objects."""
    if name not in HOLDERS:
        return value
    if is_list(value):
        return [shown(each) if is_object(each) else each for each in value]
    return shown(value) if is_object(value) else value
