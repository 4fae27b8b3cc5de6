"""Dunning as a pure function of what events prove, a policy and an instant; and what the histories owe."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from billing.access import holdings_of
from billing.catalogue import load_catalogue
from billing.dunning import (
    DunningPolicy,
    DunningStep,
    Episode,
    InvoiceFact,
    InvoiceStep,
    StageAccess,
    due_steps,
    episodes_of,
)
from billing.facts import facts_of
from billing.state import Subscription, SubscriptionItem
from tests.stripe_server.history import History, load_histories

EXPECTED = orjson.loads((Path(__file__).parents[2] / "fixtures" / "dunning_expected.json").read_bytes())
DEMO = load_catalogue(Path("catalogue.yaml"))
T = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EVER = T + 3650 * DAY


def policy_of(name: str) -> DunningPolicy:
    steps = [
        DunningStep(each["day"], each["step"], tuple(each["channels"].split("+")), StageAccess(each["access_after"]))
        for each in EXPECTED["policies"][name]
    ]
    return DunningPolicy(tuple(steps), ("inapp:clear", "email:thanks"))


def facts_in(events: list[Mapping[str, Any]]) -> list[InvoiceFact]:
    return [fact for event in events for fact in facts_of(event, "user_id").invoices]


@pytest.mark.parametrize("history", load_histories(), ids=lambda history: history.name)
@pytest.mark.parametrize("name", EXPECTED["policies"])
def test_each_history_owes_exactly_the_expected_messages_in_any_order(name: str, history: History) -> None:
    expected = EXPECTED["histories"][history.name]
    chance = random.Random(7)
    events = [step.event for step in history.steps]
    for _ in range(20):
        chance.shuffle(events)
        episodes = episodes_of(facts_in([*events, *chance.choices(events, k=5)]))
        assert {each.invoice_id: int(each.anchor.timestamp()) for each in episodes} == {
            id: each["anchor"] for id, each in expected["episodes"].items()
        }
        owed = [due for each in episodes for due in due_steps(policy_of(name), each, EVER)]
        assert [(due.key, int(due.due_at.timestamp()), due.step, "+".join(due.channels)) for due in owed] == [
            (each["key"], each["due"], each["step"], each["channels"]) for each in expected[name]
        ]


def test_the_demo_catalogue_has_the_first_policy() -> None:
    assert DEMO.access.dunning == policy_of("policy_a_0_1_3_5_7")


def fact(step: InvoiceStep, after: timedelta, invoice: str = "in_1") -> InvoiceFact:
    return InvoiceFact(invoice, "sub_1", step, T + after)


def test_a_step_at_the_instant_of_recovery_is_not_told_and_nothing_after_it() -> None:
    policy = policy_of("policy_a_0_1_3_5_7")
    [episode] = episodes_of([fact(InvoiceStep.FAILED, 0 * DAY), fact(InvoiceStep.PAID, 3 * DAY)])
    assert [due.step for due in due_steps(policy, episode, EVER)] == ["banner", "email_1", "recovered"]
    assert [due.step for due in due_steps(policy, episode, T + 2 * DAY)] == ["banner", "email_1"]


def test_who_gives_up_did_not_recover_and_who_was_told_nothing_is_not_thanked() -> None:
    policy = policy_of("policy_b_0_3_7_14")
    [given_up] = episodes_of([fact(InvoiceStep.FAILED, 0 * DAY), fact(InvoiceStep.GIVEN_UP, DAY)])
    assert [due.step for due in due_steps(policy, given_up, EVER)] == ["soft_notice"]
    [at_once] = episodes_of([fact(InvoiceStep.FAILED, 0 * DAY), fact(InvoiceStep.PAID, 0 * DAY)])
    assert due_steps(policy, at_once, EVER) == []


def test_a_late_second_failure_moves_no_anchor() -> None:
    facts = [fact(InvoiceStep.FAILED, 2 * DAY), fact(InvoiceStep.FAILED, 0 * DAY)]
    assert episodes_of(facts) == [Episode("in_1", "sub_1", T)]


ITEM = SubscriptionItem("si_1", "price_1", "pro_monthly", "prod_1", 1, T + 30 * DAY)


def ends(status: str, facts: list[InvoiceFact], **more: Any) -> dict[str, datetime | None]:
    held = holdings_of([Subscription("sub_1", "cus_1", status, T, (ITEM,), **more)], (), (), DEMO, facts)
    return {grant.feature: grant.ends_at for grant in held.grants}


def test_grace_ends_by_itself_at_the_days_of_the_policy() -> None:
    open_one = [fact(InvoiceStep.FAILED, 0 * DAY)]
    narrowed = ends("past_due", open_one)
    assert narrowed.pop("downloads") == T + 5 * DAY, "what writes ends with read-only access"
    assert set(narrowed.values()) == {T + 7 * DAY}
    assert set(ends("past_due", []).values()) == {None}, "nothing proves since when"
    assert set(ends("past_due", [*open_one, fact(InvoiceStep.PAID, DAY)]).values()) == {None}


def test_stages_only_narrow_and_only_in_grace() -> None:
    open_one = [fact(InvoiceStep.FAILED, 0 * DAY)]
    assert set(ends("active", open_one).values()) == {None}, "Stripe says that it is paid"
    assert ends("unpaid", open_one) == {}
    early = ends("past_due", open_one, cancel_at=T + 2 * DAY)
    assert set(early.values()) == {T + 2 * DAY}
    other = [InvoiceFact("in_2", "sub_2", InvoiceStep.FAILED, T)]
    assert set(ends("past_due", other).values()) == {None}, "another subscription's invoice"
    two = [fact(InvoiceStep.FAILED, 0 * DAY), fact(InvoiceStep.FAILED, -2 * DAY, "in_0")]
    assert ends("past_due", two)["archive"] == T + 5 * DAY, "the earliest open invoice counts"
