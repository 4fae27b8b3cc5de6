"""What is given back for what was paid and is no longer used."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billing.refunds import GiveBack, PaidInvoice, give_back_for, paid_invoice_from, unused_of

START, DAY = 1_772_323_200, 86_400
END = START + 30 * DAY


def line(amount: int, start: int = START, end: int = END, **more: Any) -> dict[str, Any]:
    return {"amount": amount, "period": {"start": start, "end": end}, **more}


def paid(total: int, *lines: Any, at: int, **more: Any) -> PaidInvoice:
    invoice = {"id": "in_1", "total": total, "amount_paid": max(0, total), **more}
    return paid_invoice_from(invoice, lines, datetime.fromtimestamp(at, UTC))


@pytest.mark.parametrize(("days", "left"), [(0, 3000), (10, 2000), (15, 1500), (29, 100), (30, 0), (31, 0)])
def test_a_line_is_worth_what_is_left_of_its_period(days: int, left: int) -> None:
    assert unused_of(line(3000), START + days * DAY) == left


def test_discounts_come_off_and_tax_on_top_is_given_back_too() -> None:
    more: dict[str, Any] = {
        "discount_amounts": [{"amount": 600}],
        "taxes": [{"amount": 240, "tax_behavior": "exclusive"}, {"amount": 99, "tax_behavior": "inclusive"}],
    }
    assert unused_of(line(3000, **more), START + 15 * DAY) == (3000 - 600 + 240) // 2
    assert unused_of(line(3000, start=START, end=START), START) == 0, "something paid once is used"


def test_after_an_upgrade_the_value_of_what_is_left_is_given_back_from_the_latest_on() -> None:
    """1900 for a month; at its middle 9900 a month instead: 950 credited, 4950 charged; a quarter is left."""
    middle, at = START + 15 * DAY, START + 22 * DAY + DAY // 2
    first = paid(1900, line(1900), at=at)
    second = paid(4000, line(-950, middle), line(4950, middle), at=at)
    assert (first.unused, second.unused) == (475, 2000)
    assert give_back_for([second, first]) == [GiveBack("in_1", 2475, 0)], "a quarter of 9900"


def test_after_a_downgrade_only_what_is_left_of_the_cheaper_is_given_back() -> None:
    middle, at = START + 15 * DAY, START + 22 * DAY + DAY // 2
    first = paid(9900, line(9900), at=at)
    second = paid(-4000, line(-4950, middle), line(950, middle), at=at)
    assert (second.refundable, second.creditable) == (0, 0)
    assert [note.refunded for note in give_back_for([second, first])] == [475]


def test_what_credit_paid_for_becomes_credit_again() -> None:
    invoice = paid(3000, line(3000), at=START + 3 * DAY, amount_paid=1000)
    assert give_back_for([invoice]) == [GiveBack("in_1", 1000, 1700)]


def test_what_was_given_back_before_is_not_given_back_again() -> None:
    invoice = paid(3000, line(3000), at=START, post_payment_credit_notes_amount=2500)
    assert give_back_for([invoice]) == [GiveBack("in_1", 500, 0)]
    assert give_back_for([paid(3000, line(3000), at=END)]) == []
