"""The catalogue's policies: read one for each kind, and refused with their line and the remedy."""

from pathlib import Path

import pytest

from billing.catalogue import parse_catalogue
from errors import NotConfigured
from gating.policies import Policy, PolicyKind

DEMO = Path("catalogue.yaml")

POLICIES = """
policies:
  - {feature: downloads, deny_countries: [KP, CU]}
  - {feature: api_access, only_roles: [developer], only_countries: [DE]}
"""


def test_policies_are_read_one_for_each_kind() -> None:
    catalogue = parse_catalogue("c.yaml", DEMO.read_text(encoding="utf-8") + POLICIES)
    assert catalogue.policies == (
        Policy("downloads", PolicyKind.REGION, frozenset({"KP", "CU"})),
        Policy("api_access", PolicyKind.REGION, only=frozenset({"DE"})),
        Policy("api_access", PolicyKind.ROLE, only=frozenset({"developer"})),
    )


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("[KP, CU]", "[Korea]", "`Korea` is not a country: use its two upper-case letters"),
        ("feature: downloads", "feature: download", "policies.feature cannot be `download`: did you mean `downloads`?"),
        (", deny_countries: [KP, CU]", "", "takes it from nobody: add one of deny_countries"),
        ("deny_countries", "deny_country", "policies has no `deny_country`: did you mean `deny_countries`?"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_its_line(right: str, wrong: str, complaint: str) -> None:
    text = DEMO.read_text(encoding="utf-8")
    with pytest.raises(NotConfigured) as raised:
        parse_catalogue("c.yaml", text + POLICIES.replace(right, wrong))
    line = len(text.splitlines()) + 3
    assert f"c.yaml:{line}: " in raised.value.message
    assert complaint in raised.value.message
