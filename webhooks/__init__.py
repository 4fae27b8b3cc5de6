"""Stripe's events on their way in: verified, stored once, answered after the commit, and worked off by the worker.

Words: Delivery (one HTTP request), Arrival (an event to be recorded), Signal (that a customer has to be synced; never
what it now is). Does not own what a sync does, nor what an event proves (billing).
"""
