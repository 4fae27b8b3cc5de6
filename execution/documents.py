"""Documents: parsed, validated and measured once, then remembered by their text, bounded."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import structlog
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from execution.fresh import asks_fresh
from execution.input_uses import uses_guarded_input
from execution.limits import Limits, limit_errors
from execution.rules import RuleBook

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
"""Built once: a rule class made anew for each request would defeat every cache."""

MAX_ERRORS = 20
REMEMBERED_CHARACTERS = 500_000
"""Bounds the cache by the text it stands for, since the size of a parsed document grows with its text."""

PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A document that may run. `guarded` says that it uses an argument or input that some caller may be denied,
    `fresh` that something in it is decided on what the authority says.

    `prepared` remembers what was worked out about its operations, by contract and the name asked for.
    """

    ast: DocumentNode
    fragments: dict[str, FragmentDefinitionNode]
    guarded: bool
    fresh: bool
    prepared: dict[tuple[Any, str | None], Any] = field(default_factory=dict[tuple[Any, str | None], Any])


@dataclass(frozen=True, slots=True)
class Unfit:
    """A document that may not run, and why."""

    code: str
    errors: tuple[GraphQLError, ...]


class Documents:
    """The documents of one contract, most recently used last. Only fit ones are remembered."""

    def __init__(self, schema: GraphQLSchema, rules: RuleBook, limits: Limits) -> None:
        self._schema = schema
        self._rules = rules
        self._limits = limits
        self._remembered: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0

    def find(self, text: str) -> Document | Unfit:
        """The document of `text`, or why it may not run."""
        known = self._remembered.get(text)
        if known is not None:
            self._remembered.move_to_end(text)
            return known
        document = self._read(text)
        if isinstance(document, Document):
            self._remember(text, document)
        return document

    def _remember(self, text: str, document: Document) -> None:
        self._remembered[text] = document
        self._characters += len(text)
        while self._characters > REMEMBERED_CHARACTERS:
            forgotten, _ = self._remembered.popitem(last=False)
            self._characters -= len(forgotten)

    def _read(self, text: str) -> Document | Unfit:
        if len(text) > self._limits.characters:
            message = f"The document has {len(text)} characters; the limit is {self._limits.characters}."
            return Unfit(PARSE_FAILED, (GraphQLError(message),))
        try:
            ast = parse(text, max_tokens=self._limits.tokens, allow_empty_selection_sets=False)
        except GraphQLSyntaxError as fault:
            return Unfit(PARSE_FAILED, (fault,))
        if errors := self._errors_of(ast):
            return Unfit(VALIDATION_FAILED, tuple(errors))
        fragments = {node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)}
        guarded = uses_guarded_input(self._schema, self._rules, ast)
        return Document(ast, fragments, guarded, asks_fresh(self._schema, ast))

    def _errors_of(self, ast: DocumentNode) -> list[GraphQLError]:
        """Fails closed: a rule that crashes is an error of the request."""
        try:
            return limit_errors(ast, self._limits) or validate(
                self._schema,
                ast,
                RULES,
                max_errors=MAX_ERRORS,
                hide_suggestions=True,
                allow_empty_selection_sets=False,
            )
        except Exception:
            log.exception("validation_crashed")
            return [GraphQLError("The document could not be validated.")]
