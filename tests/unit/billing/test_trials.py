"""How trials begin, by the catalogue's terms, and what the one that ends in the free plan gives, and until when."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from billing.access import holdings_of
from billing.catalogue import load_catalogue
from billing.model import Plan, Price, Trial, TrialEnd
from billing.state import Subscription, SubscriptionItem
from billing.trials import DAYS, PLAN, UNTIL, beginning_for, extended, plan_trial_of
from gating.model import Snapshot, Source

CATALOGUE = load_catalogue(Path("catalogue.yaml"))
FREE, PRO, ENTERPRISE = CATALOGUE.plans
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def with_trial(trial: Trial | None) -> tuple[Plan, Price]:
    return replace(PRO, trial=trial), PRO.prices[0]


@pytest.mark.parametrize(
    ("ends", "behavior"),
    [(TrialEnd.CANCEL, "cancel"), (TrialEnd.PAUSE, "pause"), (TrialEnd.INVOICE, "create_invoice")],
)
def test_a_trial_at_stripe_ends_as_the_catalogue_says(ends: TrialEnd, behavior: str) -> None:
    plan, price = with_trial(Trial(14, card=False, ends=ends))
    begun = beginning_for(plan, price, CATALOGUE, had_trial=False)
    assert (begun.price, begun.card_required, begun.trial) == (price, False, plan.trial)
    assert begun.parameters == {
        "trial_period_days": 14,
        "trial_settings": {"end_behavior": {"missing_payment_method": behavior}},
    }


def test_a_trial_with_a_card_requires_it_and_is_cancelled_should_it_be_gone_at_the_end() -> None:
    assert ENTERPRISE.trial is not None
    begun = beginning_for(ENTERPRISE, ENTERPRISE.prices[0], CATALOGUE, had_trial=False)
    assert begun.card_required
    assert begun.parameters["trial_settings"] == {"end_behavior": {"missing_payment_method": "cancel"}}


def test_a_reverse_trial_is_the_free_plan_with_the_other_on_top() -> None:
    begun = beginning_for(PRO, PRO.prices[0], CATALOGUE, had_trial=False)
    assert (begun.price, begun.card_required) == (FREE.prices[0], False)
    assert begun.parameters == {"metadata": {PLAN: "pro", DAYS: "14"}}


@pytest.mark.parametrize("plan", [PRO, ENTERPRISE])
def test_nobody_has_a_second_trial(plan: Plan) -> None:
    begun = beginning_for(plan, plan.prices[0], CATALOGUE, had_trial=True)
    assert (begun.price, begun.parameters, begun.card_required, begun.trial) == (plan.prices[0], {}, True, None)


def test_the_free_plan_asks_for_no_card() -> None:
    begun = beginning_for(FREE, FREE.prices[0], CATALOGUE, had_trial=False)
    assert (begun.parameters, begun.card_required) == ({}, False)


def on_trial(lookup_key: str = "free_monthly", **metadata: str) -> Subscription:
    item = SubscriptionItem("si_1", "price_1", lookup_key, "prod_1", 1, BEGAN + 31 * DAY)
    return Subscription("sub_1", "cus_1", "active", BEGAN, (item,), metadata=metadata)


def held(subscription: Subscription, after: timedelta) -> tuple[set[str], Mapping[str, int | None]]:
    due = holdings_of([subscription], (), (), CATALOGUE)
    stored = Snapshot("ann", 1, due.grants, due.limits, due.levels).over(CATALOGUE.baseline)
    return set(stored.features_at(BEGAN + after)), stored.limits_at(BEGAN + after)


def test_it_ends_at_its_instant_in_the_free_plan_with_nothing_written_then() -> None:
    trial = on_trial(**{PLAN: "pro", DAYS: "14"})
    last = timedelta(days=14) - timedelta(seconds=1)
    assert held(trial, last) == (set(PRO.features), {"projects": 50, "downloads": 50, "api_calls": 1000})
    assert held(trial, timedelta(days=14)) == (set(), {"projects": 3, "api_calls": 100})
    assert {grant.source for grant in holdings_of([trial], (), (), CATALOGUE).grants} == {Source.TRIAL}


def test_an_instant_comes_before_the_days_and_extending_sets_it() -> None:
    until = BEGAN + 20 * DAY
    trial = on_trial(**{PLAN: "pro", DAYS: "14", **extended(on_trial(**{PLAN: "pro"}), until)["metadata"]})
    assert held(trial, 19 * DAY)[0] == PRO.features
    assert held(trial, 20 * DAY)[0] == set()
    stripes = extended(on_trial(), until)
    assert stripes == {"trial_end": int(until.timestamp()), "proration_behavior": "none"}


def test_whoever_buys_the_plan_or_more_has_what_was_bought_alone() -> None:
    for key, plan in (("pro_annual", PRO), ("enterprise_annual", ENTERPRISE)):
        bought = on_trial(key, **{PLAN: "pro", DAYS: "14"})
        assert held(bought, DAY) == (set(plan.features), {each.limit: each.value for each in plan.limits})


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {PLAN: "pro"},
        {PLAN: "none_such", DAYS: "14"},
        {PLAN: "seats", DAYS: "14"},
        {PLAN: "pro", DAYS: "-1"},
        {PLAN: "pro", DAYS: "9" * 30},
        {PLAN: "pro", UNTIL: "9" * 30},
    ],
)
def test_what_says_no_trial_gives_none(metadata: Mapping[str, str]) -> None:
    assert plan_trial_of(on_trial(**metadata), CATALOGUE, FREE) is None
    assert held(on_trial(**metadata), timedelta(0)) == (set(), {"projects": 3, "api_calls": 100})


def test_one_that_is_cancelled_takes_the_trial_with_it() -> None:
    cancelled = replace(on_trial(**{PLAN: "pro", DAYS: "14"}), cancel_at=BEGAN + 2 * DAY)
    assert held(cancelled, DAY)[0] == PRO.features
    assert held(cancelled, 2 * DAY) == (set(), {"projects": 3, "api_calls": 100})
