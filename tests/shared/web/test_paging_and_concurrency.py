"""Cursor paging and ETags."""

import base64
from typing import Any

import httpx
import pytest

from tests.shared.web.conftest import Token

THINGS = "/api/v1/medan/things"


async def test_pages_follow_one_another_without_gap_or_repeat(client: httpx.AsyncClient, token: Token) -> None:
    seen: list[int] = []
    cursor, pages = None, 0
    while True:
        query: dict[str, Any] = {"limit": 2} | ({} if cursor is None else {"cursor": cursor})
        page = (await client.get(THINGS, params=query, headers=token())).json()
        seen, cursor, pages = seen + page["items"], page["next"], pages + 1
        if cursor is None:
            break
    assert (seen, pages) == ([0, 1, 2, 3, 4], 3)


async def test_a_page_that_just_fits_has_no_next(client: httpx.AsyncClient, token: Token) -> None:
    page = (await client.get(THINGS, params={"limit": 5}, headers=token())).json()
    assert page == {"items": [0, 1, 2, 3, 4], "next": None}


def encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "!!!!",
        "é",
        encoded(b"not json"),
        encoded(b"[1]"),
        encoded(b'[1, "2025-01-01", 3]'),
        encoded(b'["one", "2025-01-01"]'),
        encoded(b'[1, "2025-13-01"]'),
        encoded(b'{"a": 1}'),
        encoded(b"[1, NaN]"),
        encoded(b'[1, "\xff"]'),
    ],
)
async def test_a_cursor_of_another_make_is_refused(client: httpx.AsyncClient, token: Token, cursor: str) -> None:
    answer = await client.get(THINGS, params={"cursor": cursor}, headers=token())
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed-cursor")


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5"])
async def test_a_limit_outside_1_to_200_is_refused(client: httpx.AsyncClient, token: Token, limit: str) -> None:
    answer = await client.get(THINGS, params={"limit": limit}, headers=token())
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")


@pytest.mark.parametrize(
    ("header", "seen"), [(None, None), ("*", None), ('"3"', 3), (' "0" ', 0), ('"123456789"', 123456789)]
)
async def test_if_match_is_the_version_seen(
    client: httpx.AsyncClient, token: Token, header: str | None, seen: int | None
) -> None:
    headers = token() | ({} if header is None else {"If-Match": header})
    assert (await client.get(f"{THINGS}/version", headers=headers)).json() == {"seen": seen}


@pytest.mark.parametrize("header", ["", "3", 'W/"3"', '"3", "4"', '"-1"', '"x"', '"03"', '"1234567890"'])
async def test_another_if_match_is_refused(client: httpx.AsyncClient, token: Token, header: str) -> None:
    answer = await client.get(f"{THINGS}/version", headers={**token(), "If-Match": header})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-if-match")


async def test_the_etag_is_the_quoted_version(client: httpx.AsyncClient, token: Token) -> None:
    assert (await client.get(f"{THINGS}/etag", headers=token())).json() == '"3"'
