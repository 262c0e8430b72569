"""Idempotency-Key: the same request sent again gets the first answer, and is carried out once."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic_core import to_jsonable_python
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Refusal
from shared.web.auth import CallerDep
from shared.web.middleware import route_of

_PRINTABLE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,198}[\x21-\x7e])?")


class MalformedIdempotencyKey(Refusal):
    """The header is not 1 to 200 printable ASCII characters."""

    code = "malformed-idempotency-key"
    status = 400


class IdempotencyKeyReused(Refusal):
    """The key was used on this route by this caller for another request."""

    code = "idempotency-key-reused"
    status = 422


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """`key` is the hash of caller, method, route and header; `body_hash` that of the address and the raw body."""

    instansi: str
    key: bytes
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that can be stored: its body is anything that becomes JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """The answer as FastAPI sends it; no content for None."""
        content = None if self.body is None else orjson.dumps(self.body, default=to_jsonable_python)
        return Response(content, self.status, dict(self.headers), None if content is None else "application/json")


async def idempotency_key(
    request: Request,
    caller: CallerDep,
    header: Annotated[str | None, Header(alias="Idempotency-Key", description="1 to 200 characters")] = None,
) -> IdempotencyKey | None:
    """The dependency behind IdempotencyKeyDep; None when the caller sent no key."""
    if header is None:
        return None
    if not _PRINTABLE.fullmatch(header):
        raise MalformedIdempotencyKey(
            "Idempotency-Key harus 1 sampai 200 karakter ASCII. / "
            "The Idempotency-Key must be 1 to 200 printable ASCII characters."
        )
    scope = "\0".join((caller.id, request.method, route_of(request.scope), header))
    asked = request.scope["path"].encode() + b"?" + request.scope["query_string"] + b"\0" + await request.body()
    return IdempotencyKey(caller.instansi, hashlib.sha256(scope.encode()).digest(), hashlib.sha256(asked).digest())


IdempotencyKeyDep = Annotated[IdempotencyKey | None, Depends(idempotency_key)]

_CLAIM = text(
    "INSERT INTO idempotency (instansi, key, body_hash) VALUES (:instansi, :key, :body_hash)"
    " ON CONFLICT (instansi, key) DO NOTHING RETURNING true"
)
_STORED = text(
    "SELECT body_hash, status, body::text, headers::text FROM idempotency WHERE instansi = :instansi AND key = :key"
)
_STORE = text(
    "UPDATE idempotency SET status = :status, body = CAST(:body AS jsonb), headers = CAST(:headers AS jsonb)"
    " WHERE instansi = :instansi AND key = :key"
)


async def answer_once(
    conn: AsyncConnection, request_key: IdempotencyKey | None, produce: Callable[[], Awaitable[Answer]]
) -> Answer:
    """The answer of `produce`, or the one stored when the same request was answered before.

    Everything is in the transaction of `conn`, so what `produce` wrote and its answer are kept together or not
    at all; a refusal rolls both back and is not stored. A second request with the key waits for the first one's
    transaction. Raises IdempotencyKeyReused. Table `idempotency`: instansi text, key bytea, body_hash bytea,
    status int null, body jsonb null, headers jsonb null, created_at timestamptz; primary key (instansi, key).
    """
    if request_key is None:
        return await produce()
    place = {"instansi": request_key.instansi, "key": request_key.key}
    claimed = await conn.execute(_CLAIM, {**place, "body_hash": request_key.body_hash})
    if claimed.first() is None:
        return _same(request_key, (await conn.execute(_STORED, place)).one())
    answer = await produce()
    body = orjson.dumps(answer.body, default=to_jsonable_python).decode()
    headers = orjson.dumps(dict(answer.headers)).decode()
    await conn.execute(_STORE, {**place, "status": answer.status, "body": body, "headers": headers})
    return answer


def _same(request_key: IdempotencyKey, stored: Any) -> Answer:
    body_hash, status, body, headers = stored
    if body_hash != request_key.body_hash:
        raise IdempotencyKeyReused(
            "Pakai Idempotency-Key baru untuk permintaan lain. / Use a new Idempotency-Key for another request."
        )
    return Answer(status, orjson.loads(body), orjson.loads(headers))
