"""What may be done in which state: all of it, against a table that a person can read."""

from dataclasses import replace
from itertools import product

import pytest

from billing.refusals import RefusalCode
from billing.transitions import REMEDIES, Standing, Step, hindrance_to

# By Stripe's status, with nothing else to it: what stands in the way of each step; `.` is nothing.
TABLE = """
                    plan      quantity  add_on    at_end    now    pause     resume   resubscribe trial
incomplete          pending   pending   pending   pending   .      pending   pending  pending     pending
incomplete_expired  ended     ended     ended     ended     ended  ended     ended    .           ended
trialing            .         .         .         .         .      trial     nothing  exists      .
active              .         .         .         .         .      .         nothing  exists      no_trial
past_due            overdue   overdue   overdue   .         .      overdue   nothing  exists      no_trial
unpaid              overdue   overdue   overdue   .         .      overdue   nothing  exists      no_trial
canceled            ended     ended     ended     ended     ended  ended     ended    .           ended
paused              paused    paused    paused    paused    .      paused    .        exists      no_trial
"""
COLUMNS = (
    Step.CHANGE_PLAN,
    Step.CHANGE_QUANTITY,
    Step.ADD_ADD_ON,
    Step.CANCEL_AT_PERIOD_END,
    Step.CANCEL_NOW,
    Step.PAUSE,
    Step.RESUME,
    Step.RESUBSCRIBE,
    Step.EXTEND_TRIAL,
)
WORDS = {
    ".": None,
    "pending": RefusalCode.PAYMENT_PENDING,
    "ended": RefusalCode.SUBSCRIPTION_ENDED,
    "trial": RefusalCode.IN_TRIAL,
    "no_trial": RefusalCode.NOT_IN_TRIAL,
    "nothing": RefusalCode.NOTHING_TO_RESUME,
    "exists": RefusalCode.ALREADY_SUBSCRIBED,
    "overdue": RefusalCode.PAYMENT_OVERDUE,
    "paused": RefusalCode.SUBSCRIPTION_PAUSED,
}
ROWS = {row.split()[0]: [WORDS[word] for word in row.split()[1:]] for row in TABLE.strip().splitlines()[1:]}

# What comes to it where the status alone would allow the step: the first that applies.
MORE = {
    Step.CHANGE_PLAN: ("pending", "paused", "ending"),
    Step.CHANGE_QUANTITY: ("pending", "paused", "ending", "scheduled"),
    Step.ADD_ADD_ON: ("pending", "paused", "scheduled"),
    Step.CANCEL_AT_PERIOD_END: ("ending",),
    Step.CANCEL_NOW: (),
    Step.PAUSE: ("pending", "paused", "ending", "scheduled"),
    Step.RESUBSCRIBE: (),
    Step.EXTEND_TRIAL: ("pending", "ending", "scheduled"),
}
MEANS = {
    "pending": RefusalCode.PAYMENT_PENDING,
    "paused": RefusalCode.SUBSCRIPTION_PAUSED,
    "ending": RefusalCode.SUBSCRIPTION_ENDING,
    "scheduled": RefusalCode.CHANGE_SCHEDULED,
}
EVERY = [Standing(status, *flags) for status in ROWS for flags in product((False, True), repeat=4)]


@pytest.mark.parametrize("status", ROWS)
def test_each_status_allows_what_the_table_says(status: str) -> None:
    assert [hindrance_to(step, Standing(status)) for step in COLUMNS] == ROWS[status]
    assert set(COLUMNS) == set(Step)


@pytest.mark.parametrize("step", [step for step in Step if step is not Step.RESUME])
def test_in_each_of_128_standings_the_status_comes_first_and_then_the_first_circumstance(step: Step) -> None:
    for standing in EVERY:
        alone = hindrance_to(step, Standing(standing.status))
        first = next((MEANS[name] for name in MORE[step] if getattr(standing, name)), None)
        expected = alone if alone is not None or standing.status in ("canceled", "incomplete_expired") else first
        assert hindrance_to(step, standing) is expected, standing


def test_there_is_something_to_resume_where_it_ends_or_is_paused() -> None:
    for standing in EVERY:
        living = standing.status in ("trialing", "active", "past_due", "unpaid")
        if living:
            expected = None if standing.ending or standing.paused else RefusalCode.NOTHING_TO_RESUME
            assert hindrance_to(Step.RESUME, standing) is expected, standing
        else:
            plain = replace(standing, ending=False, paused=False, scheduled=False, pending=False)
            assert hindrance_to(Step.RESUME, standing) is hindrance_to(Step.RESUME, plain), standing


def test_every_hindrance_has_its_remedy_and_occurs() -> None:
    found = {hindrance_to(step, standing) for step in Step for standing in EVERY}
    assert found - {None} == set(REMEDIES)
