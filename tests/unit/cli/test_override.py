"""What a word sets is read off its form and its key; what fits nothing is refused with what would."""

from pathlib import Path

import pytest

from billing.by_hand import setting_of
from billing.catalogue import load_catalogue
from errors import BadInput
from gating.values import ValueKind

CATALOGUE = load_catalogue(Path("catalogue.yaml"))


@pytest.mark.parametrize(
    ("key", "word", "kind", "value"),
    [
        ("api_access", "on", ValueKind.FEATURE, True),
        ("downloads", "off", ValueKind.FEATURE, False),
        ("downloads", "7", ValueKind.LIMIT, 7),
        ("projects", "unlimited", ValueKind.LIMIT, None),
        ("support_level", "priority", ValueKind.LEVEL, "priority"),
    ],
)
def test_a_word_sets_what_it_looks_like(key: str, word: str, kind: ValueKind, value: object) -> None:
    assert setting_of(CATALOGUE, key, word) == (kind, value)


@pytest.mark.parametrize(
    ("key", "word", "remedy"),
    [
        ("api_access", "7", "give on or off"),
        ("projects", "-1", "give a number or unlimited"),
        ("downloads", "many", "give on or off; or a number or unlimited"),
        ("support_level", "best", "give one of community, standard, priority"),
        ("nonsense", "on", "name one of analytics, api_access,"),
    ],
)
def test_what_fits_nothing_is_refused_with_the_remedy(key: str, word: str, remedy: str) -> None:
    with pytest.raises(BadInput, match=remedy):
        setting_of(CATALOGUE, key, word)
