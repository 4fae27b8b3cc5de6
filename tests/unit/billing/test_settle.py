"""When what was fetched is to be doubted: the newest event about it says something else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from billing.settle import Told, is_settled
from billing.state import Subscription, SubscriptionItem

T = datetime(2026, 3, 1, tzinfo=UTC)
ITEM = SubscriptionItem("si_1", "price_1", None, "prod_1", 1, T + timedelta(days=30))
ACTIVE = Subscription("sub_1", "cus_1", "active", T, (ITEM,))
CANCELED = replace(ACTIVE, status="canceled")
LATER = T + timedelta(seconds=1)


def test_what_the_newest_event_shows_is_settled_and_anything_else_is_not() -> None:
    assert is_settled([ACTIVE], [])
    assert is_settled([ACTIVE], [Told(T, ACTIVE)])
    assert not is_settled([ACTIVE], [Told(T, ACTIVE), Told(LATER, CANCELED)])
    assert is_settled([CANCELED], [Told(LATER, CANCELED), Told(T, ACTIVE)])


def test_of_events_in_the_same_second_any_may_be_the_newest() -> None:
    assert is_settled([ACTIVE], [Told(T, CANCELED), Told(T, ACTIVE)])
    assert not is_settled([replace(ACTIVE, status="past_due")], [Told(T, CANCELED), Told(T, ACTIVE)])


def test_a_subscription_that_is_not_there_yet_is_doubted_but_not_one_that_is_gone() -> None:
    assert not is_settled([], [Told(T, ACTIVE)])
    assert is_settled([], [Told(T, CANCELED)])


def test_items_quantities_cancellations_and_pauses_count_but_not_metadata() -> None:
    assert is_settled([ACTIVE], [Told(T, replace(ACTIVE, metadata={"a": "b"}))])
    for other in (
        replace(ACTIVE, items=(replace(ITEM, quantity=2),)),
        replace(ACTIVE, cancel_at_period_end=True),
        replace(ACTIVE, pause_behavior="void"),
    ):
        assert not is_settled([ACTIVE], [Told(T, other)])
