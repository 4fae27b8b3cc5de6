"""Checked reading of a YAML document: every problem is kept with its line, and reading goes on after each.

A reader that finds a problem notes it and returns an empty value of its type, so that all are reported at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from errors import NotConfigured

TEXT_TAG = "tag:yaml.org,2002:str"
INT_TAG = "tag:yaml.org,2002:int"
BOOL_TAG = "tag:yaml.org,2002:bool"
LONGEST_DAYS = 36_500


@dataclass
class Document:
    """One file being read, and what is wrong with it so far."""

    name: str
    problems: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    taken: dict[str, int] = field(default_factory=dict[str, int])

    def wrong(self, node: Node, problem: str, remedy: str) -> None:
        """Notes a problem at `node`'s line."""
        self.problems.append((node.start_mark.line + 1, f"{problem}: {remedy}"))

    def take(self, node: Node, name: str) -> None:
        """Notes that `name` is used here; a name means one thing in the whole file."""
        if name in self.taken:
            self.wrong(node, f"`{name}` is already on line {self.taken[name]}", "keep it in one place")
        elif name:
            self.taken[name] = node.start_mark.line + 1

    def raise_problems(self) -> None:
        """Raises NotConfigured naming every problem as file:line, in the file's order; nothing when there is none."""
        if self.problems:
            lines = sorted(set(self.problems))
            raise NotConfigured("\n".join(f"{self.name}:{line}: {problem}" for line, problem in lines))


def compose(name: str, text: str) -> tuple[Document, Node]:
    """The document's root. Raises NotConfigured when it is empty or not YAML."""
    document = Document(name)
    try:
        root: Node | None = yaml.SafeLoader(text).get_single_node()
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise NotConfigured(
            f"{name}:{line}: this is not YAML ({fault.problem}): mend the syntax at that line"
        ) from None
    except (yaml.YAMLError, RecursionError) as fault:
        raise NotConfigured(f"{name}:1: this is not YAML ({type(fault).__name__}): write it as UTF-8 text") from None
    if root is None:
        raise NotConfigured(f"{name}:1: the file is empty: start from the catalogue.yaml that Gatehouse ships")
    return document, root


def read_mapping(document: Document, node: Node, what: str) -> dict[str, tuple[Node, Node]]:
    """Each key's (key node, value node), in the file's order; keys must be text and come once."""
    if not isinstance(node, MappingNode):
        document.wrong(node, f"{what} must be a mapping", "write it as `key: value` lines")
        return {}
    entries: dict[str, tuple[Node, Node]] = {}
    for key, value in node.value:
        name = read_text(document, key, f"a key of {what}")
        if name in entries:
            first = entries[name][0].start_mark.line + 1
            document.wrong(key, f"`{name}` is already on line {first}", "keep one of the two")
        elif name:
            entries[name] = (key, value)
    return entries


@dataclass(frozen=True)
class Fields:
    """The fields of one mapping whose keys are known. A field that is absent reads as the empty value of its type."""

    document: Document
    what: str
    nodes: dict[str, Node]

    def text(self, name: str) -> str:
        return read_text(self.document, self.nodes[name], self._named(name)) if name in self.nodes else ""

    def taken_text(self, name: str) -> str:
        """A text that must not be used elsewhere in the file."""
        word = self.text(name)
        if word:
            self.document.take(self.nodes[name], word)
        return word

    def number(self, name: str) -> int:
        return read_number(self.document, self.nodes[name], self._named(name)) if name in self.nodes else 0

    def truth(self, name: str, default: bool) -> bool:
        return read_truth(self.document, self.nodes[name], self._named(name)) if name in self.nodes else default

    def choice(self, name: str, choices: Iterable[str]) -> str:
        return read_choice(self.document, self.nodes[name], self._named(name), choices) if name in self.nodes else ""

    def choices(self, name: str, choices: Iterable[str]) -> frozenset[str]:
        """A list of different words, each one of `choices`."""
        known = tuple(choices)
        words = [(node, read_choice(self.document, node, self._named(name), known)) for node in self.items(name)]
        return self._distinct(name, words)

    def taken_texts(self, name: str) -> frozenset[str]:
        """A list of texts, none of which may be used elsewhere in the file."""
        words = [(node, read_text(self.document, node, self._named(name))) for node in self.items(name)]
        for node, word in words:
            self.document.take(node, word)
        return frozenset(word for _, word in words if word)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of different texts, in its order."""
        words = [(node, read_text(self.document, node, self._named(name))) for node in self.items(name)]
        self._distinct(name, words)
        return tuple(word for _, word in words if word)

    def items(self, name: str) -> list[Node]:
        return read_items(self.document, self.nodes[name], self._named(name)) if name in self.nodes else []

    def entries(self, name: str) -> dict[str, tuple[Node, Node]]:
        return read_mapping(self.document, self.nodes[name], self._named(name)) if name in self.nodes else {}

    def _distinct(self, name: str, words: list[tuple[Node, str]]) -> frozenset[str]:
        seen: set[str] = set()
        for node, word in words:
            if word in seen:
                self.document.wrong(node, f"`{word}` is already in {self._named(name)}", "keep one of the two")
            seen.add(word)
        return frozenset(seen - {""})

    def _named(self, name: str) -> str:
        return f"{self.what}.{name}" if self.what else name


def read_fields(
    document: Document, node: Node, what: str, allowed: Iterable[str], required: Iterable[str] = ()
) -> Fields:
    """The fields of a mapping: an unknown one is refused with the nearest name, a missing one named."""
    entries = read_mapping(document, node, what or "the file")
    known = tuple(allowed)
    for name, (key, _) in entries.items():
        if name not in known:
            document.wrong(key, f"{what or 'the file'} has no `{name}`", nearest(name, known))
    for name in required:
        if isinstance(node, MappingNode) and name not in entries:
            document.wrong(node, f"{what or 'the file'} lacks `{name}`", f"add a line `{name}: …`")
    return Fields(document, what, {name: value for name, (_, value) in entries.items() if name in known})


def read_items(document: Document, node: Node, what: str) -> list[Node]:
    if isinstance(node, SequenceNode):
        return list(node.value)
    document.wrong(node, f"{what} must be a list", "write it as [a, b] or as `- a` lines")
    return []


def read_text(document: Document, node: Node, what: str) -> str:
    if isinstance(node, ScalarNode) and node.tag == TEXT_TAG and node.value.strip():
        return str(node.value)
    document.wrong(node, f"{what} must be text", 'write a word, in "quotes" where YAML would read a number or yes/no')
    return ""


def is_word(node: Node, word: str) -> bool:
    return isinstance(node, ScalarNode) and node.tag == TEXT_TAG and node.value == word


def read_number(document: Document, node: Node, what: str) -> int:
    """A whole number, 0 or more."""
    if isinstance(node, ScalarNode) and node.tag == INT_TAG and node.value.isdecimal():
        return int(node.value)
    document.wrong(node, f"{what} must be a whole number, 0 or more", "write digits only; amounts are in cents")
    return 0


def read_days(fields: Fields, name: str) -> int | None:
    """A whole number of days, 1 or more; None where the field is absent."""
    if name not in fields.nodes:
        return None
    days = fields.number(name)
    if not 1 <= days <= LONGEST_DAYS:
        remedy = f"give 1 to {LONGEST_DAYS}, or leave it out"
        fields.document.wrong(fields.nodes[name], f"{fields.what}.{name} cannot be {days}", remedy)
    return days


def read_truth(document: Document, node: Node, what: str) -> bool:
    if isinstance(node, ScalarNode) and node.tag == BOOL_TAG:
        return node.value.lower() in ("true", "yes", "on")
    document.wrong(node, f"{what} must be true or false", "write true or false")
    return False


def read_choice(document: Document, node: Node, what: str, choices: Iterable[str]) -> str:
    """One of `choices`; the empty text when it is none of them."""
    word = read_text(document, node, what)
    known = tuple(map(str, choices))
    if word and word not in known:
        document.wrong(node, f"{what} cannot be `{word}`", nearest(word, known))
        return ""
    return word


def nearest(word: str, choices: Iterable[str]) -> str:
    """The remedy for a word that is none of `choices`."""
    known = sorted(choices)
    close = get_close_matches(word, known, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return "use one of " + ", ".join(known) if known else "there is none to choose from; remove it"
