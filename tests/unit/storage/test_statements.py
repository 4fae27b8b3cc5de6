"""How SQL text reaches the driver, and which texts never do."""

import pytest

from storage.statements import Statement, statement_of, translated, walled_statement_of

NAMED = {
    "SELECT 1": Statement("SELECT 1", ()),
    "SELECT :a, :b, :a": Statement("SELECT $1, $2, $1", ("a", "b")),
    "SELECT :a::text, now()::date": Statement("SELECT $1::text, now()::date", ("a",)),
    "SELECT ':a', 'it''s :b', :c": Statement("SELECT ':a', 'it''s :b', $1", ("c",)),
    r"SELECT E'\':a', 'e:f', :c": Statement(r"SELECT E'\':a', 'e:f', $1", ("c",)),
    r"SELECT '\', :c, ''": Statement(r"SELECT '\', $1, ''", ("c",)),
    'SELECT ":a" FROM ":b" WHERE x=:c': Statement('SELECT ":a" FROM ":b" WHERE x=$1', ("c",)),
    "SELECT $$:a$$, $x$ $$ :b $x$, :c": Statement("SELECT $$:a$$, $x$ $$ :b $x$, $1", ("c",)),
    "SELECT 1 -- :a\n, :b /* :c\n */": Statement("SELECT 1 -- :a\n, $1 /* :c\n */", ("b",)),
    "SELECT tags[1:2], tags[low:high], tags[:n]": Statement("SELECT tags[1:2], tags[low:high], tags[$1]", ("n",)),
}

NOT_ONE_QUERY = (
    "INSERT INTO member (id) VALUES (:id)",
    "DELETE FROM member",
    "SET work_mem = '1MB'",
    "LISTEN news",
    "BEGIN",
    "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    "CREATE TEMP TABLE t ()",
    "PREPARE p AS SELECT 1",
    "SELECT 1; LISTEN news",
    "-- SELECT\nDISCARD ALL",
    "",
)
LASTING = (
    "SELECT set_config('work_mem', '1MB', false)",
    'SELECT "set_config"(:name, :value, true)',
    "SELECT 1 WHERE PG_ADVISORY_LOCK (1) IS NULL",
    "WITH q AS (SELECT pg_try_advisory_lock_shared(1)) SELECT 1 FROM q",
    "SELECT pg_advisory_unlock_all()",
)
READING = (
    "SELECT id FROM member -- set_config; pg_advisory_lock",
    "SELECT 'set_config(;)'",
    "\n WITH q AS (SELECT 1) SELECT * FROM q",
    "(SELECT 1) UNION (SELECT 2)",
    "VALUES (1)",
    "SELECT pg_advisory_xact_lock(1)",
)


@pytest.mark.parametrize("query", NAMED)
def test_names_become_numbers(query: str) -> None:
    assert translated(query) == NAMED[query]


def test_arguments_come_in_the_order_of_the_numbers() -> None:
    statement = translated("SELECT :b, :a, :b")
    assert statement.arguments({"a": 1, "b": 2, "c": 3}) == [2, 1]
    with pytest.raises(KeyError, match="a"):
        statement.arguments({"b": 2})


@pytest.mark.parametrize("make", [statement_of, walled_statement_of])
@pytest.mark.parametrize("query", NOT_ONE_QUERY)
def test_only_one_query_is_read(query: str, make: type) -> None:
    with pytest.raises(ValueError, match="only one query"):
        make(query)


@pytest.mark.parametrize("make", [statement_of, walled_statement_of])
@pytest.mark.parametrize("query", LASTING)
def test_what_outlives_its_statement_is_refused(query: str, make: type) -> None:
    with pytest.raises(ValueError, match="outlives"):
        make(query)


@pytest.mark.parametrize("query", READING)
def test_what_only_reads_is_not(query: str) -> None:
    assert statement_of(query).sql == query
