"""Disputes: https://docs.stripe.com/disputes, with the evidence texts of https://docs.stripe.com/testing#disputes"""

from twin.core.errors import invalid
from twin.core.settings import DAY
from twin.core.store import Object
from twin.core.world import World, timer
from twin.payments.charges import balance_transaction

ANSWER_SECONDS = 7 * DAY
OPEN = ("needs_response", "under_review")
EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def open_dispute(world: World, charge: Object, reason: str = "fraudulent") -> Object:
    """The cardholder's bank takes the money back; nobody answering, it is lost when the answer is due."""
    now, id = world.time_of(charge), world.ids.new("du")
    if charge["disputed"] or not charge["paid"]:
        raise invalid(f"Charge {charge['id']} cannot be disputed.", "charge")
    card = charge["payment_method_details"].get("card")
    booked = balance_transaction(world, id, -charge["amount"], charge["currency"], "adjustment", now)
    version: Object = {
        "id": id,
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [world.store.objects[booked]],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + ANSWER_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": card
        and {
            "type": "card",
            "card": {
                "brand": card["brand"],
                "case_type": "chargeback",
                "network": card["brand"],
                "network_reason_code": "10.4",
            },
        },
        "reason": reason,
        "status": "needs_response",
        "_clock": charge.get("_clock"),
        "_decided_at": now + ANSWER_SECONDS,
    }
    made = world.create(version, "charge.dispute.created")
    world.tell("charge.dispute.funds_withdrawn", made)
    world.change(charge, "charge.updated", disputed=True, _disputed_as=None)
    return made


def answer(world: World, dispute: Object, evidence: Object, *, submit: bool, metadata: Object) -> Object:
    """Adds evidence; submitted it is under review, where winning_evidence and losing_evidence decide at once."""
    if dispute["status"] not in OPEN:
        raise invalid("This dispute is already closed.", code="dispute_already_closed")
    details = dispute["evidence_details"] | {
        "has_evidence": bool(evidence) or dispute["evidence_details"]["has_evidence"]
    }
    changes: Object = {"evidence": dispute["evidence"] | evidence, "evidence_details": details, "metadata": metadata}
    if submit:
        changes["status"] = "under_review"
        changes["evidence_details"] = details | {
            "submission_count": details["submission_count"] + 1,
            "submission_method": "manual",
        }
    dispute = world.change(dispute, "charge.dispute.updated", **changes)
    words: str = dispute["evidence"]["uncategorized_text"] or ""
    if submit and words in ("winning_evidence", "losing_evidence"):
        return close(world, dispute, won=words == "winning_evidence")
    return dispute


def close(world: World, dispute: Object, *, won: bool) -> Object:
    """The bank has decided; what was won comes back."""
    dispute = world.change(dispute, "charge.dispute.closed", status="won" if won else "lost", _decided_at=None)
    if won:
        now = world.time_of(dispute)
        back = balance_transaction(world, dispute["id"], dispute["amount"], dispute["currency"], "adjustment", now)
        booked = [*dispute["balance_transactions"], world.store.objects[back]]
        dispute = world.change(dispute, None, balance_transactions=booked)
        world.tell("charge.dispute.funds_reinstated", dispute)
    return dispute


@timer("dispute", lambda dispute: dispute["_decided_at"])
def decide(world: World, dispute: Object) -> None:
    """Unanswered, a dispute is lost when the answer was due; under review, the bank decides for the cardholder."""
    close(world, dispute, won=False)


@timer("charge", lambda charge: charge["created"] if charge["_disputed_as"] else None)
def dispute_test_card(world: World, charge: Object) -> None:
    open_dispute(world, charge, charge["_disputed_as"])
