"""An offline Stripe: a program of its own that stripe-python talks to over HTTP, for demo and tests, never for money.

It owns a stateful, deterministic model of Stripe Billing: `core` (state, time, events), `api` (forms, parameters,
routes), `money`, `payments`, `billing` (the rules), `resources` (the routes), `hooks` (deliveries), `pages` (what a
person clicks through). `world.Twin` is its face in process, `server.serve` the one over HTTP.
It does not own, and imports nothing of, Gatehouse: what it says can be used to judge Gatehouse.
It was written from Stripe's documentation and stripe-python's types, and has not been compared with real Stripe.
"""
