"""Limits without a number, levels, and what operators set instead of what grants come to."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # Null is no limit.
    op.execute("ALTER TABLE limit_grant ALTER COLUMN value DROP NOT NULL")
    op.execute("""
        CREATE TABLE level_grant (
            owner     text        NOT NULL,
            member_id text        NOT NULL REFERENCES member_entitlement (member_id),
            name      text        NOT NULL,
            value     text        NOT NULL,
            source    text        NOT NULL,
            source_id text        NOT NULL,
            starts_at timestamptz,
            ends_at   timestamptz,
            UNIQUE NULLS NOT DISTINCT (member_id, owner, name, value, source, source_id, starts_at, ends_at)
        )
    """)
    op.execute("CREATE INDEX level_grant_owner ON level_grant (owner)")
    op.execute("""
        CREATE TABLE entitlement_override (
            owner        text        NOT NULL,
            member_id    text        NOT NULL REFERENCES member_entitlement (member_id),
            kind         text        NOT NULL CHECK (kind IN ('feature', 'limit', 'level')),
            key          text        NOT NULL,
            value        jsonb       NOT NULL,
            source_id    text        NOT NULL,
            organization text,
            starts_at    timestamptz,
            ends_at      timestamptz
        )
    """)
    op.execute("CREATE INDEX entitlement_override_member_id ON entitlement_override (member_id)")
    op.execute("CREATE INDEX entitlement_override_owner ON entitlement_override (owner)")


def downgrade() -> None:
    op.execute("DROP TABLE entitlement_override, level_grant")
    op.execute("DELETE FROM limit_grant WHERE value IS NULL")
    op.execute("ALTER TABLE limit_grant ALTER COLUMN value SET NOT NULL")
