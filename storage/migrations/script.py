"""For migrations: a whole SQL script at once, sent as it stands (the driver's prepared statements take one at a time)."""

from alembic import op
from sqlalchemy.util import await_only


def run_sql(script: str) -> None:
    """Runs every statement of `script` inside the migration's transaction. `:name` and `%` mean themselves."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    await_only(connection.execute(script))
