"""Open pages are told that there is something new about somebody they may know of, and nothing else."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from cli.system import database_url
from services.portal.account import secrets
from services.portal.live.hub import OF_SESSION
from tests.e2e.town import entry, until
from tests.portal.conftest import CODE, Office
from tests.portal.live.open_pages import OpenPage, OpenPages

_SESSION = "INSERT INTO session (instansi, token, employee, expires_at) VALUES ($1, $2, $3, $4) RETURNING employee"
_HANG_UP = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'live' AND datname = current_database()"


def session(office: Office, who: str) -> str:
    """A session as signing in makes it, without the work of checking a password."""
    office.sign_in(who)
    cookie, ends = secrets.new_token(), datetime.now(UTC) + timedelta(hours=1)
    office.town.sql("portal", _SESSION, CODE, secrets.digest(cookie), office.agency.people[who], ends)
    return cookie


@pytest.fixture(scope="module")
def pages(office: Office) -> Iterator[OpenPages]:
    opened = OpenPages(office.url, CODE)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def signed_out(office: Office, pages: OpenPages) -> OpenPage:
    """A page of a session that ended since: asked for first, as that is looked at only now and then."""
    cookie = session(office, "audi")
    page = pages.open(cookie, time.time())
    digest = secrets.digest(cookie)
    office.town.sql("portal", "DELETE FROM session WHERE instansi = $1 AND token = $2 RETURNING 1", CODE, digest)
    return page


def opened(office: Office, pages: OpenPages, who: str, sessions: int) -> list[OpenPage]:
    """As many pages as so many sessions of a person may have; the person's own past is known."""
    cookies = [session(office, who) for _ in range(sessions)]
    return [pages.open(cookie, time.time() + 60) for cookie in cookies for _ in range(OF_SESSION)]


def test_fifty_pages_are_told_of_whom_they_may_know(office: Office, pages: OpenPages, signed_out: OpenPage) -> None:
    agency = office.agency
    superior, own = opened(office, pages, "camat", 6), opened(office, pages, "budi", 6)
    other = opened(office, pages, "ani", 1)
    assert [page.status for page in (*superior, *own, *other)] == [200] * 52

    item = entry(agency.today, "1", description="Posyandu")
    agency.do("budi", "activity", "POST", "/entries/batch", {"items": [item]})
    until(lambda: all("baru" in page.heard for page in superior))
    assert [page.heard for page in own] == [[]] * 24, "nobody is told of what they did themselves"
    told = [len(page.heard) for page in superior]

    agency.do("camat", "activity", "POST", f"/entries/{item['id']}/return", {"version": 1, "text": "Mohon diperjelas"})
    until(lambda: all("baru" in page.heard for page in own))
    assert [len(page.heard) for page in superior] == told
    assert [page.heard for page in other] == [[]] * 4


def test_whoever_was_away_is_told_what_they_missed(office: Office, pages: OpenPages) -> None:
    agency, before = office.agency, time.time()
    item = entry(agency.today, "1", description="Imunisasi")
    agency.do("budi", "activity", "POST", "/entries/batch", {"items": [item]})
    agency.do("camat", "activity", "POST", f"/entries/{item['id']}/return", {"version": 1, "text": "Berapa anak?"})
    cookie = session(office, "budi")
    told = "SELECT 1 FROM live_change WHERE employee = $1 AND audience = 'self' AND changed_at > to_timestamp($2)"
    until(lambda: office.town.sql("portal", told, agency.people["budi"], before))
    missed, knew = pages.open(cookie, before), pages.open(cookie, time.time() + 60)
    until(lambda: missed.heard == ["baru"])
    assert knew.heard == []


def test_the_oldest_of_too_many_pages_of_a_session_is_let_go(office: Office, pages: OpenPages) -> None:
    cookie = session(office, "hana")
    several = [pages.open(cookie, time.time() + 60) for _ in range(OF_SESSION + 1)]
    until(lambda: several[0].ended)
    assert (several[0].heard, [page.ended for page in several[1:]]) == (["selesai"], [False] * OF_SESSION)


def test_after_an_outage_of_the_bell_pages_may_come_again(office: Office, pages: OpenPages) -> None:
    cookie = session(office, "ani")
    page = pages.open(cookie, time.time() + 60)

    async def hang_up() -> int:
        conn = await asyncpg.connect(database_url(office.town.system.data, "portal", "api").replace("+asyncpg", ""))
        try:
            return len(await conn.fetch(_HANG_UP))
        finally:
            await conn.close()

    assert asyncio.run(hang_up()) == 1, "one connection for all pages"
    until(lambda: page.ended)
    assert page.heard == [], "it may come again at once"
    until(lambda: pages.open(cookie, time.time() + 60).status == 200)


def test_pages_of_a_session_that_ended_are_let_go(office: Office, pages: OpenPages, signed_out: OpenPage) -> None:
    stranger = pages.open("nobody", time.time())
    until(lambda: stranger.ended and signed_out.ended)
    assert stranger.heard == ["selesai"]


def test_the_page_says_where_to_listen_and_the_menu_can_be_asked_alone(office: Office) -> None:
    browser = office.sign_in("camat").get("kotak-masuk")
    assert f'data-live="/i/{CODE}/live"' in browser.html
    browser.post(which="all")
    assert browser.get("kotak-masuk/jumlah").html == '{"text":""}'
    assert "data-live" not in office.browser().get("masuk").html
