"""What of the catalogue was applied: each version of each plan as it was sold, and which catalogue is in force."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE catalogue_version (
            plan       text        NOT NULL,
            version    integer     NOT NULL,
            content    jsonb       NOT NULL,
            applied_at timestamptz NOT NULL,
            PRIMARY KEY (plan, version)
        )
    """)
    op.execute("""
        CREATE TABLE catalogue_applied (
            one          boolean     PRIMARY KEY DEFAULT true CHECK (one),
            fingerprint  text        NOT NULL,
            baseline     jsonb       NOT NULL,
            applied_at   timestamptz NOT NULL
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE catalogue_applied, catalogue_version")
