"""How Hypothesis is used here: one seed for each example, the same ones in each run, no shrinking of its own."""

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st

FIXED = settings(derandomize=True, database=None, deadline=None, phases=(Phase.generate,))
ANEW = settings(FIXED, derandomize=False, print_blob=True)
RANDOMS = st.randoms(use_true_random=True)
"""All chance of one example: drawing each choice by itself would take ten times as long. `reduction` shrinks."""

DROPPED = pytest.mark.filterwarnings(
    "ignore:coroutine .* was never awaited:RuntimeWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:Generating overly large repr",
)
"""graphql-core drops what it has begun when it cannot collect a selection: its own doing, and only on its own path.

Hypothesis warns of its words about worlds, in place of the failure."""
