"""Settings: typed, frozen, read once, and every problem reported at once with its remedy.

From the environment (`GATEHOUSE_…`) and an optional TOML file named by `GATEHOUSE_SETTINGS`; the environment wins.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

Environment = Literal["development", "production"]


class Settings(BaseSettings):
    """One process's configuration. Secrets are SecretStr so that they never print."""

    model_config = SettingsConfigDict(env_prefix="GATEHOUSE_", frozen=True, extra="forbid")

    environment: Environment = "development"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    data_dir: Path = Path(".gatehouse")
    catalog: Path = Path("catalogue.yaml")
    database_url: SecretStr | None = None
    database_owner_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    stripe_api_key: SecretStr | None = None
    stripe_api_base: str | None = None
    stripe_webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    stripe_member_metadata_key: str = "member_id"
    token_issuer: str = "gatehouse"
    signing_key_file: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("stripe_webhook_secrets", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _production_needs_real_parts(self) -> "Settings":
        if self.environment != "production":
            return self
        needed = ("database_url", "redis_url", "stripe_api_key", "stripe_webhook_secrets", "signing_key_file")
        missing = [f"GATEHOUSE_{name.upper()}" for name in needed if not getattr(self, name)]
        if missing:
            names = ", ".join(missing)
            raise ValueError(f"production needs {names}: set each of them, or GATEHOUSE_ENVIRONMENT=development")
        return self

    @property
    def development(self) -> bool:
        return self.environment == "development"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The file arrives through `init_settings`; the environment must win over it.
        return env_settings, init_settings
