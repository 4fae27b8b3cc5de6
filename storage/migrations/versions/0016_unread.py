"""Events that are stored and whose facts are still to be read, by the customer they name."""

from alembic import op

revision = "0016"
down_revision = "0013"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE stripe_unread (
            customer_id text NOT NULL,
            event_id    text NOT NULL,
            PRIMARY KEY (customer_id, event_id)
        )
    """)


def downgrade() -> None:
    op.execute("DROP TABLE stripe_unread")
