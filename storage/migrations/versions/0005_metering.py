"""Usage: every event once, monthly counters for limits, daily totals behind the second wall for analytics."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE usage_event (
            member_id   text        NOT NULL,
            key         text        NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
            meter       text        NOT NULL,
            quantity    bigint      NOT NULL CHECK (quantity > 0),
            subject_id  text,
            occurred_at timestamptz NOT NULL,
            PRIMARY KEY (member_id, key)
        )
    """)
    op.execute("""
        CREATE FUNCTION refuse_usage_event_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'usage_event is append-only';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON usage_event
        FOR EACH ROW EXECUTE FUNCTION refuse_usage_event_change()
    """)
    op.execute("""
        CREATE TABLE usage_counter (
            member_id text   NOT NULL,
            month     date   NOT NULL,
            meter     text   NOT NULL,
            used      bigint NOT NULL CHECK (used >= 0),
            PRIMARY KEY (member_id, month, meter)
        )
    """)
    op.execute("""
        CREATE TABLE usage_daily (
            member_id        text   NOT NULL,
            day              date   NOT NULL,
            meter            text   NOT NULL,
            used             bigint NOT NULL CHECK (used >= 0),
            required_feature text   NOT NULL DEFAULT 'analytics',
            PRIMARY KEY (member_id, day, meter)
        )
    """)
    op.execute("ALTER TABLE usage_daily ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE usage_daily FORCE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY entitled_read ON usage_daily FOR SELECT
        USING (required_feature = ANY (
            (SELECT string_to_array(current_setting('gatehouse.features', true), ','))::text[]  -- once a statement
        ))
    """)
    op.execute("CREATE POLICY open_insert ON usage_daily FOR INSERT WITH CHECK (true)")
    op.execute("CREATE POLICY open_update ON usage_daily FOR UPDATE USING (true) WITH CHECK (true)")
    op.execute("CREATE POLICY open_delete ON usage_daily FOR DELETE USING (true)")


def downgrade() -> None:
    for table in ("usage_daily", "usage_counter", "usage_event"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION refuse_usage_event_change")
