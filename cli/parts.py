"""Which PostgreSQL and Redis a command works on: those the settings name, or the embedded ones."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager

from pydantic import SecretStr

from cli.announced import with_announced
from errors import NotConfigured
from settings import Settings
from storage.database import Database, connect
from storage.embedded import parts
from storage.embedded.parts import Addresses, AlreadyRunning


@contextmanager
def complete_settings(
    settings: Settings, progress: Callable[[str], None], *, share: bool = True
) -> Generator[Settings]:
    """The settings with every URL filled in, while the parts run that they speak of.

    Embedded servers are started where a URL is missing, and stopped at the end. Where another process already runs
    them on this data folder, they are shared, with the twin of Stripe if it has one, or with `share=False`
    AlreadyRunning is raised.
    """
    if settings.database_url and settings.redis_url:
        yield settings
        return
    try:
        running = parts.start(settings.data_dir, progress=progress)
    except AlreadyRunning:
        if not share:
            raise
        yield with_announced(_filled(settings, parts.addresses(settings.data_dir)))
        return
    try:
        yield _filled(settings, running.addresses)
    finally:
        running.stop()


def service_url(settings: Settings) -> str:
    """The URL of the service's login, in settings that are complete."""
    if settings.database_url is None:
        raise NotConfigured("GATEHOUSE_DATABASE_URL: needed here; set it to the service's login, postgresql://…")
    return settings.database_url.get_secret_value()


@asynccontextmanager
async def service_database(settings: Settings) -> AsyncGenerator[Database]:
    """A handle on it for as long as the body runs."""
    database = connect(service_url(settings))
    try:
        yield database
    finally:
        await database.close()


def _filled(settings: Settings, addresses: Addresses) -> Settings:
    urls: dict[str, SecretStr] = {}
    if not settings.redis_url:
        urls["redis_url"] = SecretStr(addresses.redis_url)
    if not settings.database_url:
        urls |= {
            "database_url": SecretStr(addresses.app_url),
            "database_owner_url": SecretStr(addresses.owner_url),
        }
    return settings.model_copy(update=urls)
