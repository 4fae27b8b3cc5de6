"""Refunds and disputes: https://docs.stripe.com/api/refunds, …/disputes"""

from twin.api.routes import Params, route
from twin.billing.items import refuse
from twin.core.errors import invalid
from twin.core.store import Object
from twin.core.world import World
from twin.payments.disputes import answer, close
from twin.payments.refunds import refund
from twin.resources.fields import listing, metadata_of, patched


@route("POST /v1/refunds")
def create(world: World, params: Params) -> Object:
    refuse(params, "refunds.create", "instructions_email", "origin", "refund_application_fee", "reverse_transfer")
    if "charge" in params:
        charge = world.get("charge", params["charge"], "charge")
    elif "payment_intent" in params:
        intent = world.get("payment_intent", params["payment_intent"], "payment_intent")
        if not intent["latest_charge"]:
            raise invalid("This PaymentIntent does not have a successful charge to refund.", "payment_intent")
        charge = world.get("charge", intent["latest_charge"])
    else:
        raise invalid("One of charge or payment_intent is required.", "charge", "parameter_missing")
    return refund(world, charge, params.get("amount"), params.get("reason"), metadata_of({}, params))


@route("GET /v1/refunds")
def list_all(world: World, params: Params) -> Object:
    return listing(world, "refund", params, "/v1/refunds", "charge", "payment_intent")


@route("GET /v1/refunds/{refund}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("refund", id)


@route("POST /v1/refunds/{refund}")
def update(world: World, params: Params, id: str) -> Object:
    held = world.get("refund", id)
    return world.change(held, "refund.updated", **patched(held, params))


@route("GET /v1/disputes")
def list_disputes(world: World, params: Params) -> Object:
    return listing(world, "dispute", params, "/v1/disputes", "charge", "payment_intent")


@route("GET /v1/disputes/{dispute}")
def retrieve_dispute(world: World, _params: Params, id: str) -> Object:
    return world.get("dispute", id)


@route("POST /v1/disputes/{dispute}")
def update_dispute(world: World, params: Params, id: str) -> Object:
    dispute = world.get("dispute", id)
    refuse(params, "disputes.update", "intended_submission_method")
    evidence: Object = params.get("evidence", {})
    refuse(evidence, "disputes.update with evidence", "enhanced_evidence")
    metadata = metadata_of(dispute["metadata"], params)
    return answer(world, dispute, evidence, submit=params.get("submit", True), metadata=metadata)


@route("POST /v1/disputes/{dispute}/close")
def close_dispute(world: World, _params: Params, id: str) -> Object:
    """Accepting it: the money is gone."""
    return close(world, world.get("dispute", id), won=False)
