"""The scopes there are: what a token may be allowed to do. Declared here, required in the schema."""

from collections.abc import Mapping

SCOPES: Mapping[str, str] = {
    "members:read": "read members and what they hold",
    "subscriptions:read": "read subscriptions",
    "events:read": "read the events that Stripe sent",
    "events:write": "replay events and have everything compared with Stripe",
    "entitlements:read": "ask what a member is entitled to",
    "entitlements:write": "set by hand what members hold",
    "billing:write": "give money back and extend trials",
    "content:write": "write and publish content",
}
"""Each with what it allows, in words that follow `may`."""
