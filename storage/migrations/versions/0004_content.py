"""Content: what is published, open and gated apart, and what members keep of it.

`content` holds only what anybody may read. Gated values live in `content_body`, `content_file` and `content_stats`,
behind the second wall: no row is visible unless the setting `gatehouse.features` names the row's `required_feature`.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

WALLED = ("content_body", "content_file", "content_stats")


def upgrade() -> None:
    _create_open_tables()
    _create_walled_tables()
    for table in WALLED:
        _raise_wall(table)


def _create_open_tables() -> None:
    op.execute("""
        CREATE TABLE author (
            id         text        PRIMARY KEY CHECK (id LIKE 'aut\\_%'),
            name       text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
            bio        text,
            created_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("""
        CREATE TABLE content (
            id           text        PRIMARY KEY,
            kind         text        NOT NULL CHECK (kind IN ('article', 'post', 'course', 'lesson', 'download')),
            slug         text        NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
            title        text        NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
            teaser       text        NOT NULL DEFAULT '',
            author_id    text        NOT NULL REFERENCES author (id),
            parent_id    text        REFERENCES content (id) ON DELETE CASCADE,
            position     integer     CHECK (position >= 1),
            tags         text[]      NOT NULL DEFAULT '{}',
            open_body    text,
            file_name    text,
            size_bytes   integer     CHECK (size_bytes >= 0),
            created_at   timestamptz NOT NULL DEFAULT now(),
            published_at timestamptz,
            archived_at  timestamptz,
            CHECK ((kind = 'lesson') = (parent_id IS NOT NULL AND position IS NOT NULL))
        )
    """)
    op.execute("CREATE INDEX content_newest ON content (published_at DESC, id DESC) WHERE archived_at IS NULL")
    op.execute("CREATE INDEX content_kind_newest ON content (kind, published_at DESC, id DESC)")
    op.execute("CREATE INDEX content_title ON content (title, id)")
    op.execute("CREATE INDEX content_author_newest ON content (author_id, kind, published_at DESC, id DESC)")
    op.execute("CREATE INDEX content_tags ON content USING gin (tags)")
    op.execute("CREATE UNIQUE INDEX content_lessons ON content (parent_id, position) WHERE kind = 'lesson'")
    op.execute("CREATE INDEX content_text ON content USING gin (to_tsvector('simple', title || ' ' || teaser))")
    op.execute("""
        CREATE TABLE bookmark (
            member_id  text        NOT NULL,
            content_id text        NOT NULL REFERENCES content (id) ON DELETE CASCADE,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (member_id, content_id)
        )
    """)
    op.execute("CREATE INDEX bookmark_newest ON bookmark (member_id, created_at DESC, content_id DESC)")


def _create_walled_tables() -> None:
    for table, column in (
        ("content_body", "body text NOT NULL"),
        ("content_file", "file_url text NOT NULL"),
        ("content_stats", "read_count bigint NOT NULL DEFAULT 0 CHECK (read_count >= 0)"),
    ):
        op.execute(f"""
            CREATE TABLE {table} (
                content_id       text PRIMARY KEY REFERENCES content (id) ON DELETE CASCADE,
                required_feature text NOT NULL,
                {column}
            )
        """)


def _raise_wall(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"""
        CREATE POLICY entitled_read ON {table} FOR SELECT
        USING (required_feature = ANY (
            (SELECT string_to_array(current_setting('gatehouse.features', true), ','))::text[]  -- once a statement
        ))
    """)
    op.execute(f"CREATE POLICY open_insert ON {table} FOR INSERT WITH CHECK (true)")
    op.execute(f"CREATE POLICY open_update ON {table} FOR UPDATE USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY open_delete ON {table} FOR DELETE USING (true)")


def downgrade() -> None:
    for table in (*WALLED, "bookmark", "content", "author"):
        op.execute(f"DROP TABLE {table}")
