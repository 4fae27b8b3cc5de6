"""The protocol that keeps entitlements true, as a machine small enough to be searched through to its end.

`world` says what there is, `stripe_side` and `cache_side` what the code may do next, `faults` what may befall it, each
step naming the real function it mirrors; `invariants` says what must hold, `search` looks at every state that can be.
"""
