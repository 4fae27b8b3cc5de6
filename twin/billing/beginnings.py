"""The subscription object as it begins: https://docs.stripe.com/api/subscriptions/object"""

from collections.abc import Sequence

from twin.billing.items import item_list
from twin.core.errors import invalid
from twin.core.store import Object, entries, inside
from twin.core.world import World

UNSET = (
    "application",
    "application_fee_percent",
    "billing_cycle_anchor_config",
    "billing_thresholds",
    "customer_account",
    "default_source",
    "ended_at",
    "latest_invoice",
    "managed_payments",
    "next_pending_invoice_item_invoice",
    "on_behalf_of",
    "pause_collection",
    "pending_invoice_item_interval",
    "pending_setup_intent",
    "pending_update",
    "schedule",
    "status_details",
    "transfer_data",
    "_incomplete_until",
    "_warn_at",
    "_resuming",
)
"""What no new subscription has."""


def new_subscription(
    world: World,
    id: str,
    params: Object,
    customer: Object,
    items: Sequence[Object],
    currency: str,
    now: int,
    anchor: int,
    trial_end: int | None,
) -> Object:
    """As `params` ask for it, not yet saved: `trialing`, or `incomplete` until it is paid."""
    method = params.get("default_payment_method")
    if method and world.get("payment_method", method, "default_payment_method")["customer"] != customer["id"]:
        raise invalid(
            f"The customer does not have a payment method with the ID {method}. The payment method must be attached to "
            "the customer.",
            "default_payment_method",
            "resource_missing",
        )
    period_end = items[0]["current_period_end"]
    at_end = params.get("cancel_at_period_end", False)
    cancel_at: object = period_end if at_end else params.get("cancel_at")
    rates = [world.get("tax_rate", each, "default_tax_rates") for each in entries(params, "default_tax_rates")]
    return {
        "id": id,
        "object": "subscription",
        **dict.fromkeys(UNSET),
        **_settings(params),
        "billing_schedules": [],
        "livemode": False,
        "billing_cycle_anchor": anchor,
        "cancel_at": cancel_at if isinstance(cancel_at, int) else None,
        "cancel_at_period_end": at_end,
        "canceled_at": now if at_end else None,
        "collection_method": params.get("collection_method", "charge_automatically"),
        "created": now,
        "currency": currency,
        "customer": customer["id"],
        "days_until_due": params.get("days_until_due"),
        "default_payment_method": method,
        "default_tax_rates": rates,
        "description": params.get("description"),
        "discounts": [],
        "items": item_list(id, items),
        "metadata": params.get("metadata") or {},
        "start_date": now,
        "status": "trialing" if trial_end else "incomplete",
        "test_clock": customer["test_clock"],
        "trial_end": trial_end,
        "trial_start": now if trial_end else None,
    }


def _settings(params: Object) -> Object:
    """What is nested, with its defaults."""
    missing = inside(params, "trial_settings", "end_behavior", "missing_payment_method") or "create_invoice"
    return {
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": bool(inside(params, "automatic_tax", "enabled")),
            "liability": {"type": "self"} if inside(params, "automatic_tax", "enabled") else None,
        },
        "billing_mode": {
            "type": inside(params, "billing_mode", "type") or "flexible",
            "flexible": {"proration_discounts": "included"},
        },
        "payment_settings": {
            "payment_method_options": inside(params, "payment_settings", "payment_method_options"),
            "payment_method_types": inside(params, "payment_settings", "payment_method_types") or None,
            "save_default_payment_method": inside(params, "payment_settings", "save_default_payment_method") or "off",
        },
        "trial_settings": {"end_behavior": {"billing_cycle_anchor": None, "missing_payment_method": missing}},
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
    }
