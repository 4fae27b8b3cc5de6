"""What each field fetches: one module per subject. Returns the capabilities' frozen records, never a schema type.

`context` is what resolvers receive, `columns` says which columns a selection needs, `connection` makes pages.
Does not own the contract (schema) nor who may see a field (gating, enforced by execution before a resolver is called).
"""
