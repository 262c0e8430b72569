"""One request of a person: who it is, in which language, and how pages are answered."""

import hmac
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import structlog
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.portal import static_files, texts
from services.portal.account import secrets, store
from services.portal.account.store import Signed
from services.portal.backend import Away, Backend, Refused, Unanswered
from services.portal.inbox.unread import unread_of
from services.portal.menu import Menu, menu_of
from services.portal.notices import NOTICES
from shared.calendar import zone_of
from shared.errors import Invalid, NotFound, Refusal
from shared.eventstore.database import Database, is_outage
from shared.people.queries import Rules, instansi_rules
from shared.web.auth import READING, Caller
from shared.web.edge import InstansiSuspended
from shared.web.messages import Language, language
from shared.web.messages import title as title_of

_log = structlog.get_logger(__name__)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_ISOLATION = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
#: Field names that a form sent again after signing in does not take along.
_OWN_FIELDS = {"csrf", "kept", "next"}


class NotSignedIn(Exception):
    """The page is for somebody who signed in."""


class FormNotOurs(Refusal):
    """The form was made for another session, or by another site."""

    code = "form-not-ours"
    status = 403


@cache
def _translated(language: Language) -> Environment:
    """Templates in a language. Each has an environment of its own: overlays of one share what sentences are looked up in."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.globals["static"] = static_files.address
    made.install_gettext_translations(texts.catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    return made


@dataclass
class Visit:
    """A request for a page of an instansi. `signed` None: nobody is signed in."""

    request: Request
    instansi: str
    language: Language
    cookie: str
    signed: Signed | None
    rules: Rules
    menu: Menu
    #: What is read for the page is at least as new as this.
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    #: Notices that wait to be read; None where that is not known.
    unread: int | None = None
    #: Services that could not be asked for a part of the page; it says so.
    away: set[str] = field(default_factory=set)

    @property
    def me(self) -> UUID:
        """The employee who is signed in."""
        if self.signed is None:
            raise NotSignedIn
        return self.signed.employee

    @property
    def db(self) -> Database:
        """The portal's own database."""
        db: Database = self.request.app.state.db
        return db

    @property
    def origin(self) -> str:
        """How people reach the portal, as their browser asked for it: https://kinerja.example."""
        scheme = self.request.headers.get("x-forwarded-proto", self.request.url.scheme).partition(",")[0]
        return f"{scheme}://{self.request.headers.get('host', '')}"

    @property
    def address(self) -> str:
        """Where the request comes from, as the nearest proxy saw it."""
        seen = self.request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        return seen or (self.request.client.host if self.request.client else "")

    @property
    def csrf(self) -> str:
        """What forms of this session carry."""
        return secrets.keyed(self.request.app.state.portal_key, "form", self.cookie).hex()

    @property
    def now(self) -> datetime:
        """When the request is answered."""
        return datetime.now(UTC)

    def t(self, sentence: str, **values: object) -> str:
        """A sentence in the language of the visit."""
        return texts.catalogue(self.language).gettext(sentence) % values

    def path(self, page: str = "") -> str:
        """The address of a page of this instansi."""
        return f"/i/{self.instansi}/{page}"

    async def ask(
        self, method: str, service: str, path: str, *, body: Any = None, params: Any = None, seen: int | None = None
    ) -> Any:
        """What a service answers to whoever is signed in; `seen` is the version that a decision is about. Refused, Away."""
        return await self._call(self._person(), method, service, path, body=body, params=params, seen=seen)

    async def ask_as_portal(self, method: str, service: str, path: str, *, body: Any = None) -> Any:
        """What a service answers to the portal itself, for people without an account. Refused, Away."""
        return await self._call(None, method, service, path, body=body)

    async def _call(self, signed: Signed | None, *what: str, **more: Any) -> Any:
        backend: Backend = self.request.app.state.backend
        return await backend.call(*what, instansi=self.instansi, signed=signed, language=self.language, **more)

    async def part(self, service: str, path: str, **params: Any) -> Any:
        """A part of a page, None when its service is away or knows nothing: the rest of the page is shown without it."""
        try:
            return await self.ask("GET", service, path, params=params)
        except Away as away:
            self.away.add(away.service)
        except Refused as refused:
            if refused.status >= 500 or refused.status == 429:
                self.away.add(refused.service)  # a defect of one service takes no page along
            elif refused.status not in (403, 404):
                raise
        return None

    async def names(self, people: set[str]) -> dict[str, str]:
        """What people are called, by their ids; whom the person may not see, and everybody while directory is away, is missing."""
        found: dict[str, str] = {}
        wanted = sorted(people)
        for start in range(0, len(wanted), 200):
            some = [("ids", each) for each in wanted[start : start + 200]]
            try:
                answer = await self.ask("GET", "directory", "/names", params=some)
            except Away as away:
                self.away.add(away.service)
                break
            found |= {each["id"]: each["name"] for each in answer["names"]}
        return found

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A template as the answer."""
        notice = NOTICES.get(self.request.query_params.get("pesan", ""))
        return HTMLResponse(
            _translated(self.language)
            .get_template(template)
            .render(
                **values,
                visit=self,
                path=self.path,
                csrf=self.csrf,
                language=self.language,
                notice=self.t(notice) if notice else None,
                day=lambda value, how="EEEE, d MMMM y": texts.day(value, self.language, how),
                month=lambda value: texts.month(value, self.language),
                number=lambda value: texts.number(value, self.language),
                moment=lambda value: texts.local(value, zone_of(self.rules.zone), self.language),
            ),
            status,
        )

    def back(self, page: str, notice: str = "", **query: str) -> Response:
        """Send the browser on to a page, which then says `notice`, one of NOTICES."""
        said = {"pesan": notice} if notice else {}
        more = urlencode(query | said)
        return RedirectResponse(self.path(page) + (f"?{more}" if more else ""), 303)

    async def form(self) -> FormData:
        """The fields that were sent; their origin was checked before the page was asked."""
        return await self.request.form()

    def wording(self, refusal: Refusal) -> str:
        """What a refusal of the portal's own says is to be changed."""
        return texts.said({"detail": refusal.detail}, self.language)

    def reason(self, error: Unanswered) -> str:
        """Why a service did not do what was asked, as a sentence with what to change."""
        if isinstance(error, Away):
            return self.t("Layanan sedang tidak dapat dihubungi. Yang Anda tulis masih ada; kirim lagi sebentar lagi.")
        problem = error.problem
        said = texts.said(problem, self.language)
        fields = [str(each.get("message", "")) for each in problem.get("errors", [])]
        return " — ".join(filter(None, [str(problem.get("title", "")), said, "; ".join(fields)]))

    def _person(self) -> Signed:
        if self.signed is None:
            raise NotSignedIn
        return self.signed


class Page(APIRoute):
    """A route that answers with pages: forms are checked, refusals are pages, and every answer is kept to itself."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler with all that around it."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            visit = None
            try:
                visit = request.state.visit = await _begin(request)
                if request.method not in READING:
                    await _check_form(visit)
                    _check_not_suspended(visit)
                elif visit.signed and request.headers.get("accept") != "text/event-stream":
                    visit.unread = await unread_of(visit)
                response = await handle(request)
            except NotSignedIn:
                response = await _sign_in_first(visit)
            except Unanswered as error:
                response = _failed(request, visit, error.status, str(error.problem.get("code", "")), error)
            except Refusal as error:
                response = _failed(request, visit, error.status, error.code, error)
            except HTTPException as error:  # a form that cannot be read
                wrong = Invalid("Formulir tidak terbaca. / The form cannot be read.")
                response = _failed(request, visit, error.status_code, wrong.code, wrong)
            except RequestValidationError:
                wrong = Invalid("Periksa alamat halaman ini. / Check the address of this page.")
                response = _failed(request, visit, 404, wrong.code, wrong)
            except Exception as error:  # noqa: BLE001 - a person sees a page whatever happened; defects are logged
                status, code = (503, "database-unavailable") if is_outage(error) else (500, "internal-error")
                _log.error("page_failed", exc_info=None if status == 503 else error, error=type(error).__name__)
                response = _failed(request, None, status, code, error)
            for name, value in _ISOLATION.items():
                response.headers.setdefault(name, value)
            if request.app.state.settings.environment != "embedded":
                response.headers["Strict-Transport-Security"] = "max-age=31536000"
            return response

        return answer


async def _begin(request: Request) -> Visit:
    """Who asks. NotFound for an instansi of which the directory has not told."""
    instansi, now = str(request.path_params["instansi"]), datetime.now(UTC)
    cookie = request.cookies.get(cookie_name(request), "")
    db: Database = request.app.state.db
    signed = None
    async with db.transaction(instansi) as conn:
        rules = await instansi_rules(conn, instansi)
        if rules is None:
            raise NotFound("Instansi ini tidak terdaftar. / This instansi is not registered.")
        if cookie:
            signed = await store.signed_in(conn, instansi, secrets.digest(cookie), now)
        menu = await menu_of(conn, instansi, signed, rules.local_date(now))
    if signed:
        request.state.caller = Caller(instansi, signed.employee, signed.roles, "")
    return Visit(request, instansi, chosen_language(request), cookie, signed, rules, menu)


async def _check_form(visit: Visit) -> None:
    """FormNotOurs unless the form was made by us, for this browser."""
    request = visit.request
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site", "same-origin")
    ours = site in ("same-origin", "none") and (
        origin is None or urlsplit(origin).netloc == request.headers.get("host")
    )
    if not ours:
        raise _not_ours()
    given = str((await visit.form()).get("csrf", ""))
    # Without a cookie nobody's rights ride along. That of a session that has ended still tells whose form it is.
    if visit.cookie and not hmac.compare_digest(given.encode(), visit.csrf.encode()):
        raise _not_ours()


def _check_not_suspended(visit: Visit) -> None:
    """InstansiSuspended: it is read, and nothing of it changes; people may come and go."""
    page = visit.request.url.path.removeprefix(visit.path())
    if visit.instansi in visit.db.suspended and page not in ("masuk", "keluar", "keluar-semua"):
        raise InstansiSuspended(
            "Instansi ini ditangguhkan: data hanya dapat dibaca. / This instansi is suspended: it can only be read."
        )


def _not_ours() -> FormNotOurs:
    return FormNotOurs("Buka halamannya lagi, lalu kirim lagi. / Open the page again, then send again.")


async def _sign_in_first(visit: Visit | None) -> Response:
    """Off to signing in, and back afterwards; what was typed goes along."""
    assert visit is not None
    request = visit.request
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method in READING:
        return visit.back("masuk", next=target)
    kept = [
        (key, value)
        for key, value in (await visit.form()).multi_items()
        if isinstance(value, str) and key not in _OWN_FIELDS
    ]
    return visit.page("account/sign_in.html", 401, next=target, kept=kept, problem=None, nip="")


def _failed(request: Request, visit: Visit | None, status: int, code: str, error: Exception) -> Response:
    wanted = chosen_language(request)
    title = title_of(code, status, wanted, request.app.state.titles)
    detail = ""
    if isinstance(error, Unanswered) and visit is not None:
        title, detail = str(error.problem.get("title") or title), visit.reason(error)
    elif isinstance(error, Refusal):
        detail = texts.said({"detail": error.detail}, wanted)
    values = {"title": title, "detail": detail}
    if visit is None:
        return plain(request, "templates/lost.html", status, **values)
    return visit.page("templates/refused.html", status, **values)


def plain(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page that belongs to no instansi."""
    wanted = chosen_language(request)
    text = _translated(wanted).get_template(template).render(**values, language=wanted, address=request.url.path)
    return HTMLResponse(text, status, _ISOLATION)


def cookie_name(request: Request) -> str:
    """The session's cookie; where only HTTPS is spoken browsers themselves see to it that nobody else sets it."""
    return "kinerja" if request.app.state.settings.environment == "embedded" else "__Host-kinerja"


def set_cookie(request: Request, response: Response, value: str, seconds: int | None) -> None:
    """Keep the session in the browser; `seconds` None: until it is closed, 0: no longer."""
    secure = request.app.state.settings.environment != "embedded"
    response.set_cookie(
        cookie_name(request), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax"
    )


def chosen_language(request: Request) -> Language:
    """What the visitor chose on a page, else what the browser asks for."""
    chosen = request.cookies.get("bahasa", "")
    if chosen in ("id", "en"):
        return "en" if chosen == "en" else "id"
    return language(request.headers.get("accept-language", ""))


async def _visit(request: Request) -> Visit:
    visit: Visit = request.state.visit
    return visit


async def _signed(request: Request) -> Visit:
    visit: Visit = request.state.visit
    if visit.signed is None:
        raise NotSignedIn
    return visit


#: Anybody's visit, and that of somebody who signed in.
GuestDep = Annotated[Visit, Depends(_visit)]
VisitDep = Annotated[Visit, Depends(_signed)]
