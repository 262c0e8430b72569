"""Signing in and out, and setting a password by a link that works once."""

from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from services.portal.account import secrets, store
from services.portal.backend import Away, Backend
from services.portal.visit import GuestDep, Visit, VisitDep, set_cookie
from shared.errors import Refusal


class SignInRefused(Refusal):
    """Which of the two was wrong is not said."""

    code = "sign-in-refused"
    status = 401


class SignInPaused(Refusal):
    """Wrong passwords keep the account shut for a while."""

    code = "sign-in-paused"
    status = 429


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    router.add_api_route("/", start, methods=["GET"])
    router.add_api_route("/masuk", show_sign_in, methods=["GET"])
    router.add_api_route("/masuk", sign_in, methods=["POST"])
    router.add_api_route("/keluar", sign_out, methods=["POST"])
    router.add_api_route("/keluar-semua", sign_out_everywhere, methods=["POST"])
    router.add_api_route("/sandi/{token}", show_password, methods=["GET"])
    router.add_api_route("/sandi/{token}", set_password, methods=["POST"])


async def start(visit: VisitDep) -> Response:
    """The first page of somebody's menu."""
    return visit.back(visit.menu.pages[0][0])


async def show_sign_in(visit: GuestDep) -> Response:
    """The form. Whoever is signed in already goes on."""
    if visit.signed:
        return visit.back(visit.menu.pages[0][0])
    fresh = "" if visit.cookie else secrets.new_token()
    visit.cookie = visit.cookie or fresh
    answer = _form(visit, next=visit.request.query_params.get("next", ""))
    if fresh:
        set_cookie(visit.request, answer, fresh, None)
    return answer


async def sign_in(visit: GuestDep) -> Response:
    """Begin a session; then to the page asked for, where what was typed before waits to be sent."""
    sent = await visit.form()
    nip, password = "".join(str(sent.get("nip", "")).split()), str(sent.get("password", ""))
    kept, target = _kept(sent), str(sent.get("next", ""))
    try:
        employee = await _verified(visit, nip, password)
    except (SignInRefused, SignInPaused) as refusal:
        return _form(visit, refusal.status, next=target, kept=kept, nip=nip, problem=refusal)
    token, life = secrets.new_token(), store.LONG if sent.get("own") else store.SHORT
    async with visit.db.transaction(visit.instansi) as conn:
        login = _login(visit, nip)
        await store.sign_in(conn, visit.instansi, employee, login, secrets.digest(token), visit.now + life)
        if visit.cookie:
            await store.sign_out(conn, visit.instansi, secrets.digest(visit.cookie))
    visit.cookie = token
    ours = _ours(visit, target)
    answer: Response
    if kept and ours:
        answer = visit.page("account/send_again.html", action=target, kept=kept)
    else:
        answer = visit.back(ours.removeprefix(visit.path()))
    set_cookie(visit.request, answer, token, int(life.total_seconds()) if sent.get("own") else None)
    return answer


async def sign_out(visit: GuestDep) -> Response:
    """End this session."""
    async with visit.db.transaction(visit.instansi) as conn:
        await store.sign_out(conn, visit.instansi, secrets.digest(visit.cookie))
    return _gone(visit, "signed-out")


async def sign_out_everywhere(visit: VisitDep) -> Response:
    """End every session of the person."""
    async with visit.db.transaction(visit.instansi) as conn:
        await store.sign_out_everywhere(conn, visit.instansi, visit.me)
    return _gone(visit, "signed-out-everywhere")


async def show_password(token: str, visit: GuestDep) -> Response:
    """The form of a link that was sent. LinkExpired."""
    async with visit.db.transaction(visit.instansi) as conn:
        await store.invited(conn, visit.instansi, secrets.digest(token), visit.now)
    return visit.page("account/password.html", problem=None, shortest=secrets.SHORTEST)


async def set_password(token: str, visit: GuestDep) -> Response:
    """Set the password; the link and older sessions are void. LinkExpired."""
    sent = await visit.form()
    password = str(sent.get("password", ""))
    try:
        if password != str(sent.get("again", "")):
            raise secrets.PasswordTooWeak("Kedua isian harus sama. / Both fields must be equal.")
        secrets.check_password(password)
    except secrets.PasswordTooWeak as refusal:
        return visit.page("account/password.html", refusal.status, problem=refusal, shortest=secrets.SHORTEST)
    kept = await secrets.hashed(password)
    async with visit.db.transaction(visit.instansi) as conn:
        employee = await store.invited(conn, visit.instansi, secrets.digest(token), visit.now)
        await store.set_password(conn, visit.instansi, employee, kept)
    return visit.back("masuk", "password-set")


async def _verified(visit: Visit, nip: str, password: str) -> UUID:
    """The employee of this NIP and password. SignInRefused, SignInPaused."""
    employee = await _employee(visit, nip)
    async with visit.db.transaction(visit.instansi) as conn:
        account = await store.find(conn, visit.instansi, employee=employee, login=_login(visit, nip))
        allowed = account is None or await store.may_try(conn, visit.instansi, account.employee)
    if not allowed:
        raise _paused(account.locked_until if account else None, visit.now)
    if await secrets.matches(password, account.password if account else None) and account:
        return account.employee
    raise SignInRefused(
        "Periksa NIP dan kata sandi. Lupa? Minta tautan baru kepada HR. / Check both. Forgotten? Ask HR for a new link."
    )


async def _employee(visit: Visit, nip: str) -> UUID | None:
    """Whose NIP it is by the directory; None when it is away, and for nobody's."""
    if not (nip.isascii() and nip.isdecimal() and len(nip) == 18):
        return None
    backend: Backend = visit.request.app.state.backend
    body = {"purpose": "sign-in", "nips": [nip]}
    try:
        answer = await backend.call(
            "POST",
            "directory",
            "/employees/lookup",
            instansi=visit.instansi,
            signed=None,
            language=visit.language,
            body=body,
        )
    except Away:
        return None
    return next((UUID(person["id"]) for person in answer["people"] if person["active"]), UUID(int=0))


def _login(visit: Visit, nip: str) -> bytes:
    return secrets.keyed(visit.request.app.state.portal_key, "login", visit.instansi, nip)


def _paused(until: datetime | None, now: datetime) -> SignInPaused:
    seconds = max(int((until - now).total_seconds()), 0) + 1 if until else 15
    return SignInPaused(f"Coba lagi {seconds} detik lagi. / Try again in {seconds} seconds.", seconds=seconds)


def _form(
    visit: Visit,
    status: int = 200,
    *,
    next: str = "",
    kept: list[tuple[str, str]] | None = None,
    nip: str = "",
    problem: Refusal | None = None,
) -> Response:
    return visit.page("account/sign_in.html", status, next=next, kept=kept or [], nip=nip, problem=problem)


def _kept(sent: FormData) -> list[tuple[str, str]]:
    """What was typed on another page before it asked to sign in: fields whose names begin with `kept-`."""
    pairs = [(key, value) for key, value in sent.multi_items() if isinstance(value, str)]
    return [(key.removeprefix("kept-"), value) for key, value in pairs if key.startswith("kept-")]


def _ours(visit: Visit, target: str) -> str:
    """The address when it is a page of this instansi, else its first page."""
    there = urlsplit(target)
    ours = target.startswith(visit.path()) and not there.netloc and ".." not in there.path and "\\" not in target
    return target if ours else visit.path()


def _gone(visit: Visit, notice: str) -> Response:
    answer = visit.back("masuk", notice)
    set_cookie(visit.request, answer, "", 0)
    return answer
