"""Reading the `policies` part of the catalogue file: what is taken from whom, whatever they bought."""

from collections.abc import Collection

from yaml.nodes import MappingNode, Node

from billing.catalogue_prices import read_country
from billing.yaml_nodes import Document, Fields, read_fields
from gating.policies import Policy, PolicyKind

LISTS = ("deny_countries", "only_countries", "deny_roles", "only_roles")


def read_policies(fields: Fields, features: Collection[str]) -> tuple[Policy, ...]:
    """`- {feature: downloads, deny_countries: [KP]}` or `- {feature: archive, only_roles: [editor, owner]}`."""
    return tuple(policy for node in fields.items("policies") for policy in _policies(fields.document, node, features))


def _policies(document: Document, node: Node, features: Collection[str]) -> list[Policy]:
    """One for countries and one for roles, as far as the entry speaks of them."""
    inner = read_fields(document, node, "policies", ("feature", *LISTS), ("feature",))
    feature = inner.choice("feature", features)
    if isinstance(node, MappingNode) and not inner.nodes.keys() & set(LISTS):
        document.wrong(node, f"the policy for `{feature}` takes it from nobody", f"add one of {', '.join(LISTS)}")
    found = [
        Policy(feature, PolicyKind.REGION, _countries(inner, "deny_countries"), _countries(inner, "only_countries")),
        Policy(feature, PolicyKind.ROLE, frozenset(inner.texts("deny_roles")), frozenset(inner.texts("only_roles"))),
    ]
    return [policy for policy in found if policy.denied or policy.only]


def _countries(fields: Fields, name: str) -> frozenset[str]:
    what = f"{fields.what}.{name}"
    return frozenset(read_country(fields.document, item, what) for item in fields.items(name)) - {""}
