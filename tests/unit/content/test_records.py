"""Records carry what was asked for, and nothing else."""

from datetime import UTC, datetime

import pytest

from content.model import RECORDS, Author, Entry, Lesson, columns_of
from content.records import entry_maker, record_maker

AT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("kind", RECORDS)
def test_the_kind_says_of_what_class_an_entry_is(kind: str) -> None:
    [(key, entry)] = entry_maker(("id",), ())([(kind, "art_1", 7)])
    assert (key, type(entry)) == (7, RECORDS[kind])


def test_values_are_carried_in_the_order_of_the_names() -> None:
    make = entry_maker(("published_at", "id", "tags", "position"), ())
    [(_, lesson)] = make([("lesson", AT, "les_1", ["a", "b"], None, "key")])
    assert isinstance(lesson, Lesson)
    assert (lesson.id, lesson.published_at, lesson.tags, lesson.position) == ("les_1", AT, ("a", "b"), None)


def test_what_was_not_asked_for_cannot_be_read() -> None:
    [(_, article)] = entry_maker(("id", "title"), ())([("article", "art_1", "Title", 1)])
    for name in {*columns_of(Entry), "author", "body"} - {"id", "title"}:
        with pytest.raises(AttributeError, match=name):
            getattr(article, name)


def test_what_is_joined_is_a_record_of_its_own() -> None:
    [(_, article)] = entry_maker(("id",), ("name", "id"))([("article", "art_1", "Ann", "aut_1", 1)])
    assert (type(article.author), article.author.name, article.author.id) == (Author, "Ann", "aut_1")
    with pytest.raises(AttributeError, match="bio"):
        _ = article.author.bio


def test_authors_by_themselves() -> None:
    [author] = record_maker(Author, ("id", "name"))([("aut_1", "Ann")])
    assert (type(author), author.id, author.name) == (Author, "aut_1", "Ann")


def test_a_name_that_is_no_column_is_refused() -> None:
    for name in ("colour", "id); evil("):
        with pytest.raises(AttributeError):
            entry_maker((name,), ())


def test_a_row_of_another_length_is_refused() -> None:
    for row in (("article", "art_1"), ("article", "art_1", "Title", 1, 2)):
        with pytest.raises(ValueError, match="values to unpack"):
            entry_maker(("id", "title"), ())([row])
