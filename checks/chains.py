"""How far one module's imports reach."""

import ast
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping

from checks.model import Finding, Source

LONGEST = 10
"""Imports, one after the other."""


def long_chains(sources: Iterable[Source]) -> Iterator[Finding]:
    """Modules that reach another one only over more than `LONGEST` imports."""
    edges = edges_of(sources)
    for module in edges:
        chain = farthest(module, edges)
        if len(chain) - 1 > LONGEST:
            path = module.replace(".", "/") + ".py"
            yield Finding(path, 1, f"reaches {chain[-1]} over {len(chain) - 1} imports: {' > '.join(chain)}")


def farthest(module: str, edges: Mapping[str, Collection[str]]) -> list[str]:
    """The shortest chain of imports to the module that is farthest from `module`, both ends in it."""
    chains, waiting = {module: [module]}, deque([module])
    while waiting:
        importer = waiting.popleft()
        for imported in edges.get(importer, ()):
            if imported not in chains:
                chains[imported] = [*chains[importer], imported]
                waiting.append(imported)
    return max(chains.values(), key=len)


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
