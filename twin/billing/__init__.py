"""The rules of Stripe Billing: invoices, their collection, and the life of subscriptions.

Words: a line is an invoice's; a pending item waits for the next invoice; standing is what a subscription's status is
worth after an invoice was paid or not. It knows no route.
"""
