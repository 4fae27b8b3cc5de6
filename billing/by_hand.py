"""What a word of an operator's sets, by its form and by what the catalogue has under the key. Pure."""

from billing.model import Catalogue
from errors import BadInput
from gating.values import Value, ValueKind

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


LARGEST = 2**53


def _number(key: str, word: str) -> int:
    number = int(word[:20])
    if number > LARGEST:
        raise BadInput(f"`{word[:20]}` is too much for {key}: give at most {LARGEST}, or {UNLIMITED}.")
    return number
