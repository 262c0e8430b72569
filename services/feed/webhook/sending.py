"""One POST of one event to one receiver, and what came of it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx

from services.feed.webhook.address import AddressRefused, Resolve, Rules, resolve, target
from services.feed.webhook.keyring import signature
from services.feed.webhook.plan import Outcome
from shared.messaging.envelope import CONTENT_TYPE

TIMEOUT_SECONDS = 10.0
#: Requests to one receiver at a time.
AT_ONCE = 8
_LONGEST_WAIT = 3600.0
_AGENT = "Kinerja-Webhooks/1"


class Line:
    """To one receiver, for some time."""

    def __init__(self, client: httpx.AsyncClient, rules: Rules, ask: Resolve, url: str, secrets: Sequence[str]) -> None:
        self._client, self._rules, self._ask, self._url, self._secrets = client, rules, ask, url, secrets
        self._address: str | None = None
        self._room = asyncio.Semaphore(AT_ONCE)

    async def post(self, id: str, body: bytes) -> Outcome:
        """Send one event. Its answer is not read: nobody can make us keep what they send."""
        async with self._room:
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    return await self._post(id, body)
            except AddressRefused:
                return Outcome("address-refused")
            except (TimeoutError, httpx.TimeoutException):
                return Outcome("timeout")
            except (
                httpx.HTTPError,
                httpx.InvalidURL,
                OSError,
                ssl.SSLError,
                UnicodeError,
            ):  # also of where it points to
                return Outcome("unreachable")

    async def _post(self, id: str, body: bytes) -> Outcome:
        if self._address is None:
            self._address = await target(self._rules, self._url, self._ask)
        url, now = httpx.URL(self._url), datetime.now(UTC)
        headers = {
            "Host": urlsplit(self._url).netloc,
            "Content-Type": CONTENT_TYPE,
            "User-Agent": _AGENT,
            "webhook-id": id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signature(secret, id, now, body) for secret in self._secrets),
        }
        # Connected to the address that was checked; the certificate is that of the name all the same.
        request = self._client.build_request(
            "POST",
            url.copy_with(host=self._address),
            headers=headers,
            content=body,
            extensions={"sni_hostname": url.host},
        )
        answer = await self._client.send(request, stream=True)
        await answer.aclose()
        if answer.is_success:
            return Outcome("delivered")
        return Outcome(f"http-{answer.status_code}", _asked_wait(answer))


class Sender:
    """Sends to whatever the rules allow; never through a proxy of the environment, never along a redirect."""

    def __init__(self, rules: Rules, ask: Resolve = resolve, trusted: ssl.SSLContext | None = None) -> None:
        self._rules, self._ask, self._trusted = rules, ask, trusted or ssl.create_default_context()

    @asynccontextmanager
    async def line(self, url: str, secrets: Sequence[str]) -> AsyncIterator[Line]:
        """A line to the receiver at `url`, signing with each of the secrets."""
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        async with httpx.AsyncClient(
            verify=self._trusted, trust_env=False, follow_redirects=False, limits=limits, timeout=TIMEOUT_SECONDS
        ) as client:
            yield Line(client, self._rules, self._ask, url, secrets)


def _asked_wait(answer: httpx.Response) -> float:
    said = answer.headers.get("retry-after", "")
    return min(float(said), _LONGEST_WAIT) if answer.status_code in (429, 503) and said.isdecimal() else 0.0
