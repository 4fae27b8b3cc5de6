"""Who is calling: verified bearer tokens become a `Principal` with a kind and scopes.

Owns members as persons, signing keys, tokens. Does not own what a member may see: that is gating.
"""
