"""Signing keys: loaded from PEM, made once in development, published as a JWK set.

A PEM file may hold several keys. The first one signs and must be private; all of them verify. To rotate, put the
new key in front and keep the old one (its public half is enough) until the last token it signed has expired.
"""

import base64
import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from errors import NotConfigured

PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey
PublicKey = EllipticCurvePublicKey | Ed25519PublicKey

PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)
THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """`jwk` is the public document, with its RFC 7638 thumbprint as `kid`."""

    algorithm: str
    public: PublicKey
    jwk: dict[str, str]

    @property
    def key_id(self) -> str:
        return self.jwk["kid"]


@dataclass(frozen=True, slots=True)
class SigningKey:
    key_id: str
    algorithm: str
    private: PrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keys:
    """`signing` makes new tokens; `verifying` holds it and every older key still honoured, the newest first."""

    signing: SigningKey
    verifying: tuple[VerifyingKey, ...]

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The document for `/.well-known/jwks.json`."""
        return {"keys": [key.jwk for key in self.verifying]}


def load_keys(path: Path) -> Keys:
    """The keys of a PEM file, in its order. Raises NotConfigured with the remedy when it cannot be used."""
    try:
        pem = path.read_bytes()
    except OSError as fault:
        raise NotConfigured(
            f"The signing key {path} cannot be read ({fault.strerror}): point GATEHOUSE_SIGNING_KEY_FILE at a PEM file."
        ) from fault
    return parse_keys(pem, str(path))


def parse_keys(pem: bytes, origin: str) -> Keys:
    """`origin` names the PEM text in errors."""
    loaded = [_load(match.group(0), origin) for match in PEM_BLOCK.finditer(pem)]
    if not loaded or not isinstance(loaded[0], PrivateKey):
        raise NotConfigured(
            f"{origin} must begin with a private key in PEM: make one with"
            " `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`."
        )
    verifying = tuple(verifying_key(key.public_key() if isinstance(key, PrivateKey) else key) for key in loaded)
    return Keys(SigningKey(verifying[0].key_id, verifying[0].algorithm, loaded[0]), verifying)


def keys_for(signing_key_file: Path | None, data_dir: Path) -> Keys:
    """Those of the file where one is named, else the development keys kept under `data_dir`."""
    return load_keys(signing_key_file) if signing_key_file else ensure_development_keys(data_dir)


def ensure_development_keys(data_dir: Path) -> Keys:
    """The keys kept under `data_dir`, made on first use, readable by their owner alone. Parallel starts share them."""
    path = data_dir / "signing_key.pem"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=data_dir, prefix="signing_key.")  # 0600 from its first instant
        fresh = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(generate_pem())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another process was first; its key is the one
        finally:
            fresh.unlink()
    return load_keys(path)


def generate_pem() -> bytes:
    """A new ES256 private key."""
    return generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def verifying_key(public: PublicKey) -> VerifyingKey:
    if isinstance(public, EllipticCurvePublicKey):
        algorithm, jwk = "ES256", ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        algorithm, jwk = "EdDSA", OKPAlgorithm.to_jwk(public, as_dict=True)
    return VerifyingKey(algorithm, public, {**jwk, "kid": thumbprint(jwk), "alg": algorithm, "use": "sig"})


def thumbprint(jwk: dict[str, str]) -> str:
    """RFC 7638: SHA-256 over the required members in lexical order, base64url without padding."""
    members = {name: jwk[name] for name in THUMBPRINT_MEMBERS[jwk["kty"]]}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _load(block: bytes, origin: str) -> PrivateKey | PublicKey:
    try:
        key = load_pem_public_key(block) if b"PUBLIC KEY" in block[:40] else load_pem_private_key(block, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise NotConfigured(f"{origin} holds a PEM block that cannot be read as an unencrypted key.") from fault
    curve = getattr(key, "curve", None)
    if isinstance(key, Ed25519PrivateKey | Ed25519PublicKey):
        return key
    if isinstance(key, EllipticCurvePrivateKey | EllipticCurvePublicKey) and isinstance(curve, SECP256R1):
        return key
    raise NotConfigured(f"{origin} holds a key that is neither EC P-256 nor Ed25519: use one of these.")
