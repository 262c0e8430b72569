"""What surrounds every request: its correlation id, its one log line, and the checks on raw input."""

import re
import time
from collections.abc import Collection
from typing import Any

import orjson
import structlog
from opentelemetry.trace import Span
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Refusal
from shared.ids import fresh_id
from shared.observability import tracing
from shared.observability.metrics import HTTP_SECONDS
from shared.web.problem import answer
from shared.web.tokens import INSTANSI_PATTERN

_CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PLUMBING = frozenset({"/healthz", "/readyz", "/metrics", "/status", "/operations/instansi"})
_FAMILIES = {code: f"{code // 100}xx" for code in range(100, 600)}
_CLIENT_LEFT = 499
_UPLOADS = ("multipart/form-data",)
_FORMS = (*_UPLOADS, "application/x-www-form-urlencoded")
#: Bytes of bodies that are still coming in: those who send slowly must not fill the memory together.
_HELD = 67_108_864

_log = structlog.get_logger("kinerja.access")


class BodyTooLarge(Refusal):
    code = "body-too-large"
    status = 413


class ContentTypeNotJson(Refusal):
    code = "content-type-not-json"
    status = 415


class MalformedJson(Refusal):
    code = "malformed-json"
    status = 400


class NulCharacter(Refusal):
    """PostgreSQL stores no U+0000, neither in text nor in jsonb."""

    code = "nul-character"
    status = 422


class Edge:
    """Outermost: correlation id, problem document for whatever is raised, one access line, one measurement."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope)
        asked, parent = given.get("x-correlation-id", ""), tracing.traceparent(given.get("traceparent"))
        root = scope["path"] not in _PLUMBING
        span = tracing.begin("request", parent if root else None, tracing.SERVER, root=root)
        goes_on = tracing.onward(span, parent)
        scope.setdefault("state", {})["traceparent"] = goes_on
        correlation = asked if _CORRELATION.fullmatch(asked) else str(fresh_id())
        started, status, streams = time.perf_counter(), _CLIENT_LEFT, 0.0

        async def sending(message: Message) -> None:
            nonlocal status, streams
            if message["type"] == "http.response.start":
                status, streams = message["status"], time.perf_counter() if _goes_on(message) else 0.0
                headers = MutableHeaders(scope=message)
                headers["X-Correlation-ID"] = correlation
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
                if getattr(scope["app"].state, "stopping", False):
                    headers["Connection"] = "close"  # the next request goes to another process
            await send(message)

        trace = {"trace_id": tracing.trace_id(goes_on)} if goes_on else {}
        with structlog.contextvars.bound_contextvars(correlation_id=correlation, **trace):
            try:
                await self._app(scope, receive, sending)
            except Exception as error:  # noqa: BLE001 - the edge answers for everything; answer() logs defects
                response = answer(scope, error)
                if status == _CLIENT_LEFT:
                    await response(scope, receive, sending)
            finally:
                _note(scope, status, (streams or time.perf_counter()) - started, span)


class InputGuard:
    """Refuses raw input no route could use: too large, not JSON, NaN or Infinity, U+0000 anywhere."""

    def __init__(self, app: ASGIApp, limit: int, forms: bool = False) -> None:
        self._app = app
        self._limit = limit
        self._unread = _FORMS if forms else _UPLOADS
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "\0" in scope["path"] or b"%00" in scope["query_string"] or b"\0" in scope["query_string"]:
            raise NulCharacter("Hapus karakter U+0000 dari alamat. / Remove the character U+0000 from the address.")
        headers = Headers(scope=scope)
        body = await self._body(headers, receive)
        if body is None:
            return
        _check(headers.get("content-type", ""), body, self._unread)
        await self._app(scope, _replay(body, receive), send)

    async def _body(self, headers: Headers, receive: Receive) -> bytes | None:
        """The whole body, also of a request without Content-Length; None when the client left meanwhile."""
        declared = headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > self._limit:
            raise self._too_large()
        chunks, size = [], 0
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                self._held += len(chunks[-1])
                if size > self._limit:
                    raise self._too_large()
                if self._held > _HELD:
                    raise _crowded()
                if not message.get("more_body", False):
                    return b"".join(chunks)
        finally:
            self._held -= size

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(
            f"Paling besar {self._limit} byte; kirim lebih sedikit sekaligus. / "
            f"At most {self._limit} bytes; send less at once.",
            limit=self._limit,
        )


class Crowded(Refusal):
    """The process has as many requests in hand as it can answer soon; nothing of this one was done."""

    code = "too-many-at-once"
    status = 503


def _crowded() -> Crowded:
    return Crowded("Coba lagi sebentar. / Try again shortly.")


class Admission:
    """Lets a bounded number of requests in: the others are told at once to come back, and not made to wait for a place.

    A stream of events gives its place back when it begins; whoever offers streams bounds their number.
    """

    def __init__(self, app: ASGIApp, at_once: int) -> None:
        self._app, self._at_once, self._inside = app, at_once, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["path"] in _PLUMBING:
            await self._app(scope, receive, send)
            return
        if self._inside >= self._at_once:
            raise _crowded()
        self._inside += 1
        held = True

        async def sending(message: Message) -> None:
            nonlocal held
            if held and _goes_on(message):
                self._inside, held = self._inside - 1, False
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            self._inside -= held


def _goes_on(message: Message) -> bool:
    """Whether a stream of events begins, which lasts for as long as a page is open."""
    if message["type"] != "http.response.start":
        return False
    return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in message["headers"])


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _check(content_type: str, body: bytes, unread: Collection[str]) -> None:
    kind = content_type.partition(";")[0].strip().lower()
    if not body or kind in unread:
        return
    if kind != "application/json" and not kind.endswith("+json"):
        raise ContentTypeNotJson("Kirim Content-Type: application/json. / Send Content-Type: application/json.")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedJson(
            f"JSON salah di baris {error.lineno} kolom {error.colno}. / "
            f"The JSON is wrong at line {error.lineno} column {error.colno}.",
            line=error.lineno,
            column=error.colno,
        ) from error
    if b"\\u0000" in body:
        _refuse_nul(value)


def _refuse_nul(value: Any) -> None:
    waiting = [("", value)]
    while waiting:
        place, value = waiting.pop()
        match value:
            case str() if "\0" in value:
                place = place.replace("\0", "\\u0000")
                raise NulCharacter("Hapus karakter U+0000. / Remove the character U+0000.", field=place)
            case list():
                waiting.extend((f"{place}[{index}]", item) for index, item in enumerate(value))
            case dict():
                for key, item in value.items():
                    inner = f"{place}.{key}" if place else key
                    waiting.extend(((inner, item), (inner, key)))


def _note(scope: Scope, status: int, seconds: float, span: Span | None) -> None:
    route = route_of(scope)
    method = scope["method"] if scope["method"] in _METHODS else "other"
    if route not in _PLUMBING:
        HTTP_SECONDS.labels(route, method, _FAMILIES[status]).observe(seconds)
    if span is not None:
        span.update_name(f"{method} {route}")
        span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
        tracing.finish(span, str(status) if status >= 500 else None)
    caller = scope.get("state", {}).get("caller")
    instansi = str(scope.get("path_params", {}).get("instansi", ""))
    line = _log.debug if route in _PLUMBING else _log.info
    line(
        "request",
        method=method,
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        instansi=instansi if re.fullmatch(INSTANSI_PATTERN, instansi) else None,
        caller=caller.id if caller is not None else None,
    )


def route_of(scope: Scope) -> str:
    """The route's template, for example `/api/v1/{instansi}/entries/{id}`; `unknown` when none matched.

    FastAPI keeps the template with its prefix beside the scope's own route, which holds the router's part only.
    """
    context = scope.get("fastapi", {}).get("effective_route_context")
    route = context or scope.get("route")
    return str(getattr(route, "path", "unknown"))
