"""What was demanded when, for every member: the twin's log, read from its first line to its last."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from twin.core.store import Entry, Object, inside
from twin.demands import NONE, NOTHING, Book, Demands, Rules, Suspended, left_of


@dataclass(slots=True)
class Told:
    """What a customer's subscriptions gave and its disputes took, each from which line of the log on, oldest first."""

    given: list[tuple[int, Demands]] = field(default_factory=lambda: [(-1, NOTHING)])
    suspended: list[tuple[int, Suspended]] = field(default_factory=lambda: [(-1, NONE)])

    def last(self) -> Demands:
        return left_of(self.given[-1][1], self.suspended[-1][1])


def demands_of(log: Sequence[Entry], rules: Rules, member_key: str) -> dict[str, dict[str, Told]]:
    """By member and customer. A member is whom a customer's metadata names under `member_key`, or a completed checkout
    as its reference.
    """
    reading = _Reading(rules, members_of(log, member_key))
    for number, line in enumerate(log):
        if line.version is not None:
            reading.read(number, line.version)
    return reading.told


def members_of(log: Sequence[Entry], member_key: str) -> dict[str, str]:
    """By customer."""
    found: dict[str, str] = {}
    for line in log:
        version = line.version
        if version is None:
            continue
        if version["object"] == "customer" and (named := inside(version, "metadata", member_key)):
            found[line.id] = named
        elif version["object"] == "checkout.session" and version["status"] == "complete":
            found[version["customer"]] = version["client_reference_id"]
    return found


@dataclass(slots=True)
class _Reading:
    rules: Rules
    members: dict[str, str]
    customer_of: dict[str, str] = field(default_factory=dict[str, str])
    """By charge or invoice."""
    books: dict[str, Book] = field(default_factory=dict[str, Book])
    told: dict[str, dict[str, Told]] = field(default_factory=dict[str, dict[str, Told]])

    def read(self, number: int, version: Object) -> None:
        kind: str = version["object"]
        if kind in ("charge", "invoice"):
            self.customer_of[version["id"]] = version["customer"]
        failed = kind == "event" and version["type"] == "invoice.payment_failed"
        if failed or kind in ("customer", "subscription", "invoice", "invoice_payment", "dispute"):
            self._note(number, version)

    def _note(self, number: int, version: Object) -> None:
        customer = self._customer(version)
        book = self.books.setdefault(customer, Book())
        book.note(version)
        told = self.told.setdefault(self.members[customer], {}).setdefault(customer, Told())
        given, suspended = book.demands(self.rules), book.suspended()
        if given != told.given[-1][1]:
            told.given.append((number, given))
        if suspended != told.suspended[-1][1]:
            told.suspended.append((number, suspended))

    def _customer(self, version: Object) -> str:
        match version["object"]:
            case "dispute":
                return self.customer_of[version["charge"]]
            case "invoice_payment":
                return self.customer_of[version["invoice"]]
            case "event":
                return version["data"]["object"]["customer"]
            case "customer":
                return version["id"]
            case _:
                return version["customer"]
