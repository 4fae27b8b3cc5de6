"""What a word of an operator's sets, by its form and by what the catalogue has under the key. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.model import Catalogue
from errors import BadInput
from gating.experiments import Change, Experiment, Variant
from gating.values import Value, ValueKind
from storage.wall import FEATURE_KEY

SWITCH = {"on": True, "off": False}
UNLIMITED = "unlimited"


def setting_of(catalogue: Catalogue, key: str, word: str) -> tuple[ValueKind, Value]:
    """`on` and `off` set a feature, numbers and `unlimited` a limit or quota, words a level. Raises BadInput."""
    kinds = kinds_of(catalogue, key)
    if ValueKind.FEATURE in kinds and word in SWITCH:
        return ValueKind.FEATURE, SWITCH[word]
    if ValueKind.LIMIT in kinds and (word == UNLIMITED or word.isdecimal()):
        return ValueKind.LIMIT, None if word == UNLIMITED else _number(key, word)
    if ValueKind.LEVEL in kinds and word in catalogue.levels[key].scale:
        return ValueKind.LEVEL, word
    forms = {
        ValueKind.FEATURE: "on or off",
        ValueKind.LIMIT: f"a number or {UNLIMITED}",
        ValueKind.LEVEL: "one of " + ", ".join(catalogue.levels[key].scale if key in catalogue.levels else ()),
    }
    raise BadInput(f"`{word}` cannot be set for {key}: give {'; or '.join(forms[kind] for kind in kinds)}.")


def kinds_of(catalogue: Catalogue, key: str) -> list[ValueKind]:
    """All that goes by `key`. Raises BadInput when nothing does."""
    known = {
        ValueKind.FEATURE: catalogue.features,
        ValueKind.LIMIT: catalogue.limits,
        ValueKind.LEVEL: catalogue.levels,
    }
    kinds = [kind for kind, keys in known.items() if key in keys]
    if not kinds:
        every = sorted({key for keys in known.values() for key in keys})
        raise BadInput(f"The catalogue has no `{key}`: name one of {', '.join(every)}.")
    return kinds


@dataclass(frozen=True, slots=True)
class WordedVariant:
    """`changes` are keys with words, as for `setting_of`."""

    name: str
    weight: int
    changes: tuple[tuple[str, str], ...] = ()


def experiment_of(
    catalogue: Catalogue,
    key: str,
    variants: Sequence[WordedVariant],
    plans: Sequence[str],
    starts_at: datetime | None,
    ends_at: datetime | None,
) -> Experiment:
    """Raises BadInput with the remedy."""
    known = {plan.key for plan in catalogue.plans}
    for plan in plans:
        if plan not in known:
            raise BadInput(f"The catalogue has no plan `{plan}`: name one of {', '.join(sorted(known))}.")
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise BadInput("The experiment would end before it begins: give a later end.")
    names = [_word("an experiment", key), *(_word("a variant", each.name) for each in variants)]
    if len(set(names[1:])) < len(variants):
        raise BadInput("Two variants have the same name: give each its own.")
    if not sum(each.weight for each in variants) or any(not 0 <= each.weight <= LARGEST for each in variants):
        raise BadInput("Give each variant a weight of 0 or more, and at least one of them more than 0.")
    made = tuple(Variant(each.name, each.weight, _changes(catalogue, each)) for each in variants)
    return Experiment(key, made, frozenset(plans), starts_at, ends_at)


def _changes(catalogue: Catalogue, variant: WordedVariant) -> tuple[Change, ...]:
    changes = tuple(
        Change(kind, key, value) for key, word in variant.changes for kind, value in [setting_of(catalogue, key, word)]
    )
    if len({(each.kind, each.key) for each in changes}) < len(changes):
        raise BadInput(f"`{variant.name}` changes the same twice: say it once.")
    return changes


def _word(what: str, name: str) -> str:
    if not FEATURE_KEY.fullmatch(name) or len(name) > LONGEST_NAME:
        raise BadInput(f"`{name[:50]}` cannot name {what}: begin with a lower-case letter; then letters, digits and _.")
    return name


LARGEST = 2**53
LONGEST_NAME = 100


def _number(key: str, word: str) -> int:
    number = int(word[:20])
    if number > LARGEST:
        raise BadInput(f"`{word[:20]}` is too much for {key}: give at most {LARGEST}, or {UNLIMITED}.")
    return number
