"""Secrets of webhooks: made here, kept encrypted, and used to sign by the Standard Webhooks specification."""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Refusal

_PREFIX = "whsec_"
_SECRET_BYTES = 32
_NONCE_BYTES = 12


class WebhooksOff(Refusal):
    """Operators set no key to keep secrets with."""

    code = "webhooks-off"
    status = 503


def new_secret() -> str:
    """A secret to sign with, as receivers are given it."""
    return _PREFIX + base64.b64encode(os.urandom(_SECRET_BYTES)).decode()


def signature(secret: str, id: str, at: datetime, body: bytes) -> str:
    """`v1,<…>`: the HMAC-SHA256 of id, time in whole seconds, and body."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = b".".join((id.encode(), str(int(at.timestamp())).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys that encrypt secrets in the database: the first encrypts, all decrypt, so that a key can be replaced."""

    keys: Sequence[str] = field(repr=False)

    def seal(self, secret: str, place: str) -> bytes:
        """The secret, encrypted for its `place` (the webhook it belongs to); elsewhere it cannot be opened. WebhooksOff."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._ciphers()[0].encrypt(nonce, secret.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """The secret. WebhooksOff: none of the keys is the one it was encrypted with."""
        for cipher in self._ciphers():
            try:
                return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode()).decode()
            except InvalidTag:
                continue
        raise _off()

    def _ciphers(self) -> list[AESGCM]:
        if not self.keys:
            raise _off()
        return [AESGCM(hashlib.sha256(key.encode()).digest()) for key in self.keys]


def _off() -> WebhooksOff:
    return WebhooksOff(
        "Minta pengelola mengatur KINERJA_WEBHOOK_KEYS. / Ask the operators to set KINERJA_WEBHOOK_KEYS."
    )
