"""How much was used: usage events, each counted once, monthly counters for limits, daily totals for analytics.

Words: Meter (what is counted, under the key of its limit), Usage (a meter's total in a month, UTC).
Does not own limits (gating) nor what they cost (billing).
"""
