"""The public keys that tokens are checked with: a JWKS document from a file or an http(s) address."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import jwt
import orjson
import structlog

from shared.errors import Refusal

ALGORITHMS = frozenset({"EdDSA", "ES256", "RS256"})
_FETCH_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class KeysUnavailable(Refusal):
    """No key document could be read since the start, so no token can be checked."""

    code = "keys-unavailable"
    status = 503


class KeySource:
    """Keys by `kid`: read again for an unknown one and, so that a removed key dies, every `max_age` seconds.

    Reads are at least `min_interval` seconds apart, also failed ones: a forged `kid` must not make us hammer
    the issuer. While the document cannot be read the keys last seen stay valid.
    """

    def __init__(
        self,
        location: str,
        *,
        min_interval: float = 10.0,
        max_age: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._location = location
        self._min_interval = min_interval
        self._max_age = max_age
        self._clock = clock
        self._tried_at: float | None = None
        self._document: bytes | None = None
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._reading = asyncio.Lock()
        self.generation = 0
        """Raised when the document changed: what was verified under an older one must be verified again."""

    async def key(self, kid: str) -> jwt.PyJWK | None:
        """The key of that id, or None when the document has none. KeysUnavailable: nothing was ever read."""
        await self.refresh(known=kid in self._keys)
        if self._document is None:
            async with self._reading:  # another request may be reading it for the first time
                pass
        if self._document is None:
            raise KeysUnavailable(
                "Kunci token belum dapat dibaca; coba lagi sebentar. / "
                "The token keys cannot be read yet; try again shortly."
            )
        return self._keys.get(kid)

    async def refresh(self, *, known: bool) -> None:
        """Reads the document again when it is due: sooner when the wanted key is not `known`."""
        if not self._due(known):
            return
        async with self._reading:
            if not self._due(known):
                return
            self._tried_at = self._clock()
            try:
                document = await self._read()
                keys = _usable(document)
            except (OSError, httpx.HTTPError, httpx.InvalidURL, jwt.PyJWTError, ValueError) as error:
                _log.warning("token_keys_unreadable", location=self._location, error=type(error).__name__)
                return
            if document != self._document:
                self._document, self._keys = document, keys
                self.generation += 1

    def _due(self, known: bool) -> bool:
        if self._tried_at is None:
            return True
        return self._clock() - self._tried_at >= (self._max_age if known else self._min_interval)

    async def _read(self) -> bytes:
        if not self._location.startswith(("http://", "https://")):
            return await asyncio.to_thread(Path(self._location).read_bytes)
        async with httpx.AsyncClient(timeout=_FETCH_SECONDS) as client:
            answer = await client.get(self._location)
        return answer.raise_for_status().content


def _usable(document: bytes) -> dict[str, jwt.PyJWK]:
    """The signature keys we allow; ValueError or PyJWTError when this is no JWKS with a usable key."""
    content = orjson.loads(document)
    if not isinstance(content, dict):
        raise ValueError("a JWKS document is a JSON object")
    keys = jwt.PyJWKSet.from_dict(content).keys
    return {
        key.key_id: key
        for key in keys
        if key.key_id and key.algorithm_name in ALGORITHMS and key.public_key_use in (None, "sig")
    }
