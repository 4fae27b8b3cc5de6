"""Changes of the SDL are named after what they do."""

import pytest

from schema.changes import describe_changes

SDL = """
directive @requiresEntitlement(anyOf: [[String!]!]!) on FIELD_DEFINITION | OBJECT | ARGUMENT_DEFINITION | ENUM_VALUE
directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION
directive @authenticated on FIELD_DEFINITION
directive @audiences(only: [Audience!]!) on FIELD_DEFINITION
enum Audience { SPA OPERATOR INTEGRATOR }
enum Order { TITLE READ @requiresEntitlement(anyOf: [["analytics"]]) }
type Report @requiresEntitlement(anyOf: [["analytics"]]) { total: Int }
type Query {
  body: String @requiresEntitlement(anyOf: [["premium"], ["staff", "desk"]])
  list(order: Order, archived: Boolean @requiresEntitlement(anyOf: [["archive"]])): [String!]
  members: Int @audiences(only: [OPERATOR]) @requiresScopes(scopes: [["members:read"]])
  me: String @authenticated
  report: Report
}
"""

LOOSENED = {
    "directive removed": (' @requiresEntitlement(anyOf: [["premium"], ["staff", "desk"]])', "", "Query.body lost"),
    "alternative added": ('["staff", "desk"]', '["staff", "desk"], ["trial"]', "Query.body had"),
    "conjunct removed": ('["staff", "desk"]', '["staff"]', "Query.body had"),
    "nothing asked": ('anyOf: [["premium"], ["staff", "desk"]]', "anyOf: []", "Query.body had"),
    "type": ('Report @requiresEntitlement(anyOf: [["analytics"]])', "Report", "Report lost"),
    "argument": ('Boolean @requiresEntitlement(anyOf: [["archive"]])', "Boolean", "Query.list(archived:) lost"),
    "enum value": ('READ @requiresEntitlement(anyOf: [["analytics"]])', "READ", "Order.READ lost"),
    "scope": (' @requiresScopes(scopes: [["members:read"]])', "", "Query.members lost"),
    "audience": ("[OPERATOR])", "[OPERATOR, SPA])", "Query.members had"),
    "authentication": (" @authenticated\n  report", "\n  report", "Query.me lost"),
}


@pytest.mark.parametrize("case", LOOSENED)
def test_a_loosened_gate_is_dangerous(case: str) -> None:
    old, new, expected = LOOSENED[case]
    changed = SDL.replace(old, new)
    assert changed != SDL
    [told] = describe_changes(SDL, changed)
    assert told.startswith(f"DANGEROUS un-gated: {expected}")


def test_stricter_gates_and_additions_are_not_told() -> None:
    stricter = (
        SDL.replace('["premium"], ["staff", "desk"]', '["premium", "eu"]')
        .replace("[OPERATOR, SPA]", "[OPERATOR]")
        .replace("report: Report", "report: Report\n  fresh: String")
    )
    assert stricter != SDL
    assert describe_changes(SDL, stricter) == []


def test_what_breaks_clients_comes_first() -> None:
    changed = SDL.replace("  report: Report\n", "").replace(" @authenticated\n", "\n")
    told = describe_changes(SDL, changed)
    assert told[0].startswith("BREAKING ")
    assert any("Query.report" in each for each in told if each.startswith("BREAKING"))
    assert told[-1].startswith("DANGEROUS un-gated: Query.me")
