"""All resources: importing this declares every route, timer and derived thing."""

from twin.api.routes import ROUTES
from twin.resources import (
    balances,
    checkout_sessions,
    coupons,
    credit_notes,
    customers,
    entitlements,
    events,
    invoice_items,
    invoices,
    meters,
    payment_intents,
    payment_methods,
    portal,
    previews,
    prices,
    products,
    refunds,
    schedules,
    setup_intents,
    subscription_items,
    subscriptions,
    tax_ids,
    tax_rates,
    test_clocks,
    webhook_endpoints,
)

RESOURCES = (
    coupons,
    customers,
    schedules,
    refunds,
    portal,
    meters,
    credit_notes,
    balances,
    checkout_sessions,
    entitlements,
    events,
    invoice_items,
    invoices,
    payment_intents,
    payment_methods,
    previews,
    prices,
    products,
    setup_intents,
    subscription_items,
    subscriptions,
    tax_ids,
    tax_rates,
    test_clocks,
    webhook_endpoints,
)


def declared_routes() -> list[str]:
    """Every route that is implemented, as `METHOD /path`."""
    return sorted(ROUTES)
