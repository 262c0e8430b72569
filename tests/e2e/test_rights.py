"""Every route of every service, asked by those who have no right: another agency, strangers of the same one, no valid token."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from fastapi import FastAPI

from deploy.services import load, service_names
from shared.web.development import development_token, new_signing_key
from tests.e2e.rights import RIGHTS, Request, requests
from tests.e2e.story import NAMES, Story, mail_of
from tests.e2e.town import Agency, Town

_API = "/api/v1/{instansi}"
#: Strangers to the person: a colleague of the same unit, and the head of another office who is a leader there.
STRANGERS = [("rosma", "toga"), ("rosma", "ketua"), ("parlin", "rosma"), ("parlin", "kepala")]
#: Superior, head of all units, hr, auditor.
INVOLVED = [
    *(("rosma", who) for who in ("kepala", "sekda", "hana", "audi")),
    *(("parlin", who) for who in ("ketua", "sekda", "hana", "audi")),
]
_SEEN = {"If-Match": '"1"'}
ROLES = [("staff",), ("staff", "leader"), ("staff", "hr"), ("auditor",), ("system",)]


def belongings(story: Story, who: str) -> dict[str, Any]:
    outside = {"system": "tpp", "code": "DINAS", "webhook": "0197a000-0000-7000-8000-00000000feed"}
    return (story.hers if who == "rosma" else story.his) | {"day": str(story.agency.last_month.last_day)} | outside


def asked(story: Story, who: str) -> list[Request]:
    return requests(belongings(story, who))


def traces(story: Story, who: str, request: Request, answer: httpx.Response) -> list[str]:
    """What of the person an answer holds that the request did not say."""
    owned = belongings(story, who)
    ids = [owned[key] for key in ("employee", "entry", "plan", "enrolment", "notice", "assignment")]
    said = f"{request.path} {json.dumps(request.body)}"
    return [each for each in (*ids, *NAMES[who], str(mail_of(who))) if each in answer.text and each not in said]


@pytest.mark.parametrize("service", service_names())
def test_each_route_is_on_the_list_and_none_is_hidden(town: Town, service: str) -> None:
    paths = town.http.get(f"{town.urls[service]}/openapi.json").json()["paths"]
    documented = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert documented == {route.replace(" ", f" {_API}", 1) for route in RIGHTS[service]}
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for router in load(service).routers:
        app.include_router(router, prefix=_API)
    there = {f"{method} {path}" for path, methods in _routes(app.routes) for method in methods - {"HEAD"}}
    assert there == documented


def _routes(routes: Any, prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    for route in routes:
        if methods := getattr(route, "methods", None):
            yield prefix + route.path, set(methods)
        elif router := getattr(route, "original_router", None):
            yield from _routes(router.routes, prefix + route.include_context.prefix)


@pytest.mark.parametrize("roles", ROLES, ids="+".join)
def test_a_token_of_another_agency_opens_no_route(town: Town, story: Story, roles: tuple[str, ...]) -> None:
    person = None if roles == ("system",) else story.hers["employee"]
    token = town.token("kab-sebelah", *roles, employee=person)
    for request in asked(story, "rosma"):
        answer = town.ask(token, story.agency.code, request.service, request.method, request.path, request.body)
        assert (answer.status_code, answer.json()["code"]) == (403, "other-instansi"), request.name


def test_with_all_roles_in_its_own_agency_another_one_reaches_nothing_by_id(town: Town, story: Story) -> None:
    """The ids of one agency mean nothing in the other, whatever the caller may do there."""
    other = Agency(town, "kab-sebelah", roles={"hr": ("staff", "leader", "hr", "auditor", "system")})
    post = {"unit_code": "A", "unit_name": "A", "position_code": "B", "position_title": "B"}
    who = {"name": "Sabungan Siregar", "nip": "198001012005011009", "position_kind": "JA"}
    other.found({"name": "Kabupaten Sebelah"}, {"hr": who | post | {"position_level": "Pelaksana"}})
    owned = belongings(story, "rosma")
    named = {owned[key] for key in ("employee", "entry", "plan", "enrolment", "notice", "assignment")}
    for request in asked(story, "rosma"):
        if not any(f"/{id}" in request.path for id in named):
            continue
        answer = other.ask("hr", request.service, request.method, request.path, request.body, headers=_SEEN)
        if request.method == "GET" and answer.is_success:
            assert traces(story, "rosma", request, answer) == [], request.name
        else:
            assert answer.status_code in (403, 404) or answer.json()["code"] == "unknown-employee", request.name


def _part(claims: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


def bad_tokens(town: Town, story: Story) -> dict[str, tuple[str | None, str]]:
    """Tokens that must not be believed, and the code of the refusal."""
    roles = ("staff", "leader", "hr", "auditor", "system")
    good = town.token(story.agency.code, *roles, employee=story.hers["employee"])
    header, claims = jwt.get_unverified_header(good), jwt.decode(good, options={"verify_signature": False})
    [public] = json.loads(town.system.data.jwks.read_text())["keys"]
    expired = town.token(story.agency.code, *roles, lifetime=timedelta(seconds=-1), employee=story.hers["employee"])
    stranger = development_token(new_signing_key(), instansi=story.agency.code, roles=roles)
    foreign_key = f"{_part(header)}.{stranger.split('.', 1)[1]}"
    head, body, signature = good.split(".")
    return {
        "none": (None, "token-missing"),
        "of another key": (stranger, "token-invalid"),
        "of another key under our key's id": (foreign_key, "token-invalid"),
        "expired": (expired, "token-expired"),
        "unsigned": (f"{_part(header | {'alg': 'none'})}.{_part(claims)}.", "token-invalid"),
        "signed with the public key": (
            jwt.encode(claims, public["x"], algorithm="HS256", headers={"kid": header["kid"]}),
            "token-invalid",
        ),
        "with another agency written in": (
            f"{head}.{_part(claims | {'instansi': 'kab-sebelah'})}.{signature}",
            "token-invalid",
        ),
        "no token at all": ("abc", "token-invalid"),
        "of an agency that cannot be": (town.token("*", "hr"), "token-invalid"),
        "cut short": (f"{head}.{body}", "token-invalid"),
    }


def test_a_token_that_cannot_be_believed_opens_no_route(town: Town, story: Story) -> None:
    for kind, (token, code) in bad_tokens(town, story).items():
        for request in asked(story, "rosma"):
            answer = town.ask(token, story.agency.code, request.service, request.method, request.path, request.body)
            assert (answer.status_code, answer.json()["code"]) == (401, code), f"{kind}: {request.name}"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer"), request.name


def _check_stranger(story: Story, whose: str, request: Request, answer: httpx.Response) -> None:
    match request.kind:
        case "theirs":
            assert answer.status_code in (403, 404), f"{request.name}: {answer.text}"
        case "role":
            assert answer.status_code == 403, f"{request.name}: {answer.text}"
        case "batch":
            assert [item["status"] for item in answer.json()["results"]] in ([403], [404]), request.name
        case "seen" | "own" | "all":
            assert answer.is_success, f"{request.name}: {answer.text}"
    assert traces(story, whose, request, answer) == [], request.name


@pytest.mark.parametrize(("whose", "stranger"), STRANGERS)
def test_a_stranger_of_the_same_agency_sees_and_changes_nothing(
    town: Town, story: Story, whose: str, stranger: str
) -> None:
    town.settle()
    before = town.kept(story.agency.code)
    for request in asked(story, whose):
        answer = story.agency.ask(stranger, request.service, request.method, request.path, request.body, headers=_SEEN)
        _check_stranger(story, whose, request, answer)
    after = town.kept(story.agency.code)
    changed = {table for table in before if before[table] != after[table]}
    assert changed <= {"notification.preference"}  # strangers may set their own


@pytest.mark.parametrize(("whose", "who"), INVOLVED)
def test_superior_head_hr_and_auditor_see_what_is_theirs_to_see(story: Story, whose: str, who: str) -> None:
    for request in asked(story, whose):
        if request.method == "GET" and request.kind in ("theirs", "seen"):
            answer = story.agency.ask(who, request.service, "GET", request.path)
            assert answer.is_success, f"{request.name}: {answer.text}"
            # Her gap is closed, his is open: only his shows in every list.
            if request.kind == "seen" and whose == "parlin":
                assert story.his["employee"] in answer.text, request.name


@pytest.mark.parametrize("person", ["audi", None])
def test_an_auditor_changes_nothing(town: Town, story: Story, person: str | None) -> None:
    token = town.token(story.agency.code, "auditor", employee=story.agency.people[person] if person else None)
    before = town.kept(story.agency.code)
    for request in asked(story, "rosma"):
        if request.method != "GET":
            answer = town.ask(token, story.agency.code, request.service, request.method, request.path, request.body)
            assert (answer.status_code, answer.json()["code"]) == (403, "role-required"), request.name
    assert town.kept(story.agency.code) == before
