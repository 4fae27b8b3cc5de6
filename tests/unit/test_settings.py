"""Settings: what is wrong is said at once, by its name, with the remedy, and never with a secret."""

from pathlib import Path

import pytest

from errors import NotConfigured
from settings import Settings, load_settings, variable


def problems_of(environ: dict[str, str]) -> list[str]:
    with pytest.raises(NotConfigured) as caught:
        load_settings(environ)
    return caught.value.message.splitlines()[1:]


def test_nothing_set_is_development_on_this_machine() -> None:
    settings = load_settings({"HOME": "/home/ada"})
    assert (settings.environment, settings.host, settings.port) == ("development", "127.0.0.1", 8000)
    assert settings.database_url is None


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('port = 9000\nhost = "0.0.0.0"\nstripe_webhook_secrets = ["whsec_a"]\n')
    settings = load_settings({"GATEHOUSE_SETTINGS": str(file), "GATEHOUSE_PORT": "9001"})
    assert (settings.host, settings.port) == ("0.0.0.0", 9001)
    assert [secret.get_secret_value() for secret in settings.stripe_webhook_secrets] == ["whsec_a"]


def test_several_webhook_secrets_are_separated_by_commas() -> None:
    settings = load_settings({"GATEHOUSE_STRIPE_WEBHOOK_SECRETS": "whsec_a, whsec_b,"})
    assert [secret.get_secret_value() for secret in settings.stripe_webhook_secrets] == ["whsec_a", "whsec_b"]


def test_an_empty_variable_is_unset() -> None:
    assert load_settings({"GATEHOUSE_REDIS_URL": "", "GATEHOUSE_PORT": " "}).redis_url is None


def test_every_problem_is_reported_at_once() -> None:
    problems = problems_of(
        {
            "GATEHOUSE_ENVIRONMENT": "production",
            "GATEHOUSE_PORT": "eighty",
            "GATEHOUSE_DATABSE_URL": "postgresql://x",
            "GATEHOUSE_REDIS_URL": "http://cache",
        }
    )
    names = [problem.split(":")[0].removeprefix("  - ") for problem in problems]
    assert names == [
        "GATEHOUSE_DATABSE_URL",
        "GATEHOUSE_DATABASE_URL",
        "GATEHOUSE_STRIPE_API_KEY",
        "GATEHOUSE_STRIPE_WEBHOOK_SECRETS",
        "GATEHOUSE_SIGNING_KEY_FILE",
        "GATEHOUSE_PORT",
        "GATEHOUSE_REDIS_URL",
    ]


def test_an_unknown_name_is_an_error_that_names_the_nearest() -> None:
    [problem] = problems_of({"GATEHOUSE_REDISURL": "redis://cache"})
    assert problem == "  - GATEHOUSE_REDISURL: no such setting; the nearest is GATEHOUSE_REDIS_URL"


def test_an_unknown_key_of_the_file_is_an_error_too(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("prot = 9000\n")
    [problem] = problems_of({"GATEHOUSE_SETTINGS": str(file)})
    assert "GATEHOUSE_PORT" in problem


@pytest.mark.parametrize("content", [None, "port = ", b"\xff\xfe"])
def test_a_settings_file_that_cannot_be_read_is_named(tmp_path: Path, content: str | bytes | None) -> None:
    file = tmp_path / "settings.toml"
    if content is not None:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(NotConfigured, match=r"GATEHOUSE_SETTINGS: .*settings\.toml"):
        load_settings({"GATEHOUSE_SETTINGS": str(file)})


@pytest.mark.parametrize(
    "name", ["database_url", "database_owner_url", "redis_url", "stripe_api_key", "stripe_webhook_secrets"]
)
def test_a_secret_is_never_shown(name: str) -> None:
    secret = "hunter2-hunter2"
    environ = {variable(name): secret, "GATEHOUSE_PORT": "0", "GATEHOUSE_ENVIRONMENT": "production"}
    with pytest.raises(NotConfigured) as caught:
        load_settings(environ)
    assert secret not in str(caught.value)
    assert caught.value.__cause__ is None
    good = {"database_url": "postgresql://", "database_owner_url": "postgres://", "redis_url": "redis://"}
    assert secret not in repr(load_settings({variable(name): good.get(name, "") + secret}))


def test_a_wrong_value_is_reported_with_what_the_setting_is() -> None:
    [problem] = problems_of({"GATEHOUSE_PORT": "70000"})
    assert problem.endswith("less than or equal to 65535; it is the port to serve on, 1 to 65535")


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_people_are_sent_back_to_our_own_address_in_development_alone() -> None:
    assert load_settings({"GATEHOUSE_PORT": "8123"}).return_addresses[0] == "http://127.0.0.1:8123"
    assert load_settings({"GATEHOUSE_RETURN_ORIGINS": "https://a.example, http://b.example:81"}).return_addresses == (
        "https://a.example",
        "http://b.example:81",
    )
    assert Settings.model_validate({"environment": "production"}).return_addresses == ()


@pytest.mark.parametrize("wrong", ["https://a.example/", "a.example", "https://A.example", "https://a.example:443"])
def test_an_origin_is_written_as_browsers_do(wrong: str) -> None:
    with pytest.raises(NotConfigured, match="GATEHOUSE_RETURN_ORIGINS"):
        load_settings({"GATEHOUSE_RETURN_ORIGINS": wrong})
