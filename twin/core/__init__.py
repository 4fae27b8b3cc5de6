"""The state of one Stripe account: objects, their log, ids, time and what is due. It knows no resource and no HTTP."""
