"""What `gatehouse token` mints is what a server with the same settings accepts."""

from pathlib import Path

import pytest

from cli.token import mint_token
from clock import SystemClock
from errors import BadInput
from identity.keys import keys_for
from identity.model import Kind, Principal
from identity.tokens import InvalidToken, TokenVerifier
from settings import Settings, load_settings

PRINCIPAL = Principal(Kind.OPERATOR, "ada", frozenset({"members:read"}))


def verifier(settings: Settings) -> TokenVerifier:
    return TokenVerifier(
        keys_for(settings.signing_key_file, settings.data_dir),
        issuer=settings.token_issuer,
        clock=SystemClock(),
        development=settings.development,
    )


def test_a_development_token_is_accepted_by_development(tmp_path: Path) -> None:
    settings = load_settings({"GATEHOUSE_DATA_DIR": str(tmp_path / "data")})
    seen = verifier(settings).verify(mint_token(settings, PRINCIPAL))
    assert (seen.kind, seen.subject, seen.scopes) == (PRINCIPAL.kind, PRINCIPAL.subject, PRINCIPAL.scopes)


def test_a_development_token_is_refused_in_production(tmp_path: Path) -> None:
    settings = load_settings({"GATEHOUSE_DATA_DIR": str(tmp_path / "data")})
    token = mint_token(settings, PRINCIPAL)
    with pytest.raises(InvalidToken):
        verifier(settings.model_copy(update={"environment": "production"})).verify(token)


@pytest.mark.parametrize(("environment", "longest"), [("development", 86400), ("production", 300)])
def test_a_life_too_long_is_refused_with_the_longest(tmp_path: Path, environment: str, longest: int) -> None:
    settings = load_settings({"GATEHOUSE_DATA_DIR": str(tmp_path)}).model_copy(update={"environment": environment})
    assert verifier(settings).verify(mint_token(settings, PRINCIPAL, longest)).subject == "ada"
    for seconds in (0, -1, longest + 1):
        with pytest.raises(BadInput, match=f"--seconds: must be from 1 to {longest} in {environment}"):
            mint_token(settings, PRINCIPAL, seconds)
