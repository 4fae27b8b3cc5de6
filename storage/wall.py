"""The second wall: which rows a holder of features may see, as one setting and a statement that makes it.

Gated rows live in tables under FORCE ROW LEVEL SECURITY whose policies compare the row's `required_feature` with the
setting; where it is unset, no row is visible.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

FEATURE_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")
"""What a feature key looks like: it must survive in a comma-separated setting."""

SETTING = "gatehouse.features"

PARAMETER = "wall_features"
"""The parameter of a walled statement that takes `wall_value`."""


def walled(query: str) -> str:
    """The one statement: the setting, and `query` as the inner side of a loop that can only run after it.

    `OFFSET 0` and the reference to `wall` keep the planner from reading the tables first
    (`tests/flow/test_second_wall.py` holds both the plan and the rows). The setting lasts as long as the statement.
    """
    return (
        f"SELECT q.* FROM set_config('{SETTING}', :{PARAMETER}, true) AS wall(features)"  # noqa: S608 - both parts are code's own text, values are bound
        f" CROSS JOIN LATERAL (SELECT i.* FROM ({query}) AS i WHERE wall.features IS NOT NULL OFFSET 0) AS q"
    )


def wall_value(features: Iterable[str]) -> str:
    """The setting's text: feature keys, sorted, comma-separated. Raises ValueError on a key that could break out."""
    return _joined(frozenset(features))


@lru_cache(1024)
def _joined(features: frozenset[str]) -> str:
    for key in features:
        if not FEATURE_KEY.fullmatch(key):
            raise ValueError(f"feature key {key!r} is not of the form {FEATURE_KEY.pattern}")
    return ",".join(sorted(features))
