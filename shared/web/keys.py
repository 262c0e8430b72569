"""The public keys that tokens are checked with: JWKS documents from files and http(s) addresses."""

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
    """A key document could not be read since the start, so a token with a key of it cannot be checked."""

    code = "keys-unavailable"
    status = 503


class KeySource:
    """Keys by `kid`: read again for an unknown one and, so that a removed key dies, every `max_age` seconds.

    `location` is a file or an address, or several with commas between. Reads are at least `min_interval` seconds apart,
    also failed ones: a forged `kid` must not make us hammer the issuer. What cannot be read keeps the keys last seen.
    """

    def __init__(
        self,
        location: str,
        *,
        min_interval: float = 10.0,
        max_age: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._locations = [part.strip() for part in location.split(",")]
        self._min_interval = min_interval
        self._max_age = max_age
        self._clock = clock
        self._tried_at: float | None = None
        self._documents: dict[str, tuple[bytes, Mapping[str, jwt.PyJWK]]] = {}
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._reading = asyncio.Lock()
        self.generation = 0
        """Raised when the document changed: what was verified under an older one must be verified again."""

    async def key(self, kid: str) -> jwt.PyJWK | None:
        """The key of that id, or None when there is none. KeysUnavailable: where it may stand was never read."""
        await self.refresh(known=kid in self._keys)
        if self._may_stand_elsewhere(kid):
            async with self._reading:  # another request may be reading it for the first time
                pass
        if self._may_stand_elsewhere(kid):
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
            for location in self._locations:
                await self._look(location)

    async def _look(self, location: str) -> None:
        try:
            document = await _read(location)
            keys = _usable(document)
        except (OSError, httpx.HTTPError, httpx.InvalidURL, jwt.PyJWTError, ValueError) as error:
            _log.warning("token_keys_unreadable", location=location, error=type(error).__name__)
            return
        if location not in self._documents or document != self._documents[location][0]:
            self._documents[location] = document, keys
            self._keys = {kid: key for _, known in self._documents.values() for kid, key in known.items()}
            self.generation += 1

    def _may_stand_elsewhere(self, kid: str) -> bool:
        return kid not in self._keys and len(self._documents) < len(self._locations)

    def _due(self, known: bool) -> bool:
        if self._tried_at is None:
            return True
        return self._clock() - self._tried_at >= (self._max_age if known else self._min_interval)


async def _read(location: str) -> bytes:
    if not location.startswith(("http://", "https://")):
        return await asyncio.to_thread(Path(location).read_bytes)
    async with httpx.AsyncClient(timeout=_FETCH_SECONDS) as client:
        answer = await client.get(location)
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
