"""Signing keys and tokens of the embedded system and of tests; other environments refuse them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.web.signing import public_key, signed_token
from shared.web.tokens import DEVELOPMENT_ISSUER


def new_signing_key() -> bytes:
    """A new Ed25519 private key as PEM."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def jwks_of(signing_key: bytes) -> bytes:
    """The JWKS document that services check this key's tokens with."""
    return orjson.dumps({"keys": [public_key(signing_key)]})


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
    return signed_token(
        signing_key,
        issuer=DEVELOPMENT_ISSUER,
        instansi=instansi,
        roles=roles,
        employee=employee,
        subject=subject,
        lifetime=lifetime,
        **claims,
    )
