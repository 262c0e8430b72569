"""Signing keys and tokens of the embedded system and of tests; other environments refuse them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import OKPAlgorithm

from shared.ids import fresh_id
from shared.web.tokens import AUDIENCE, DEVELOPMENT_ISSUER


def new_signing_key() -> bytes:
    """A new Ed25519 private key as PEM."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def jwks_of(signing_key: bytes) -> bytes:
    """The JWKS document that services check this key's tokens with."""
    public = OKPAlgorithm.to_jwk(_load(signing_key).public_key(), as_dict=True)
    return orjson.dumps({"keys": [{**public, "kid": _kid(signing_key), "alg": "EdDSA", "use": "sig"}]})


def development_token(
    signing_key: bytes,
    *,
    instansi: str,
    roles: Iterable[str],
    employee: UUID | None = None,
    subject: str = "",
    lifetime: timedelta = timedelta(hours=12),
    **claims: Any,
) -> str:
    """A signed token; further `claims` replace those named here (a test's way to a wrong token)."""
    person = {} if employee is None else {"employee": str(employee)}
    content = {
        "iss": DEVELOPMENT_ISSUER,
        "aud": AUDIENCE,
        "exp": datetime.now(UTC) + lifetime,
        "jti": str(fresh_id()),
        "sub": subject or str(employee or "system"),
        "instansi": instansi,
        "roles": list(roles),
        **person,
        **claims,
    }
    return jwt.encode(content, _load(signing_key), algorithm="EdDSA", headers={"kid": _kid(signing_key)})


def _load(signing_key: bytes) -> Ed25519PrivateKey:
    key = load_pem_private_key(signing_key, None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the signing key must be an Ed25519 private key")
    return key


def _kid(signing_key: bytes) -> str:
    """Part of the public key itself: another key has another id, so services notice a change."""
    public: dict[str, Any] = OKPAlgorithm.to_jwk(_load(signing_key).public_key(), as_dict=True)
    return str(public["x"])[:16]
