"""What a change of the SDL does to clients and to what is protected, in words. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    ConstDirectiveNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ListValueNode,
    Node,
    ObjectTypeDefinitionNode,
    StringValueNode,
    build_schema,
    parse,
    print_ast,
)
from graphql.utilities import find_breaking_changes, find_dangerous_changes

GATES = ("requiresEntitlement", "requiresScopes", "authenticated", "audiences")

Need = tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Gate:
    """One directive on one coordinate. `need` is OR of ANDs, empty where the directive lists nothing."""

    text: str
    need: Need


def describe_changes(old: str, new: str) -> list[str]:
    """What breaks clients, what is less protected, what may surprise clients; additions are not listed."""
    before, after = build_schema(old), build_schema(new)
    return [
        *(f"BREAKING {change.description}" for change in find_breaking_changes(before, after)),
        *(f"DANGEROUS un-gated: {loosened}" for loosened in _loosened(_gates(old), _gates(new))),
        *(f"DANGEROUS {change.description}" for change in find_dangerous_changes(before, after)),
    ]


def _loosened(old: Mapping[str, Mapping[str, Gate]], new: Mapping[str, Mapping[str, Gate]]) -> Iterator[str]:
    """Coordinates that both have and that now ask for less. Whatever changes and is not plainly stricter counts."""
    for coordinate in sorted(old.keys() & new.keys()):
        for name, gate in old[coordinate].items():
            now = new[coordinate].get(name)
            if now is None:
                yield f"{coordinate} lost {gate.text}"
            elif now.text != gate.text and not _as_strict(now, gate):
                yield f"{coordinate} had {gate.text} and has {now.text}"


def _as_strict(now: Gate, gate: Gate) -> bool:
    if gate.text.startswith("@audiences"):
        return set().union(*now.need) <= set().union(*gate.need)
    return bool(now.need) and all(any(every <= alternative for every in gate.need) for alternative in now.need)


def _gates(sdl: str) -> dict[str, dict[str, Gate]]:
    """Every coordinate of the document, with its gates by directive name."""
    found: dict[str, dict[str, Gate]] = {}
    for definition in parse(sdl).definitions:
        for coordinate, directives in _coordinates(definition):
            applied = (directive for directive in directives if directive.name.value in GATES)
            found[coordinate] = {each.name.value: Gate(print_ast(each), _need(each)) for each in applied}
    return found


def _coordinates(definition: Node) -> Iterator[tuple[str, tuple[ConstDirectiveNode, ...]]]:
    if isinstance(definition, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | InputObjectTypeDefinitionNode):
        owner = definition.name.value
        yield owner, tuple(definition.directives or ())
        for field in definition.fields or ():
            yield f"{owner}.{field.name.value}", tuple(field.directives or ())
            for argument in (field.arguments or ()) if isinstance(field, FieldDefinitionNode) else ():
                yield f"{owner}.{field.name.value}({argument.name.value}:)", tuple(argument.directives or ())
    elif isinstance(definition, EnumTypeDefinitionNode):
        owner = definition.name.value
        yield owner, tuple(definition.directives or ())
        for value in definition.values or ():
            yield f"{owner}.{value.name.value}", tuple(value.directives or ())


def _need(directive: ConstDirectiveNode) -> Need:
    return tuple(
        frozenset(_words(every))
        for argument in directive.arguments or ()
        if isinstance(argument.value, ListValueNode)
        for every in argument.value.values
    )


def _words(value: Node) -> Iterator[str]:
    if isinstance(value, ListValueNode):
        for item in value.values:
            yield from _words(item)
    elif isinstance(value, StringValueNode):
        yield value.value
    else:
        yield print_ast(value)
