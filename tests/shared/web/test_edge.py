"""Who acts, as routes hand it on: only what is a trace context is taken over from the caller."""

import pytest
from fastapi import Request

from shared.web.auth import Caller, Role
from shared.web.edge import context_of

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (TRACE, TRACE),
        (None, None),
        ("Siti Aminah 198704232010011015", None),
        (TRACE + " Siti", None),
        (TRACE.upper(), None),
        ("x" * 60_000, None),
    ],
)
def test_words_of_a_caller_are_no_trace_context(sent: str | None, kept: str | None) -> None:
    headers = [] if sent is None else [(b"traceparent", sent.encode())]
    caller = Caller("medan", None, frozenset({Role.SYSTEM}), "token")
    assert context_of(Request({"type": "http", "headers": headers}), caller).traceparent == kept
