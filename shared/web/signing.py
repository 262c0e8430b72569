"""Tokens as those sign them who may: the portal for whoever signed in, the embedded system for itself."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import OKPAlgorithm

from shared.ids import fresh_id
from shared.web.tokens import AUDIENCE


def signed_token(
    signing_key: bytes,
    *,
    issuer: str,
    instansi: str,
    roles: Iterable[str],
    lifetime: timedelta,
    employee: UUID | None = None,
    subject: str = "",
    **claims: Any,
) -> str:
    """A token signed with an Ed25519 key in PEM; further `claims` replace those named here."""
    person = {} if employee is None else {"employee": str(employee)}
    content = {
        "iss": issuer,
        "aud": AUDIENCE,
        "exp": datetime.now(UTC) + lifetime,
        "jti": str(fresh_id()),
        "sub": subject or str(employee or "system"),
        "instansi": instansi,
        "roles": list(roles),
        **person,
        **claims,
    }
    return jwt.encode(content, private_key(signing_key), algorithm="EdDSA", headers={"kid": key_id(signing_key)})


def private_key(signing_key: bytes) -> Ed25519PrivateKey:
    """The key of a PEM text; ValueError when it is none or another kind."""
    key = load_pem_private_key(signing_key, None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the signing key must be an Ed25519 private key")
    return key


def key_id(signing_key: bytes) -> str:
    """Part of the public key itself: another key has another id, so services notice a change."""
    return str(public_key(signing_key)["kid"])


def public_key(signing_key: bytes) -> dict[str, Any]:
    """What a JWKS document says of a key, so that its tokens can be checked."""
    public = OKPAlgorithm.to_jwk(private_key(signing_key).public_key(), as_dict=True)
    return {**public, "kid": str(public["x"])[:16], "alg": "EdDSA", "use": "sig"}
