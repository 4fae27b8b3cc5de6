"""What is given back when a subscription ends before what was paid for does. Pure.

Each line of a paid invoice is worth what is left of its period; a credit that a change brought counts against what
replaced it, so all invoices together come to the value of what is no longer used.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from billing.objects import object_in, objects_among
from billing.ports import Json


@dataclass(frozen=True, slots=True)
class PaidInvoice:
    """Amounts in minor units. `unused` may be below 0. `refundable`: what was paid with it and not yet given back;
    `creditable`: what of its total no credit note has taken yet."""

    id: str
    unused: int
    refundable: int
    creditable: int


@dataclass(frozen=True, slots=True)
class GiveBack:
    """One credit note: `refunded` goes where the payment came from, `credited` to the customer's balance."""

    invoice_id: str
    refunded: int
    credited: int

    @property
    def amount(self) -> int:
        return self.refunded + self.credited


def paid_invoice_from(invoice: Json, lines: Sequence[Json], now: datetime) -> PaidInvoice:
    """Of Stripe's invoice with all its lines."""
    given = _number(invoice, "post_payment_credit_notes_amount") + _number(invoice, "pre_payment_credit_notes_amount")
    total = _number(invoice, "total") - given
    paid = min(_number(invoice, "amount_paid") - _number(invoice, "post_payment_credit_notes_amount"), total)
    unused = sum(unused_of(line, int(now.timestamp())) for line in lines)
    return PaidInvoice(str(invoice["id"]), unused, max(0, paid), max(0, total))


def unused_of(line: Json, now: int) -> int:
    """What the rest of a line's period is worth, discounts taken off and tax put on; 0 for what has no period."""
    period = object_in(line, "period")
    start, end = _number(period, "start"), _number(period, "end")
    if end <= max(start, now):
        return 0
    discounts = sum(_number(each, "amount") for each in objects_among(line.get("discount_amounts")))
    taxes = [each for each in objects_among(line.get("taxes")) if each.get("tax_behavior") == "exclusive"]
    net = _number(line, "amount") - discounts + sum(_number(each, "amount") for each in taxes)
    part = Decimal(net) * (end - max(now, start)) / (end - start)
    return int(part.quantize(Decimal(1), ROUND_HALF_UP))


def give_back_for(invoices: Iterable[PaidInvoice]) -> list[GiveBack]:
    """What is unused of all, from the latest (first) invoice on: refunded as far as it was paid, then credited."""
    every = list(invoices)
    left = max(0, sum(invoice.unused for invoice in every))
    refunds: list[int] = []
    for invoice in every:
        refunds.append(min(left, invoice.refundable))
        left -= refunds[-1]
    notes: list[GiveBack] = []
    for invoice, refunded in zip(every, refunds, strict=True):
        credited = min(left, invoice.creditable - refunded)
        left -= credited
        notes.append(GiveBack(invoice.id, refunded, credited))
    return [note for note in notes if note.amount]


def _number(value: Json, key: str) -> int:
    found: object = value.get(key)
    return found if isinstance(found, int) else 0
