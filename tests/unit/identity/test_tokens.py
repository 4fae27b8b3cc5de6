"""Tokens: what verifies, and every way known to us in which one must not."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from identity.bearer import NOBODY, authenticate
from identity.keys import Keys, generate_pem, parse_keys
from identity.model import ANONYMOUS, Kind, Principal
from identity.tokens import AUDIENCE, InvalidToken, TokenVerifier, mint
from tests.clock import FixedClock

KEYS = parse_keys(generate_pem(), "test")
MEMBER = Principal(Kind.MEMBER, "mem_1", frozenset({"members:read"}), "jti_1")
FIVE = timedelta(minutes=5)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


def verifier(clock: FixedClock, keys: Keys = KEYS, development: bool = False, capacity: int = 100) -> TokenVerifier:
    return TokenVerifier(keys, issuer="gatehouse", clock=clock, development=development, capacity=capacity)


def minted(
    clock: FixedClock, principal: Principal = MEMBER, *, keys: Keys = KEYS, ttl: timedelta = FIVE, **more: Any
) -> str:
    return mint(principal, keys.signing, ttl, issuer="gatehouse", now=clock.now(), **more)


def forged(clock: FixedClock, *, drop: str = "", header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Signed with our own key, so that nothing but the changed claim or header is wrong."""
    issued = int(clock.now().timestamp())
    payload: dict[str, Any] = {"iss": "gatehouse", "aud": AUDIENCE, "sub": "mem_1", "iat": issued, "exp": issued + 300}
    payload |= {"gatehouse": {"kind": "member", "scopes": []}} | claims
    payload.pop(drop, None)
    headers = {"kid": KEYS.signing.key_id, "typ": "at+jwt", **(header or {})}
    return jwt.encode(payload, KEYS.signing.private, algorithm=KEYS.signing.algorithm, headers=headers)


def with_header(token: str, **changes: Any) -> str:
    """The same payload and signature under a header changed by hand."""
    header, payload, signature = token.split(".")
    changed = json.loads(base64.urlsafe_b64decode(header + "==")) | changes
    return ".".join((base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode(), payload, signature))


@pytest.mark.parametrize("kind", [Kind.MEMBER, Kind.OPERATOR, Kind.INTEGRATOR])
def test_a_minted_token_comes_back_as_its_principal(clock: FixedClock, kind: Kind) -> None:
    principal = Principal(kind, "subject", frozenset({"a:read", "b:write"}), "jti_7")
    checked = verifier(clock).examine(minted(clock, principal))
    assert checked.principal == principal
    assert checked.expires_at == clock.now() + FIVE


def test_the_forger_of_these_tests_makes_good_tokens(clock: FixedClock) -> None:
    assert verifier(clock).verify(forged(clock)).subject == "mem_1"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "somebody"},
        {"aud": "somebody"},
        {"sub": ""},
        {"sub": "x" * 201},
        {"sub": 7},
        {"exp": "soon"},
        {"exp": 1e300},
        {"exp": True},
        {"gatehouse": {"kind": "anonymous"}},
        {"gatehouse": {"kind": "superuser"}},
        {"gatehouse": {}},
        {"gatehouse": "member"},
        {"gatehouse": {"kind": "member", "scopes": "members:read"}},
        {"gatehouse": {"kind": "member", "scopes": [1]}},
        {"gatehouse": {"kind": "member", "scopes": [f"s{number}" for number in range(101)]}},
        {"gatehouse": {"kind": "member", "development": "no"}},
    ],
    ids=str,
)
def test_a_wrong_claim_is_refused(clock: FixedClock, claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        verifier(clock).verify(forged(clock, **claims))


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "iat", "sub", "gatehouse"])
def test_every_claim_is_needed(clock: FixedClock, claim: str) -> None:
    with pytest.raises(InvalidToken):
        verifier(clock).verify(forged(clock, drop=claim))


def test_times(clock: FixedClock) -> None:
    now = int(clock.now().timestamp())
    with pytest.raises(InvalidToken, match="expired"):
        verifier(clock).verify(forged(clock, iat=now - 300, exp=now))
    with pytest.raises(InvalidToken, match="not valid yet"):
        verifier(clock).verify(forged(clock, iat=now + 60, exp=now + 120))
    with pytest.raises(InvalidToken, match="not valid yet"):
        verifier(clock).verify(forged(clock, nbf=now + 60))
    with pytest.raises(InvalidToken, match="shorter life"):
        verifier(clock).verify(forged(clock, iat=now, exp=now + 301))


def test_development_tokens_live_a_day_and_never_in_production(clock: FixedClock) -> None:
    token = minted(clock, ttl=timedelta(hours=24), development=True)
    assert verifier(clock, development=True).verify(token) == MEMBER
    with pytest.raises(InvalidToken, match="development"):
        verifier(clock, development=False).verify(token)


@pytest.mark.parametrize(
    ("ttl", "development"), [(timedelta(minutes=6), False), (timedelta(hours=25), True), (timedelta(0), False)]
)
def test_a_life_no_verifier_accepts_is_not_minted(clock: FixedClock, ttl: timedelta, development: bool) -> None:
    with pytest.raises(ValueError, match="may live"):
        minted(clock, ttl=ttl, development=development)


def test_alg_none_is_refused(clock: FixedClock) -> None:
    unsigned = with_header(forged(clock), alg="none").rpartition(".")[0] + "."
    with pytest.raises(InvalidToken):
        verifier(clock).verify(unsigned)


def test_our_public_key_as_an_hmac_secret_is_refused(clock: FixedClock) -> None:
    public = KEYS.verifying[0].public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = with_header(forged(clock), alg="HS256").rpartition(".")[0]
    mac = hmac.digest(public, signed.encode(), "sha256")  # PyJWT would not make such a token
    with pytest.raises(InvalidToken):
        verifier(clock).verify(f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../../../../dev/null"},
        {"kid": ""},
        {"kid": "somebody's"},
        {"typ": "JWT"},
        {"typ": None},
        {"crit": ["exp"]},
    ],
    ids=str,
)
def test_a_wrong_header_is_refused_though_the_signature_is_ours(clock: FixedClock, header: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        verifier(clock).verify(forged(clock, header=header))


@pytest.mark.parametrize("place", ["jku", "x5u", "jwk"])
def test_a_key_the_token_brings_along_is_not_looked_at(clock: FixedClock, place: str) -> None:
    theirs = parse_keys(generate_pem(), "theirs")
    value: Any = theirs.jwks()["keys"][0] if place == "jwk" else "https://attacker.example/keys"
    header = {"kid": KEYS.signing.key_id, "typ": "at+jwt", place: value}
    payload = jwt.decode(forged(clock), options={"verify_signature": False})
    with pytest.raises(InvalidToken):
        verifier(clock).verify(jwt.encode(payload, theirs.signing.private, algorithm="ES256", headers=header))


def test_another_s_key_is_refused_and_a_rotated_one_is_not(clock: FixedClock) -> None:
    old = parse_keys(generate_pem(), "old")
    token = minted(clock, keys=old)
    with pytest.raises(InvalidToken):
        verifier(clock).verify(token)
    rotated = Keys(KEYS.signing, (*KEYS.verifying, *old.verifying))
    assert verifier(clock, rotated).verify(token) == MEMBER


def test_a_changed_payload_is_refused(clock: FixedClock) -> None:
    header, _, signature = minted(clock).split(".")
    other = minted(clock, Principal(Kind.OPERATOR, "root")).split(".")[1]
    with pytest.raises(InvalidToken):
        verifier(clock).verify(f"{header}.{other}.{signature}")


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é.é.é", "x" * 100_000, "e30.e30.", "W10.W10.x", "\x00"])
def test_rubbish_is_refused(clock: FixedClock, token: str) -> None:
    with pytest.raises(InvalidToken):
        verifier(clock).verify(token)


def test_a_remembered_token_still_expires(clock: FixedClock) -> None:
    ours, token = verifier(clock), minted(clock)
    assert ours.verify(token) == MEMBER
    clock.advance(timedelta(minutes=4, seconds=59))
    assert ours.verify(token) == MEMBER
    clock.advance(timedelta(seconds=1))
    with pytest.raises(InvalidToken, match="expired"):
        ours.verify(token)
    with pytest.raises(InvalidToken, match="expired"):
        ours.verify(token)


@pytest.mark.parametrize("examined_before", [True, False])
def test_a_token_taken_back_is_refused_and_no_other(clock: FixedClock, examined_before: bool) -> None:
    ours, token = verifier(clock), minted(clock)
    other = minted(clock, Principal(Kind.MEMBER, "mem_1", token_id="jti_2"))
    if examined_before:
        assert ours.verify(token) == MEMBER
    ours.revocations.revoke("jti_1")
    for _again in range(2):
        with pytest.raises(InvalidToken, match="taken back"):
            ours.verify(token)
    assert ours.verify(other).token_id == "jti_2"


@pytest.mark.parametrize("examined_before", [True, False])
def test_all_of_a_caller_s_tokens_so_far_are_taken_back_and_the_next_one_counts(
    clock: FixedClock, examined_before: bool
) -> None:
    ours, namesake = verifier(clock), Principal(Kind.OPERATOR, "mem_1")
    tokens = [minted(clock), minted(clock, Principal(Kind.MEMBER, "mem_1"))]
    if examined_before:
        for token in tokens:
            ours.verify(token)
    ours.revocations.revoke_all(Kind.MEMBER, "mem_1", clock.now() - timedelta(seconds=1))
    assert [ours.verify(token).subject for token in tokens] == ["mem_1", "mem_1"]
    ours.revocations.revoke_all(Kind.MEMBER, "mem_1", clock.now())
    ours.revocations.revoke_all(Kind.MEMBER, "mem_1", clock.now() - timedelta(seconds=9))
    for token in tokens:
        with pytest.raises(InvalidToken, match="taken back"):
            ours.verify(token)
    assert ours.verify(minted(clock, namesake)).kind is Kind.OPERATOR
    clock.advance(timedelta(seconds=1))
    assert ours.verify(minted(clock)) == MEMBER


def test_what_was_verified_is_confirmed_until_it_ends_or_is_taken_back(clock: FixedClock) -> None:
    ours = verifier(clock)
    taken, ending = ours.examine(minted(clock)), ours.examine(minted(clock, Principal(Kind.MEMBER, "mem_2")))
    for verified in (taken, ending, NOBODY):
        ours.confirm(verified)
    ours.revocations.revoke("jti_1")
    with pytest.raises(InvalidToken, match="taken back"):
        ours.confirm(taken)
    ours.confirm(ending)
    clock.advance(FIVE)
    with pytest.raises(InvalidToken, match="expired"):
        ours.confirm(ending)
    ours.confirm(NOBODY)


def test_the_memory_is_bounded_and_forgets_the_least_used(clock: FixedClock) -> None:
    ours = verifier(clock, capacity=2)
    kept, *others = (minted(clock, Principal(Kind.MEMBER, f"mem_{number}")) for number in range(4))
    assert [ours.verify(token).subject for token in (kept, *others, kept)] == [
        "mem_0",
        "mem_1",
        "mem_2",
        "mem_3",
        "mem_0",
    ]
    assert ours.remembered == 2


def test_messages_never_quote_the_token(clock: FixedClock) -> None:
    token = forged(clock, iss="somebody")
    with pytest.raises(InvalidToken) as caught:
        verifier(clock).verify(token)
    assert not any(part in caught.value.message for part in token.split("."))


@pytest.mark.parametrize(
    "values",
    [
        ["Basic dXNlcjpwYXNz"],
        ["TOKEN"],
        ["Bearer"],
        ["Bearer "],
        [""],
        ["Bearer TOKEN", "Bearer TOKEN"],
        ["Bearer TOKEN, Bearer TOKEN"],
    ],
)
def test_a_wrong_authorization_is_never_anonymous(clock: FixedClock, values: list[str]) -> None:
    token = minted(clock)
    with pytest.raises(InvalidToken):
        authenticate([value.replace("TOKEN", token) for value in values], verifier(clock))


def test_authorization(clock: FixedClock) -> None:
    assert authenticate([], verifier(clock)).principal == ANONYMOUS
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert authenticate([f"{scheme} {minted(clock)}"], verifier(clock)).principal == MEMBER
