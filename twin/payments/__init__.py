"""Payment methods and what becomes of a payment: test cards, intents, charges, refunds, disputes' money.

It knows nothing of invoices or subscriptions: those ask to be told of outcomes.
"""
