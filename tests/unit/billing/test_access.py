"""What subscriptions, disputes and pauses give, decided without I/O and in any order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from billing.access import holdings_of, plan_of
from billing.catalogue import parse_catalogue
from billing.facts import member_for, paused_until
from billing.model import Catalogue, DisputeEffect, PauseEffect
from billing.state import (
    Claim,
    Dispute,
    PauseFact,
    PauseStep,
    Purchase,
    PurchasedItem,
    Subscription,
    SubscriptionItem,
)
from gating.model import LevelGrant, LimitGrant, Source
from tests.unit.billing.test_catalogue import RICH

CATALOGUE = parse_catalogue("c.yaml", RICH)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
END = BEGAN + timedelta(days=31)


def item(price_id: str = "price_new", lookup_key: str | None = None, quantity: int | None = 1) -> SubscriptionItem:
    return SubscriptionItem(f"si_{price_id}", price_id, lookup_key, "prod_pro", quantity, END)


SEATS = SubscriptionItem("si_seats", "price_seats", "seats_monthly", "prod_seats", 3, END)
PRO = Subscription("sub_1", "cus_1", "active", BEGAN, (item(),))
OPEN = Dispute("du_1", "needs_response", BEGAN, "ch_1", None, "sub_1")


def features(
    *subscriptions: Subscription, disputes: tuple[Dispute, ...] = (), catalogue: Catalogue = CATALOGUE
) -> set[str]:
    return {grant.feature for grant in holdings_of(subscriptions, disputes, (), catalogue).grants}


@pytest.mark.parametrize("status", ["trialing", "active"])
def test_a_granting_status_gives_the_plan_without_an_end(status: str) -> None:
    [grant] = holdings_of([replace(PRO, status=status, trial_end=END)], (), (), CATALOGUE).grants
    assert (grant.feature, grant.source_id, grant.plan, grant.ends_at) == ("reading", "sub_1", "pro", None)
    assert grant.source is (Source.TRIAL if status == "trialing" else Source.SUBSCRIPTION)


@pytest.mark.parametrize(
    "status", ["incomplete", "incomplete_expired", "past_due", "unpaid", "canceled", "paused", "new"]
)
def test_any_other_status_gives_nothing(status: str) -> None:
    assert features(replace(PRO, status=status)) == set()


def test_what_is_not_in_the_catalogue_gives_nothing() -> None:
    unknown = SubscriptionItem("si_x", "price_x", None, "prod_x", 1, END)
    assert features(replace(PRO, items=(unknown,))) == set()
    assert plan_of(replace(PRO, items=(unknown,)), CATALOGUE) is None


def test_all_items_of_all_subscriptions_count() -> None:
    second = replace(PRO, id="sub_2", items=(SEATS, replace(SEATS, id="si_more", quantity=2)))
    held = holdings_of([second, PRO], (), (), CATALOGUE)
    assert {grant.feature for grant in held.grants} == {"reading", "seats_page"}
    assert sum(limit.value or 0 for limit in held.limits) == 5
    assert held.levels == (LevelGrant("support", "fast", Source.SUBSCRIPTION, "sub_1"),)
    assert held.limits[0] == LimitGrant("seats", 2, Source.ADD_ON, "sub_2")
    assert held == holdings_of([PRO, second], (), (), CATALOGUE)


def test_a_grandfathered_price_gives_its_extra_feature_and_says_so() -> None:
    held = {
        grant.feature: grant.source
        for grant in holdings_of([replace(PRO, items=(item("price_old"),))], (), (), CATALOGUE).grants
    }
    assert held == {"reading": Source.SUBSCRIPTION, "archive": Source.GRANDFATHERED}


def test_a_cancellation_asked_for_dates_the_end() -> None:
    at_end = replace(PRO, cancel_at_period_end=True)
    on_a_day = replace(PRO, cancel_at=BEGAN + timedelta(days=3))
    ends = [holdings_of([each], (), (), CATALOGUE).grants[0].ends_at for each in (at_end, on_a_day)]
    assert ends == [END, BEGAN + timedelta(days=3)]


def test_an_open_dispute_suspends_all_and_a_lost_one_as_the_policy_says() -> None:
    other = replace(PRO, id="sub_2", items=(SEATS,))
    assert features(PRO, other, disputes=(OPEN,)) == set()
    assert features(PRO, other, disputes=(replace(OPEN, status="won"),)) == {"reading", "seats_page"}
    assert features(PRO, other, disputes=(replace(OPEN, status="lost"),)) == {"reading", "seats_page"}
    policy = replace(CATALOGUE.access, lost_dispute=DisputeEffect.SUSPEND_SUBSCRIPTION)
    narrow = replace(CATALOGUE, access=policy)
    assert features(PRO, other, disputes=(replace(OPEN, status="lost"),), catalogue=narrow) == {"seats_page"}
    assert features(PRO, other, disputes=(replace(OPEN, status="warning_needs_response"),)) == {"reading", "seats_page"}


def pause(step: PauseStep, day: int, period_end: datetime | None = None) -> PauseFact:
    return PauseFact("sub_1", step, BEGAN + timedelta(days=day), period_end)


def test_each_way_to_pause_collection_does_what_the_policy_says() -> None:
    facts = [pause(PauseStep.PAUSED, 3, END)]

    def ends(behavior: str, known: list[PauseFact]) -> list[datetime | None]:
        held = holdings_of([replace(PRO, pause_behavior=behavior)], (), known, CATALOGUE)
        return [grant.ends_at for grant in held.grants]

    assert CATALOGUE.access.paused_collection["mark_uncollectible"] is PauseEffect.NONE
    assert ends("keep_as_draft", facts) == [None]
    assert ends("mark_uncollectible", facts) == []
    assert ends("void", facts) == [END]
    assert ends("void", []) == [BEGAN], "a pause that nothing proves lets nobody in"


def test_the_pause_that_stands_is_dated_by_its_own_beginning_in_any_order() -> None:
    voided = pause(PauseStep.VOIDED, 31, END)
    first, over = pause(PauseStep.PAUSED, 3, END), pause(PauseStep.RESUMED, 40)
    second = pause(PauseStep.PAUSED, 41, END + timedelta(days=31))
    for facts in permutations([first, over, second, voided]):
        assert paused_until("sub_1", facts) == second.period_end
    for facts in permutations([first, over, voided]):
        assert paused_until("sub_1", facts) is None, "what is over proves nothing about what stands"
    assert paused_until("sub_1", [voided]) == END
    assert paused_until("sub_2", [first]) is None


def claim(day: int, source: str, member_id: str | None) -> Claim:
    at = BEGAN + timedelta(days=day)
    return Claim("cus_1", at, at, source, member_id)


def test_the_latest_act_of_linking_wins_in_any_order() -> None:
    made, bought = claim(0, "customer", "mem_a"), claim(1, "checkout", "mem_b")
    tied, moved, undone = claim(1, "subscription", "mem_c"), claim(2, "customer", "mem_d"), claim(3, "customer", None)
    for claims, winner in (
        ([made], "mem_a"),
        ([made, bought, tied], "mem_b"),
        ([made, bought, tied, moved], "mem_d"),
        ([made, bought, tied, moved, undone], None),
        ([], None),
    ):
        assert {member_for(order) for order in permutations(claims)} == {winner}


def test_a_trial_ends_access_at_its_instant_only_where_nobody_can_be_charged() -> None:
    """The others go on: whatever comes then is heard of later, and must lock nobody out meanwhile."""
    trial = replace(PRO, status="trialing", trial_end=END)
    for ends, date in ((True, END), (False, None)):
        [grant] = holdings_of([replace(trial, ends_with_trial=ends)], (), (), CATALOGUE).grants
        assert grant.ends_at == date


PACK = PurchasedItem("price_pack", "pack_once", "prod_pack", 2)
BOUGHT = Purchase("in_1", "cus_1", BEGAN, (PACK,), "pi_1", "ch_1")
ONCE = parse_catalogue(
    "c.yaml",
    RICH.replace(
        "access:\n  states",
        """  pack: {name: Pack, features: [archive], limits: {seats: 5},
    prices: [{lookup_key: pack_once, interval: once, amounts: {usd: 5}}]}
  pass: {name: Pass, features: [archive],
    prices: [{lookup_key: pass_once, interval: once, lasts_days: 30, amounts: {usd: 5}}]}
access:
  states""",
    ),
)


def bought(purchase: Purchase, *disputes: Dispute) -> set[tuple[str, str, datetime | None]]:
    held = holdings_of([], disputes, (), ONCE, (), [purchase])
    return {(grant.feature, grant.source, grant.ends_at) for grant in held.grants}


def test_what_is_paid_once_is_given_for_ever_or_as_long_as_the_price_says() -> None:
    assert bought(BOUGHT) == {("archive", Source.ADD_ON, None)}
    assert holdings_of([], (), (), ONCE, (), [BOUGHT]).limits == (LimitGrant("seats", 10, Source.ADD_ON, "in_1"),)
    month = replace(BOUGHT, items=(replace(PACK, lookup_key="pass_once"),))
    assert bought(month) == {("archive", Source.ADD_ON, BEGAN + timedelta(days=30))}
    assert bought(replace(BOUGHT, items=(replace(PACK, lookup_key="seats_monthly"),))) == set(), "no price of once"
    assert bought(replace(BOUGHT, items=(replace(PACK, lookup_key="of_another"),))) == set()


def test_what_was_paid_once_is_lost_with_the_money() -> None:
    kept, lost = {("archive", Source.ADD_ON, None)}, set[tuple[str, str, datetime | None]]()
    narrow = replace(ONCE.access, open_dispute=DisputeEffect.KEEP)
    assert bought(replace(BOUGHT, refunded=True)) == lost
    for status, left in (("needs_response", lost), ("lost", lost), ("won", kept), ("warning_needs_response", kept)):
        dispute = Dispute("du_1", status, BEGAN, "ch_1", None)
        catalogue = replace(ONCE, access=narrow)
        grants = holdings_of([], [dispute], (), catalogue, (), [BOUGHT]).grants
        assert {(grant.feature, grant.source, grant.ends_at) for grant in grants} == left, status
        other = holdings_of([], [replace(dispute, charge_id="ch_2")], (), catalogue, (), [BOUGHT]).grants
        assert other, "another charge's dispute is none of this purchase"
