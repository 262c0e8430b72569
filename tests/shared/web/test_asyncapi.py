"""The AsyncAPI documents: everything told and heard is in them, every reference leads somewhere; and their pages."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import HTMLResponse

from deploy.embedded.index import Index
from shared.contracts import appraisal
from shared.contracts.activity import EntryVerified
from shared.contracts.schema_files import SAMPLES, SCHEMAS
from shared.messaging.streams import Subscription
from shared.web.asyncapi import document, feed
from shared.web.pages import messages_page, routes_page


async def _nothing(*_: object) -> None:
    return None


def _references(made: dict[str, Any]) -> int:
    """How many references there are; each leads somewhere."""
    found = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(made))
    for reference in found:
        place = made
        for part in reference.split("/"):
            place = place[part]
    return len(found)


def test_every_message_has_its_channel_and_every_reference_its_target() -> None:
    heard = Subscription(durable="appraisal--activity--facts", messages=(EntryVerified,), handle=_nothing)
    made = document("appraisal", "Appraisal", "1", [appraisal.GapFound, appraisal.ScoreChanged], [heard])
    assert made["channels"]["activity.entry.verified.v1"]["address"] == "kinerja.{instansi}.activity.entry.verified.v1"
    assert {operation["action"] for operation in made["operations"].values()} == {"send", "receive"}
    assert _references(made) > 6
    assert "appraisal.GapCause" in made["components"]["schemas"]


def test_the_feed_has_every_message_with_its_meaning_its_sample_and_its_schema() -> None:
    made = feed("1")
    names = {path.stem for path in SCHEMAS.iterdir()}
    assert made["components"]["messages"].keys() == made["channels"].keys() == names
    for name, message in made["components"]["messages"].items():
        assert message["summary"].endswith("."), name
        assert message["examples"][0]["payload"] == json.loads((SAMPLES / f"{name}.json").read_text())
    assert _references(made) > len(names) * 3


class _Reader(HTMLParser):
    """Ids, links within the page, text, and tags that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag != "meta":
            self.open.append(tag)
        said = dict(attrs)
        self.ids += [said["id"] or ""] if "id" in said else []
        self.links += [said["href"] or ""] if "href" in said else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(page: HTMLResponse) -> _Reader:
    reader = _Reader()
    reader.feed(bytes(page.body).decode())
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)
    assert not reader.tags & {"script", "link", "img", "iframe", "object"}
    assert [link for link in reader.links if "//" in link] == []
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    return reader


def test_the_page_of_the_feed_shows_each_message_with_subject_meaning_and_example() -> None:
    reader = _read(messages_page(feed("1"), "/asyncapi.json"))
    for name, message in feed("1")["components"]["messages"].items():
        assert f"kinerja.{{instansi}}.{name}" in reader.text
        assert message["summary"] in reader.text
        assert message["examples"][0]["payload"]["id"] in reader.text


def test_the_page_of_a_service_shows_each_route_and_trusts_no_text() -> None:
    app = FastAPI(title="<script>alert(1)</script>")

    @app.get("/things/{thing}", summary="One <b>thing</b>")
    async def thing(thing: int, wanted: str = "") -> dict[str, int]:
        return {wanted: thing}

    reader = _read(routes_page(app.openapi(), "/openapi.json"))
    assert "One <b>thing</b>" in reader.text
    assert "wantedquerystring" in reader.text
    assert "thingpathintegerrequired" in reader.text


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ("/", lambda answer: "http://127.0.0.1:8701/docs" in answer.text.split("http://127.0.0.1:8707/")[-1]),
        ("/asyncapi", lambda answer: "kinerja.{instansi}.activity.entry.verified.v1" in answer.text),
        ("/asyncapi.json", lambda answer: answer.json()["asyncapi"] == "3.0.0"),
        ("/services.json", lambda answer: answer.json()["services"] == {"activity": "http://127.0.0.1:8701"}),
    ],
)
async def test_the_index_leads_to_everything(path: str, holds: Callable[[httpx.Response], bool]) -> None:
    told = {"services": {"activity": "http://127.0.0.1:8701"}, "portal": "http://127.0.0.1:8707", "version": "1"}
    index = Index(told, 8700)
    transport = httpx.ASGITransport(app=index.config.app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8700") as client:
        assert holds(await client.get(path))
