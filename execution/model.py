"""What goes in and what comes out. Pure."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import orjson

from gating.model import Access

NONE: Mapping[str, Any] = MappingProxyType({})


class Operation(NamedTuple):
    """One request: a document, its variables as they came, and which operation of the document to run."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None


class Answer(NamedTuple):
    """One response, or one event of a subscription. `errors` and `extensions` are in wire form.

    `request_error` says that nothing ran: then there is no `data` entry at all.
    """

    data: dict[str, Any] | None = None
    errors: Sequence[dict[str, Any]] = ()
    extensions: Mapping[str, Any] = NONE
    request_error: bool = False

    def payload(self) -> dict[str, Any]:
        """The response map, entries in the specification's order, empty ones left out."""
        body: dict[str, Any] = {}
        if self.errors:
            body["errors"] = self.errors
        if not self.request_error:
            body["data"] = self.data
        if self.extensions:
            body["extensions"] = self.extensions
        return body

    def body(self) -> bytes:
        """The response map in JSON."""
        return orjson.dumps(self.payload())


class OperationContext(Protocol):
    """What execution needs of the context value that resolvers receive."""

    @property
    def access(self) -> Access:
        """What the caller holds: read once at the start of an operation and once for each event."""
        ...

    async def refresh(self, fresh: bool = False) -> None:
        """Reads `access` anew; called before each event of a subscription.

        `fresh`: from the authority, before what must be decided on it. Raises InvalidToken when the token speaks of
        entitlements that have changed since.
        """
        ...
