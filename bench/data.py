"""The same rows for everybody: ours in our own tables, the peers' derived from them in the schema `bench`.

10,000 articles (all bodies premium, about 600 characters) by 200 authors, each with 10 courses of 5 lessons; 1,000
members. PRO holds everything of the plan `pro`, FREE nothing. Both have used something this month.
"""

import asyncpg

from billing.model import Catalogue, Plan
from clock import SystemClock
from gating.model import Grant, LimitGrant, Source
from gating.record import record_grants
from storage.database import connect
from storage.embedded.postgres import APP

FREE, PRO = "mem_00001", "mem_00002"

OURS = """
    INSERT INTO member (id, email, name)
    SELECT 'mem_' || lpad(n::text, 5, '0'), 'member' || n || '@example.com', 'Member ' || n
    FROM generate_series(1, 1000) n;

    INSERT INTO author (id, name) SELECT 'aut_' || lpad(n::text, 5, '0'), 'Author ' || n FROM generate_series(1, 200) n;

    INSERT INTO content (id, kind, slug, title, teaser, author_id, published_at)
    SELECT 'art_' || lpad(n::text, 5, '0'), 'article', 'post-' || n, 'Title of post number ' || n,
           'Teaser for post ' || n || ': ' || repeat('lorem ipsum ', 8),
           'aut_' || lpad((1 + n * 37 % 200)::text, 5, '0'),
           timestamptz '2026-01-01 00:00:00+00' - n * interval '1 minute'
    FROM generate_series(1, 10000) n;

    INSERT INTO content_body (content_id, required_feature, body)
    SELECT id, 'content_premium', 'Body of ' || title || E'\n'
           || repeat('Lorem "ipsum" dolor sit amet, consectetur adipiscing elit. ', 10)
    FROM content;

    INSERT INTO content (id, kind, slug, title, teaser, author_id, published_at)
    SELECT 'crs_' || lpad(n::text, 5, '0'), 'course', 'course-' || n, 'Title of course number ' || n,
           'Teaser for course ' || n, 'aut_' || lpad((1 + n * 37 % 200)::text, 5, '0'),
           timestamptz '2026-01-01 00:00:00+00' - n * interval '1 hour'
    FROM generate_series(1, 2000) n;

    INSERT INTO content (id, kind, slug, title, teaser, author_id, published_at, parent_id, position)
    SELECT 'les_' || lpad(n::text, 5, '0'), 'lesson', 'lesson-' || n, 'Title of lesson number ' || n,
           'Teaser for lesson ' || n, c.author_id, c.published_at, c.id, 1 + n % 5
    FROM generate_series(0, 9999) n JOIN content c ON c.id = 'crs_' || lpad((1 + n / 5)::text, 5, '0');

    INSERT INTO usage_counter (member_id, month, meter, used)
    SELECT id, date_trunc('month', now() AT TIME ZONE 'UTC')::date, meter, length(email) * 7 % 40
    FROM member, unnest(ARRAY['articles_read', 'downloads']) meter;

    ANALYZE;
"""

THEIRS = f"""
    CREATE SCHEMA bench;
    SELECT set_config('gatehouse.features', 'content_premium', false);

    CREATE TABLE bench.author AS SELECT id, name FROM author;
    CREATE TABLE bench.article AS
        SELECT c.id, c.slug, c.title, c.teaser, b.body, c.published_at, c.author_id
        FROM content c JOIN content_body b ON b.content_id = c.id;
    CREATE TABLE bench.course AS SELECT id, title, published_at, author_id FROM content WHERE kind = 'course';
    CREATE TABLE bench.lesson AS
        SELECT id, title, position, parent_id AS course_id FROM content WHERE kind = 'lesson';
    CREATE TABLE bench.entitlement AS SELECT DISTINCT member_id, feature FROM entitlement_grant;
    CREATE TABLE bench.plan (id text PRIMARY KEY, name text NOT NULL);
    CREATE TABLE bench.member AS
        SELECT m.id, m.email, coalesce(max(g.plan), 'free') AS plan_id
        FROM member m LEFT JOIN entitlement_grant g ON g.member_id = m.id GROUP BY m.id;
    CREATE TABLE bench.usage (member_id text, meter text, used bigint NOT NULL, "limit" bigint);
    CREATE TABLE bench.webhook_event (
        event_id text PRIMARY KEY, type text NOT NULL, payload bytea NOT NULL, received_at timestamptz DEFAULT now());

    ALTER TABLE bench.author ADD PRIMARY KEY (id);
    ALTER TABLE bench.article ADD PRIMARY KEY (id), ADD FOREIGN KEY (author_id) REFERENCES bench.author;
    CREATE INDEX ON bench.article (published_at DESC, id DESC);
    ALTER TABLE bench.course ADD PRIMARY KEY (id), ADD FOREIGN KEY (author_id) REFERENCES bench.author;
    CREATE INDEX ON bench.course (author_id, published_at DESC, id DESC);
    ALTER TABLE bench.lesson ADD PRIMARY KEY (id), ADD FOREIGN KEY (course_id) REFERENCES bench.course;
    CREATE INDEX ON bench.lesson (course_id, position);
    ALTER TABLE bench.entitlement ADD PRIMARY KEY (member_id, feature);
    ALTER TABLE bench.member ADD PRIMARY KEY (id);
    ALTER TABLE bench.usage ADD PRIMARY KEY (member_id, meter);

    GRANT USAGE ON SCHEMA bench TO {APP};
    GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA bench TO {APP};
"""

USAGE = """
    INSERT INTO bench.usage (member_id, meter, used, "limit")
    SELECT $1, meter, coalesce(used, 0), "limit"
    FROM (SELECT meter, used FROM usage_counter WHERE member_id = $1) counted
    FULL JOIN unnest($2::text[], $3::bigint[]) AS capped (meter, "limit") USING (meter)
"""


async def seed(owner_url: str, catalogue: Catalogue) -> None:
    """Fills a migrated, empty database. Not idempotent."""
    owner: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(owner_url)
    try:
        await owner.execute(OURS)
        plans = {plan.key: plan for plan in catalogue.plans}
        await _grant(owner_url, PRO, plans["pro"])
        await owner.execute(THEIRS)
        await owner.executemany(
            "INSERT INTO bench.plan (id, name) VALUES ($1, $2)", [(plan.key, plan.name) for plan in catalogue.plans]
        )
        for member_id, plan in ((FREE, plans["free"]), (PRO, plans["pro"])):
            given = {limit.limit: limit.value for limit in (*plans["free"].limits, *plan.limits)}
            quotas = {key: value for key, value in given.items() if catalogue.limits[key].metered}
            await owner.execute(USAGE, member_id, list(quotas), list(quotas.values()))
        await owner.execute("VACUUM ANALYZE")  # else it is done in the middle of the run
    finally:
        await owner.close()


async def _grant(owner_url: str, member_id: str, plan: Plan) -> None:
    because = (Source.SUBSCRIPTION, "sub_bench")
    grants = [Grant(feature, *because, plan=plan.key) for feature in plan.features]
    limits = [LimitGrant(limit.limit, limit.value, *because) for limit in plan.limits]
    database, now = connect(owner_url), SystemClock().now()
    try:
        async with database.transaction() as connection:
            await record_grants(
                connection, member_id, owner="bench", grants=grants, limits=limits, cause="benchmark", now=now
            )
    finally:
        await database.close()
