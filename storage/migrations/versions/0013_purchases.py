"""What customers paid for once."""

from alembic import op

revision = "0013"
down_revision = "0011"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE purchase (
            id          text  PRIMARY KEY,
            customer_id text  NOT NULL,
            content     jsonb NOT NULL
        )
    """)
    op.execute("CREATE INDEX purchase_customer ON purchase (customer_id)")


def downgrade() -> None:
    op.execute("DROP TABLE purchase")
