"""What each member holds and why, at which revision; its append-only log; and what is still to be published."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _what_is_held()
    _what_happened()


def _what_is_held() -> None:
    # No cascade from `member`: a revision that began anew would lose against what caches hold of the old one.
    op.execute("""
        CREATE TABLE member_entitlement (
            member_id    text        PRIMARY KEY REFERENCES member (id),
            revision     bigint      NOT NULL CHECK (revision >= 0),
            content_hash bytea       NOT NULL,
            changed_at   timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX member_entitlement_changed_at ON member_entitlement (changed_at)")
    op.execute("""
        CREATE TABLE entitlement_grant (
            owner     text        NOT NULL,
            member_id text        NOT NULL REFERENCES member_entitlement (member_id),
            feature   text        NOT NULL,
            source    text        NOT NULL,
            source_id text        NOT NULL,
            plan      text,
            starts_at timestamptz,
            ends_at   timestamptz,
            UNIQUE NULLS NOT DISTINCT (member_id, owner, feature, source, source_id, plan, starts_at, ends_at)
        )
    """)
    op.execute("CREATE INDEX entitlement_grant_owner ON entitlement_grant (owner)")
    # Contributions to a limit add up, so two equal ones are two: no uniqueness here.
    op.execute("""
        CREATE TABLE limit_grant (
            owner     text        NOT NULL,
            member_id text        NOT NULL REFERENCES member_entitlement (member_id),
            name      text        NOT NULL,
            value     bigint      NOT NULL,
            source    text        NOT NULL,
            source_id text        NOT NULL,
            starts_at timestamptz,
            ends_at   timestamptz
        )
    """)
    op.execute("CREATE INDEX limit_grant_member_id ON limit_grant (member_id)")
    op.execute("CREATE INDEX limit_grant_owner ON limit_grant (owner)")


def _what_happened() -> None:
    op.execute("""
        CREATE TABLE entitlement_log (
            member_id   text        NOT NULL,
            revision    bigint      NOT NULL,
            cause       text        NOT NULL,
            before      jsonb       NOT NULL,
            after       jsonb       NOT NULL,
            recorded_at timestamptz NOT NULL,
            PRIMARY KEY (member_id, revision)
        )
    """)
    op.execute("""
        CREATE FUNCTION refuse_to_rewrite_entitlement_log() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'entitlement_log is append-only' USING ERRCODE = 'restrict_violation';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entitlement_log
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_entitlement_log()
    """)
    # A member at a revision, never a value: whoever publishes reads the value then.
    op.execute("""
        CREATE TABLE entitlement_outbox (
            member_id text   PRIMARY KEY REFERENCES member_entitlement (member_id),
            revision  bigint NOT NULL
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE entitlement_outbox, entitlement_log, limit_grant, entitlement_grant, member_entitlement")
    op.execute("DROP FUNCTION refuse_to_rewrite_entitlement_log")
