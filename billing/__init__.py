"""What is sold and what was bought: the catalogue, the mirror of Stripe's subscriptions, and the grants they give.

Words: Plan (what a member subscribes to) and add-on (what comes on top), Price (how it is paid, known by Stripe id or
lookup key), Subscription (our mirror of Stripe's), Fact (what a stored event proves, whatever the order of arrival),
Link (customer → member, dispute → subscription). `sync_customer` is the one way in which billing changes grants.
Does not own features (gating), nor how events arrive (webhooks).
"""
