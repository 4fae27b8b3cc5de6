"""Generated rows: all that the tables allow, from a seed. No instant is left to the clock, so seeds decide alone.

Rows that the schema cannot tell (a null where a field is non-null, a number beyond 32 bits, a lesson of a draft, a
lesson as a bookmark) come only where `broken`, since one of them may null a whole answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from billing.mirror import encode_subscription
from billing.model import Catalogue
from billing.state import Subscription, SubscriptionItem
from content.walled import BODY_FEATURE, FILE_FEATURE, STATS_FEATURE
from gating.model import Grant, LimitGrant, Source
from gating.record import record_grants
from storage.database import Database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORDS = (
    "harbour",
    "Ünïcode",
    "✓ 🚢",
    '"quoted"',
    "back\\slash",
    "tab\there",
    "line\nbreak",
    "ro'pe",
    "\u2028",
    "a<b>&c",
    "ﬁ",
    "0",
)
TAGS = ("t", "Ünï ✓", "two words", '"q"', "z,z")
FREE_MEMBER, PRO_MEMBER, ENTERPRISE_MEMBER = "mem_rows_free", "mem_rows_pro", "mem_rows_enterprise"
MEMBERS = (FREE_MEMBER, PRO_MEMBER, ENTERPRISE_MEMBER, "mem_rows_lapsed", "mem_rows_new", "mem_rows_none")
"""No other test's, since all share one cache."""
COUNTS = {"article": 14, "post": 6, "course": 7, "download": 7}
LESSONS = (0, 1, 2, 9, 3, 0, 5)
"""By course: many, some, none."""
STATUSES = ("active", "trialing", "past_due", "canceled", "unpaid", "incomplete", "paused")


@dataclass(frozen=True, slots=True)
class Rows:
    """For one table: its columns and the values of each row."""

    table: str
    columns: tuple[str, ...]
    values: Sequence[tuple[Any, ...]]


CONTENT = (
    *("id", "kind", "slug", "title", "teaser", "author_id", "parent_id", "position", "tags", "open_body"),
    *("file_name", "size_bytes", "created_at", "published_at", "archived_at"),
)


def all_rows(seed: int, *, broken: bool) -> Iterable[Rows]:
    """In an order in which they can be inserted."""
    random = Random(seed)
    authors = [(f"aut_{n}", _text(random), random.choice((None, "", _text(random))), _at(random)) for n in range(4)]
    content = [*_content(random, broken)]
    yield Rows("author", ("id", "name", "bio", "created_at"), authors)
    yield Rows("content", CONTENT, content)
    yield from _walled(random, [(row[0], row[1]) for row in content], broken)
    yield from _people(random, [row[0] for row in content if broken or row[1] != "lesson"])


def _content(random: Random, broken: bool) -> Iterable[tuple[Any, ...]]:
    for kind, count in COUNTS.items():
        for number in range(count):
            draft = number % 5 == 4 and (broken or kind != "course")
            yield _entry(random, kind, number, broken, draft=draft)
    for course, lessons in enumerate(LESSONS):
        for position in range(1, lessons + 1):
            draft = position % 4 == 3
            number = course * 10 + position
            yield _entry(random, "lesson", number, broken, draft=draft, parent=f"crs_{course}", position=position * 2)


PREFIXES = {"article": "art", "post": "pst", "course": "crs", "download": "dwn", "lesson": "les"}


def _entry(
    random: Random,
    kind: str,
    number: int,
    broken: bool,
    *,
    draft: bool,
    parent: str | None = None,
    position: int | None = None,
) -> tuple[Any, ...]:
    open_body = None if kind in ("article", "lesson") else random.choice((None, "", _text(random)))
    gaps = broken and number % 3 == 0
    file_name, size = (None, None) if kind != "download" or gaps else (f"{_text(random)}.pdf", random.randrange(2**31))
    created = _at(random)
    return (
        f"{PREFIXES[kind]}_{number}",
        kind,
        f"{kind}-{number}",
        _text(random),
        random.choice(("", _text(random), _text(random))),
        f"aut_{random.randrange(3)}",
        parent,
        position,
        random.sample(TAGS, random.choice((0, 1, 2, 4))),
        open_body,
        file_name,
        size,
        created,
        None if draft else created + timedelta(days=random.choice((0, 0, 1))),
        NOW if random.random() < 0.15 else None,
    )


def _walled(random: Random, content: Sequence[tuple[str, str]], broken: bool) -> Iterable[Rows]:
    """Not for every entry, and some require another feature than usual."""

    def rows(table: str, column: str, feature: str, kinds: tuple[str, ...], value: Any) -> Rows:
        chosen = [entry_id for entry_id, kind in content if kind in kinds and random.random() < 0.85]
        features = [random.choice((feature, feature, feature, "archive", "live_updates")) for _ in chosen]
        values = [(one, wanted, value()) for one, wanted in zip(chosen, features, strict=True)]
        return Rows(table, ("content_id", "required_feature", column), values)

    most = 2**33 if broken else 2**31
    yield rows("content_body", "body", BODY_FEATURE, ("article", "lesson"), lambda: _text(random) * 3)
    yield rows(
        "content_file", "file_url", FILE_FEATURE, ("download",), lambda: f"https://files.example/{_text(random)}"
    )
    yield rows("content_stats", "read_count", STATS_FEATURE, tuple(PREFIXES), lambda: random.randrange(most))


def _people(random: Random, content_ids: Sequence[str]) -> Iterable[Rows]:
    people = [
        (one, random.choice((None, f"{one}@example.com")), random.choice((None, "", _text(random))), _at(random))
        for one in MEMBERS
    ]
    yield Rows("member", ("id", "email", "name", "created_at"), people)
    kept = [
        (member, entry, _at(random))
        for member, share in zip(MEMBERS, (0.3, 0.6, 0.9, 0, 0, 0.1), strict=True)
        for entry in content_ids
        if random.random() < share
    ]
    yield Rows("bookmark", ("member_id", "content_id", "created_at"), kept)
    meters = ("api_calls", "articles_read", "downloads")
    counted = [
        (member, month, meter, random.randrange(2000))
        for member in MEMBERS[:4]
        for month in (date(2026, 2, 1), date(2026, 3, 1))
        for meter in meters
        if random.random() < 0.7
    ]
    yield Rows("usage_counter", ("member_id", "month", "meter", "used"), counted)
    days = [
        (member, NOW.date() - timedelta(days=days), meter, random.randrange(50))
        for member in MEMBERS[:4]
        for days in range(0, 40, 3)
        for meter in meters
        if random.random() < 0.5
    ]
    yield Rows("usage_daily", ("member_id", "day", "meter", "used"), days)
    yield from _payments(random)


def _payments(random: Random) -> Iterable[Rows]:
    begun = [_subscription(random, number) for number in range(9)]
    yield Rows(
        "subscription",
        ("id", "customer_id", "status", "created_at", "content"),
        [(one.id, one.customer_id, one.status, one.created_at, encode_subscription(one)) for one in begun],
    )
    payers = [(f"cus_{number}", member) for number, member in enumerate(MEMBERS[:5])]
    yield Rows("customer_sync", ("customer_id", "member_id"), payers)
    events = [
        (
            f"evt_{number}",
            random.choice(("invoice.paid", "customer.subscription.updated")),
            _at(random),
            NOW - timedelta(minutes=number // 2),
            random.random() < 0.5,
            random.choice((None, f"in_{number}")),
            random.choice((None, f"cus_{number % 5}")),
            "{}",
        )
        for number in range(12)
    ]
    columns = ("id", "type", "created_at", "received_at", "livemode", "object_id", "customer_id", "body")
    yield Rows("stripe_event", columns, events)


def _subscription(random: Random, number: int) -> Subscription:
    def sometime() -> datetime | None:
        return random.choice((None, _at(random)))

    lookup_key = random.choice(("pro_monthly", "enterprise_annual", "gone", None))
    items = [
        SubscriptionItem(f"si_{number}_{n}", "price_1", lookup_key, "prod_1", random.choice((None, 1)), sometime())
        for n in range(random.choice((0, 1, 2)))
    ]
    return Subscription(
        f"sub_{number}",
        f"cus_{number % 6}",
        random.choice(STATUSES),
        _at(random),
        tuple(items),
        cancel_at_period_end=random.random() < 0.3,
        cancel_at=sometime(),
        ended_at=sometime(),
        trial_end=sometime(),
    )


async def insert_rows(owner: Any, seed: int, *, broken: bool) -> None:
    """`owner` is a connection on the owner's login."""
    for rows in all_rows(seed, broken=broken):
        numbers = ", ".join(f"${number + 1}" for number in range(len(rows.columns)))
        await owner.executemany(
            f"INSERT INTO {rows.table} ({', '.join(rows.columns)}) VALUES ({numbers})", list(rows.values)
        )


async def record_plans(database: Database, catalogue: Catalogue) -> None:
    """What members hold: the plan that their id names, and grants of every source that began, ended or are to come."""
    random = Random(5)
    for member in MEMBERS:
        plan = next((plan for plan in catalogue.plans if member == f"mem_rows_{plan.key}"), None)
        grants = [Grant(key, Source.SUBSCRIPTION, "sub_1", plan.key) for key in sorted(plan.features)] if plan else []
        limits = (
            [LimitGrant(each.limit, each.value, Source.SUBSCRIPTION, "sub_1") for each in plan.limits] if plan else []
        )
        if member != FREE_MEMBER:
            grants += [_grant(random, feature) for feature in sorted(catalogue.features) if random.random() < 0.4]
        async with database.transaction() as connection:
            await record_grants(
                connection, member, owner=f"rows:{member}", grants=grants, limits=limits, cause="rows", now=NOW
            )


def _grant(random: Random, feature: str) -> Grant:
    """Over, or still to begin: what a plan includes is what its member holds."""
    source, month = random.choice(list(Source)), timedelta(days=30)
    if random.random() < 0.5:
        return Grant(feature, source, "over", None, None, NOW - month)
    return Grant(feature, source, "to come", "pro", NOW + month, None)


def _at(random: Random) -> datetime:
    """Few distinct instants, with ties, some with a fraction of a second."""
    return NOW - timedelta(days=random.randrange(12), microseconds=random.choice((0, 0, 123_456, 500_000)))


def _text(random: Random) -> str:
    return " ".join(random.sample(WORDS, random.randrange(1, 4)))
