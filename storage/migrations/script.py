"""For migrations: a whole SQL script at once, as it stands; the driver's prepared statements take one at a time."""

from typing import Any

from alembic import op
from sqlalchemy.util import await_only


def run_sql(script: str) -> None:
    """Runs every statement of `script` inside the migration's transaction. `:name` and `%` mean themselves."""
    driver: Any = op.get_bind().connection.driver_connection
    await_only(driver.execute(script))
