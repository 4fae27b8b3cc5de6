"""Signing keys: made once, read back, rotated, published."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from errors import NotConfigured
from identity.keys import PrivateKey, ensure_development_keys, generate_pem, load_keys, parse_keys, thumbprint


def private_pem(key: PrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_development_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = ensure_development_keys(tmp_path / "new")
    again = ensure_development_keys(tmp_path / "new")
    assert first.signing.key_id == again.signing.key_id
    files = list((tmp_path / "new").iterdir())
    assert [file.name for file in files] == ["signing_key.pem"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_starters_at_once_agree_on_one_key(tmp_path: Path) -> None:
    def start(_: int) -> str:
        return ensure_development_keys(tmp_path).signing.key_id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(8)))) == 1


def test_thumbprint_is_the_one_of_rfc_8037() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_jwks_publishes_every_key_and_no_private_part() -> None:
    new, old = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    keys = parse_keys(private_pem(new) + public_pem(old), "test")
    published = keys.jwks()["keys"]
    assert [(key["kty"], key["alg"]) for key in published] == [("OKP", "EdDSA"), ("EC", "ES256")]
    assert all("d" not in key and key["use"] == "sig" for key in published)
    assert keys.signing.key_id == published[0]["kid"]
    assert [jwt.PyJWK(key).key_id for key in published] == [key.key_id for key in keys.verifying]


def test_a_printed_key_shows_no_secret() -> None:
    keys = parse_keys(generate_pem(), "test")
    assert "PrivateKey" not in repr(keys)


@pytest.mark.parametrize(
    ("pem", "says"),
    [
        (b"", "must begin with a private key"),
        (b"not a key", "must begin with a private key"),
        (public_pem(ec.generate_private_key(ec.SECP256R1())), "must begin with a private key"),
        (private_pem(ec.generate_private_key(ec.SECP384R1())), "neither EC P-256 nor Ed25519"),
        (private_pem(rsa.generate_private_key(65537, 2048)), "neither EC P-256 nor Ed25519"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "cannot be read"),
    ],
)
def test_an_unusable_key_file_says_why(tmp_path: Path, pem: bytes, says: str) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(pem)
    with pytest.raises(NotConfigured, match=says) as caught:
        load_keys(path)
    assert str(path) in caught.value.message


def test_a_missing_key_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match="GATEHOUSE_SIGNING_KEY_FILE"):
        load_keys(tmp_path / "none.pem")
