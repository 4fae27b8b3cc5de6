"""Records carry what was asked for, and nothing else."""

from datetime import UTC, datetime

import pytest

from content.model import RECORDS, Author, Entry, Lesson, columns_of
from content.records import author_maker, entry_maker

AT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("kind", RECORDS)
def test_the_kind_says_of_what_class_an_entry_is(kind: str) -> None:
    assert type(entry_maker(("id",))((kind, "art_1"))) is RECORDS[kind]


def test_values_are_carried_in_the_order_of_the_names() -> None:
    make = entry_maker(("published_at", "id", "tags", "position"))
    lesson = make(("lesson", AT, "les_1", ["a", "b"], None, "what follows"))
    assert isinstance(lesson, Lesson)
    assert (lesson.id, lesson.published_at, lesson.tags, lesson.position) == ("les_1", AT, ("a", "b"), None)


def test_what_was_not_asked_for_cannot_be_read() -> None:
    article = entry_maker(("id", "title"))(("article", "art_1", "Title"))
    for name in columns_of(Entry) - {"id", "title"}:
        with pytest.raises(AttributeError, match=name):
            getattr(article, name)


def test_authors_are_found_at_their_place_in_a_row() -> None:
    author = author_maker(("name", "id"), at=2)(("art_1", AT, "Ann", "aut_1", 7))
    assert (type(author), author.name, author.id) == (Author, "Ann", "aut_1")


def test_a_name_that_is_no_column_is_refused() -> None:
    for name in ("colour", "id); evil("):
        with pytest.raises(AttributeError):
            entry_maker((name,))


def test_a_row_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        entry_maker(("id", "title"))(("article", "art_1"))
