"""Reading the `edge` part of the catalogue file: which addresses a CDN's edge may decide about by itself."""

from collections.abc import Collection

from yaml.nodes import Node

from billing.model import EdgeMap, Route
from billing.yaml_nodes import Document, read_fields

EDGE = ("upgrade", "routes")
ROUTE = ("path", "feature", "fresh")


def read_edge(document: Document, node: Node | None, features: Collection[str]) -> EdgeMap:
    """An empty map where the file has none."""
    if node is None:
        return EdgeMap()
    fields = read_fields(document, node, "edge", EDGE, EDGE)
    routes = [_route(document, each, features) for each in fields.items("routes")]
    return EdgeMap(fields.text("upgrade"), tuple(sorted(routes, key=lambda route: route.path)))


def _route(document: Document, node: Node, features: Collection[str]) -> Route:
    fields = read_fields(document, node, "edge.routes", ROUTE, ("path", "feature"))
    path = fields.taken_text("path")
    if path and not path.startswith("/"):
        document.wrong(fields.nodes["path"], f"edge.routes.path `{path}` is no path", "begin it with /")
    return Route(path, fields.choice("feature", features), fields.truth("fresh", default=False))
