"""Every refusal and failure becomes one application/problem+json document (RFC 9457), here and nowhere else."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import Scope

from shared.errors import Invalid, Refusal
from shared.eventstore.database import is_outage
from shared.eventstore.registry import UnknownEvent
from shared.observability.logging import correlation_id
from shared.web.messages import Wording, field_message, language, title

MEDIA_TYPE = "application/problem+json"
_LONGEST_FIELD = 120
_ROUTING = {
    400: ("malformed-json", "Isi permintaan tidak terbaca sebagai JSON. / The request body cannot be read as JSON."),
    404: ("route-not-found", "Periksa alamatnya di /openapi.json. / Check the address in /openapi.json."),
    405: ("method-not-allowed", "Periksa metodenya di /openapi.json. / Check the method in /openapi.json."),
}

_log = structlog.get_logger(__name__)


class DatabaseUnavailable(Refusal):
    """PostgreSQL cannot be reached; nothing of the request was recorded, or a retry with the same id finds it."""

    code = "database-unavailable"
    status = 503


class RecordNewer(Refusal):
    """A newer version of the service wrote to this record, and this process cannot read that; nothing was recorded."""

    code = "record-newer"
    status = 503


class InternalError(Refusal):
    """A defect of ours; the log holds its trace under the correlation id."""

    code = "internal-error"
    status = 500


def install(app: FastAPI) -> None:
    """Replaces FastAPI's own answers to unknown routes and invalid input; the rest reaches the edge."""
    app.add_exception_handler(HTTPException, _routing)
    app.add_exception_handler(RequestValidationError, _invalid)


def answer(scope: Scope, error: Exception) -> Response:
    """The problem document for anything a request can raise. A defect is logged with its trace."""
    if isinstance(error, Refusal):
        return _document(scope, error)
    if isinstance(error, UnknownEvent):
        _log.warning("record_newer", error=str(error))
        return _document(
            scope,
            RecordNewer(
                "Layanan sedang diperbarui; coba lagi sebentar. / The service is being upgraded; try again shortly."
            ),
        )
    if is_outage(error):
        _log.warning("database_unavailable", error=type(error).__name__)
        return _document(
            scope,
            DatabaseUnavailable("Coba lagi sebentar. / Try again shortly."),
        )
    _log.error("request_failed", exc_info=error)
    return _document(
        scope,
        InternalError("Laporkan correlation_id ini kepada pengelola. / Report this correlation_id to the operators."),
    )


def refused_item(request: Request, refusal: Refusal) -> dict[str, Any]:
    """What a batch says about an item it refused: `{code, status, title, detail}` and the refusal's facts."""
    return _told(request, refusal, refusal.code, refusal.status)


def field_errors(errors: Iterable[Mapping[str, Any]], accept: str = "") -> list[dict[str, str]]:
    """pydantic's errors as `{in, field, message, type}`; also for one item of a batch (`error.errors()`)."""
    wanted = language(accept)
    return [
        {**_place(error["loc"]), "message": field_message(error, wanted), "type": str(error["type"])}
        for error in errors
    ]


def _place(location: Iterable[str | int]) -> dict[str, str]:
    parts = list(location)
    source = str(parts.pop(0)) if parts and parts[0] in ("body", "query", "path", "header", "cookie") else "body"
    field = ""
    for part in parts:
        if isinstance(part, int):
            field += f"[{part}]"
        else:
            field += f".{part}" if field else part
    return {"in": source, "field": field[:_LONGEST_FIELD]}


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    accept = request.headers.get("accept-language", "")
    return _document(
        request.scope,
        Invalid(
            "Perbaiki isian yang disebut dalam errors. / Correct the fields named in errors.",
            errors=field_errors(error.errors(), accept),
        ),
    )


async def _routing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, detail = _ROUTING.get(error.status_code, (f"http-{error.status_code}", str(error.detail)))
    refusal = Refusal(detail)
    return _document(request.scope, refusal, code, error.status_code, error.headers)


def _document(
    scope: Scope,
    refusal: Refusal,
    code: str | None = None,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    code, status = code or refusal.code, status or refusal.status
    document = {
        **_told(Request(scope), refusal, code, status),
        "type": f"urn:kinerja:problem:{code}",
        "instance": scope["path"],
        "correlation_id": correlation_id(),
    }
    more = dict(headers or {})
    if status == 401:
        more["WWW-Authenticate"] = 'Bearer realm="kinerja"' + _bearer_error(code)
    if status == 503:
        more["Retry-After"] = "5"
    return Response(orjson.dumps(document, default=str), status, more, MEDIA_TYPE)


def _told(request: Request, refusal: Refusal, code: str, status: int) -> dict[str, Any]:
    own: Mapping[str, Wording] = getattr(request.app.state, "titles", {})
    wanted = language(request.headers.get("accept-language", ""))
    return {
        **refusal.facts,
        "code": code,
        "status": status,
        "title": title(code, status, wanted, own),
        "detail": refusal.detail,
    }


def _bearer_error(code: str) -> str:
    # RFC 6750: without a token there is nothing wrong with one.
    return "" if code == "token-missing" else f', error="invalid_token", error_description="{code}"'
