"""Members: the persons who log in and read. Who pays (customers) and what is held (entitlements) live elsewhere."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE member (
            id         text        PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
            email      text        CHECK (length(email) BETWEEN 3 AND 320),
            name       text        CHECK (length(name) <= 200),
            country    text        CHECK (country ~ '^[A-Z]{2}$'),
            created_at timestamptz NOT NULL DEFAULT now()
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE member")
