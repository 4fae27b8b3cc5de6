"""Settings: typed, frozen, read once, and every problem reported at once with its remedy.

From the environment (`GATEHOUSE_…`) and an optional TOML file named by `GATEHOUSE_SETTINGS`, whose keys are the same
names in lower case without the prefix; the environment wins. An empty variable counts as unset.
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from errors import NotConfigured

Environment = Literal["development", "production"]

PREFIX = "GATEHOUSE_"
FILE_VARIABLE = "GATEHOUSE_SETTINGS"
_NOT_SETTINGS = {FILE_VARIABLE, "GATEHOUSE_SOAK"}
"""Variables of ours that are no setting: the settings file, and the switch of the long test runs."""


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _with_scheme(*schemes: str) -> AfterValidator:
    def check(url: SecretStr | str) -> SecretStr | str:
        plain = url.get_secret_value() if isinstance(url, SecretStr) else url
        if plain.partition("://")[0] not in schemes or "://" not in plain:
            raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return url

    return AfterValidator(check)


def _existing_file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def origin_of(url: str) -> str | None:
    """`scheme://host[:port]` of a web address, as browsers write it; None for anything else."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    shown = f"[{host}]" if ":" in host else host
    own = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in (None, own) else "")


def _origins(urls: tuple[str, ...]) -> tuple[str, ...]:
    for url in urls:
        if origin_of(url) != url:
            raise ValueError(f"write {origin_of(url) or 'https://example.org'} in place of {url}")
    return urls


_PostgresUrl = Annotated[SecretStr, _with_scheme("postgresql", "postgres")]
_RedisUrl = Annotated[SecretStr, _with_scheme("redis", "rediss", "redis+cluster", "rediss+cluster", "unix")]


class Settings(BaseModel):
    """One process's configuration. Secrets are SecretStr so that they never print."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Environment = Field("development", description="development or production")
    host: str = Field("127.0.0.1", description="the address to serve on")
    port: int = Field(8000, ge=1, le=65535, description="the port to serve on, 1 to 65535")
    data_dir: Path = Field(Path(".gatehouse"), description="the folder of the embedded servers and development keys")
    catalog: Path = Field(Path("catalogue.yaml"), description="the file of features, plans, prices and limits")
    database_url: _PostgresUrl | None = Field(
        None, description="the service's login, postgresql://…; neither owner nor superuser. Unset: embedded PostgreSQL"
    )
    database_owner_url: _PostgresUrl | None = Field(
        None, description="the login that owns the tables and runs migrations, postgresql://…"
    )
    redis_url: _RedisUrl | None = Field(
        None,
        description="Redis or Valkey: redis://…, rediss://…, unix://…, redis+cluster://…. Unset: embedded Valkey",
    )
    stripe_api_key: SecretStr | None = Field(None, description="Stripe's secret key, sk_… or rk_…")
    stripe_api_base: Annotated[str, _with_scheme("https", "http")] | None = Field(
        None, description="another address of Stripe's API, https://…; for tests and simulators"
    )
    stripe_webhook_secrets: Annotated[tuple[SecretStr, ...], BeforeValidator(_split)] = Field(
        (), description="the webhook endpoint's signing secrets, whsec_…, comma-separated"
    )
    stripe_member_metadata_key: str = Field("member_id", description="the metadata key by which Stripe names a member")
    return_origins: Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_origins)] = Field(
        (), description="where Stripe's pages may send people back to, https://host, comma-separated"
    )
    token_issuer: str = Field("gatehouse", description="the `iss` of tokens minted and accepted")
    signing_key_file: Annotated[Path, AfterValidator(_existing_file)] | None = Field(
        None, description="the PEM file of the private key that signs tokens"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug, info, warning or error")

    @property
    def development(self) -> bool:
        return self.environment == "development"

    @property
    def return_addresses(self) -> tuple[str, ...]:
        """`return_origins`; in development our own address where none are set."""
        own = (f"http://{self.host}:{self.port}", f"http://localhost:{self.port}") if self.development else ()
        return self.return_origins or own


_REQUIRED_IN_PRODUCTION = ("database_url", "redis_url", "stripe_api_key", "stripe_webhook_secrets", "signing_key_file")


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The settings that `environ` and its settings file give. Raises NotConfigured listing every problem."""
    values = _file_values(environ.get(FILE_VARIABLE)) | _environ_values(environ)
    problems = [*_unknown(values), *_missing(values)]
    try:
        settings = Settings.model_validate(
            {name: value for name, value in values.items() if name in Settings.model_fields}
        )
    except ValidationError as fault:
        raise _not_configured([*problems, *_wrong(fault)]) from None  # the fault itself holds the values
    if problems:
        raise _not_configured(problems)
    return settings


def variable(field: str) -> str:
    """The environment variable of a field: `port` → `GATEHOUSE_PORT`."""
    return PREFIX + field.upper()


def _file_values(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as fault:
        raise NotConfigured(
            f"{FILE_VARIABLE}: cannot read {path} ({fault.strerror}): name a readable TOML file."
        ) from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise NotConfigured(f"{FILE_VARIABLE}: {path} is not TOML: {fault}") from fault


def _environ_values(environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name not in _NOT_SETTINGS and value.strip()
    }


def _unknown(values: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(values.keys() - Settings.model_fields.keys()):
        [nearest] = difflib.get_close_matches(name, Settings.model_fields, n=1, cutoff=0)
        yield f"{variable(name)}: no such setting; the nearest is {variable(nearest)}"


def _missing(values: Mapping[str, Any]) -> Iterator[str]:
    if values.get("environment") == "production":
        for name in _REQUIRED_IN_PRODUCTION:
            if not values.get(name):
                yield f"{variable(name)}: needed in production; set it to {_meaning(name)}"


def _wrong(fault: ValidationError) -> Iterator[str]:
    for error in fault.errors(include_input=False, include_url=False, include_context=False):
        name = str(error["loc"][0])
        reason = error["msg"].removeprefix("Value error, ")
        yield f"{variable(name)}: {reason[:1].lower()}{reason[1:]}; it is {_meaning(name)}"


def _meaning(name: str) -> str:
    return Settings.model_fields[name].description or name


def _not_configured(problems: list[str]) -> NotConfigured:
    return NotConfigured("\n".join(("The settings are not right:", *(f"  - {problem}" for problem in problems))))
