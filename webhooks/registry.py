"""Which function hears which type of event: `@on("invoice.*")` beside the function is all it takes."""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from billing.state import Node

Handler = Callable[[Mapping[str, Any]], Iterable[Node]]
"""From an event's object to the objects whose customers have to be synced. Pure and total."""


REMEMBERED = 512
"""Types of events; Stripe has some three hundred."""


class Registry:
    """Handlers by pattern of the event's type (`*` stands for anything)."""

    def __init__(self) -> None:
        self._handlers: list[tuple[str, Handler]] = []
        self._handlers_of = lru_cache(REMEMBERED)(self._find_handlers)

    def on(self, *patterns: str) -> Callable[[Handler], Handler]:
        """Registers the function for each pattern."""

        def register(handler: Handler) -> Handler:
            self._handlers.extend((pattern, handler) for pattern in patterns)
            self._handlers_of.cache_clear()
            return handler

        return register

    @property
    def patterns(self) -> tuple[str, ...]:
        """What to enable at Stripe."""
        return tuple(sorted({pattern for pattern, _ in self._handlers}))

    def knows(self, type: str) -> bool:
        return bool(self._handlers_of(type))

    def signals_of(self, type: str, subject: Mapping[str, Any]) -> tuple[Node, ...]:
        """All that the handlers of this type name, once each; nothing for a type that nobody hears."""
        handlers = self._handlers_of(type)
        found = [node for handler in handlers for node in handler(subject)]
        return tuple(found if len(found) < 2 else dict.fromkeys(found))

    def _find_handlers(self, type: str) -> tuple[Handler, ...]:
        return tuple(handler for pattern, handler in self._handlers if fnmatchcase(type, pattern))
