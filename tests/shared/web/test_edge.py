"""Who acts, as routes hand it on: only what is a trace context is taken over from the caller."""

import httpx
import pytest

from tests.shared.web.conftest import Token

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (TRACE, TRACE),
        (None, None),
        ("Siti Aminah 198704232010011015", None),
        (TRACE + " Siti", None),
        (TRACE.upper(), None),
        ("00-" + "0" * 32 + TRACE[35:], None),
        (TRACE[:36] + "0" * 16 + "-01", None),
        ("x" * 60_000, None),
    ],
)
async def test_words_of_a_caller_are_no_trace_context(
    client: httpx.AsyncClient, token: Token, sent: str | None, kept: str | None
) -> None:
    headers = {} if sent is None else {"traceparent": sent}
    answer = await client.get("/api/v1/medan/things/traceparent", headers=token() | headers)
    assert answer.json() == kept
