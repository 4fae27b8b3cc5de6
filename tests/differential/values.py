"""What exists to be asked for: texts, ids and cursors found in earlier answers, by the place they were found at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

JUNK = (
    "",
    "nothing",
    "word",
    "Ünï ✓",
    "aut_nobody",
    "mem_\u202e",
    "a" * 201,
    "x' OR 1=1",
    '"quoted" -words',
    "WyJuIl0",
)
"""Texts that lead nowhere, or are refused."""


@dataclass(slots=True, repr=False)
class Values:
    """`leaves` by `Type.field`, `cursors` by the field with arguments they were found under, `ids` of every type."""

    leaves: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    cursors: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    ids: dict[str, None] = field(default_factory=dict[str, None])
    _known: dict[tuple[str, str, str], Sequence[str]] = field(default_factory=dict[tuple[str, str, str], Sequence[str]])

    def __repr__(self) -> str:
        return "Values()"

    def add(self, coordinate: str, around: str, value: str, *, is_id: bool) -> None:
        """`around` is the nearest field with arguments that led to the leaf."""
        self._known.clear()
        self.leaves.setdefault(coordinate, {})[value] = None
        if is_id:
            self.ids[value] = None
        if coordinate.lower().endswith("cursor"):
            self.cursors.setdefault(around, {})[value] = None

    def candidates(self, coordinate: str, name: str, type_name: str) -> Sequence[str]:
        """Texts that may mean something to the argument or input field `name` of the field `coordinate`.

        Cursors go to what is called after Relay's `after`; else what was found in a field of that name, or on a type
        of that name, then ids for an ID, then any text. Never empty.
        """
        key = (coordinate, name, type_name)
        if key not in self._known:
            self._known[key] = tuple(self._candidates(*key)) or JUNK
        return self._known[key]

    def _candidates(self, coordinate: str, name: str, type_name: str) -> Mapping[str, None]:
        if name in ("after", "before"):
            return self.cursors.get(coordinate, {})
        near: dict[str, None] = {}
        for leaf, found in self.leaves.items():
            owner, _, leaf_name = leaf.partition(".")
            if leaf_name == name or owner.lower() == name.lower():
                near |= found
        if type_name == "ID":
            return {value: None for value in near if value in self.ids} or self.ids
        return near or {
            word: None for found in self.leaves.values() for text in list(found)[:3] for word in text.split()
        }
