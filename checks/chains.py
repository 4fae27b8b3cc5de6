"""How deep one module's imports reach."""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping

from checks.model import Finding, Source

LONGEST = 10


def long_chains(sources: Iterable[Source]) -> Iterator[Finding]:
    chain = longest_chain(edges_of(sources))
    if len(chain) > LONGEST:
        yield Finding(chain[0].replace(".", "/") + ".py", 1, f"imports {len(chain)} deep: {' > '.join(chain)}")


def longest_chain(edges: Mapping[str, Collection[str]]) -> list[str]:
    """The longest path of an acyclic import graph, importer first."""
    longest: dict[str, list[str]] = {}

    def chain_from(module: str) -> list[str]:
        if module not in longest:
            longest[module] = [module]  # cuts a cycle, which is import-linter's to report
            chains = [chain_from(imported) for imported in edges.get(module, ())]
            longest[module] = [module, *max(chains, key=len, default=())]
        return longest[module]

    return max((chain_from(module) for module in edges), key=len, default=list[str]())


def edges_of(sources: Iterable[Source]) -> dict[str, set[str]]:
    """module -> modules of ours that it imports, for all rooms."""
    trees = {_module(source.path): source.tree for source in sources if source.is_python and source.in_a_room}
    return {module: set(_modules(tree, trees)) - {module} for module, tree in trees.items()}


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _modules(tree: ast.Module, known: Collection[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in (f"{node.module}.{alias.name}" for alias in node.names):
                if name in known:
                    yield name
                elif node.module in known:
                    yield node.module
