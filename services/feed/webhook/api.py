"""HTTP of webhooks, for hr and for systems of the instansi, each of which manages its own."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from services.feed.event_types import checked_types
from services.feed.grant import store as grants
from services.feed.grant.api import Types
from services.feed.hears_directory.handlers import demand_known
from services.feed.webhook import endpoints
from services.feed.webhook.address import Rules
from services.feed.webhook.courier import place_of
from services.feed.webhook.endpoints import New
from services.feed.webhook.keyring import Keyring, new_secret
from services.feed.webhook.notice import tell_active
from shared.contracts.base import PREFIX
from shared.ids import check_client_id
from shared.web.auth import Caller, requires
from shared.web.edge import DbDep
from shared.web.fields import Body, Moment
from shared.web.paging import Page, PagingDep
from shared.web.settings import Settings

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

Manager = Annotated[Caller, Depends(requires("hr", "system"))]


class WebhookBody(Types):
    """A receiver; `since`: what was sent on the road from then on (of what is kept) is pushed too, else what comes now."""

    url: Annotated[str, Field(max_length=2000)]
    since: Moment | None = None


class Replay(Body):
    """From when on everything is to be pushed once more."""

    since: Moment


class Rotation(Body):
    """For how long the secret before is used too."""

    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24


class Webhook(BaseModel):
    """A receiver and how it does; `waiting`: events that it has not taken and that are tried again.

    `given_up`: events that it refused eleven times while it took others, of the last thirty days and not taken since; the
    oldest was tried first at `given_up_since`, `last_given_up_reason` is what came of the last try of the newest. `replay`
    brings them again.
    """

    id: UUID
    url: str
    types: list[str]
    system: str | None
    status: Literal["active", "paused", "disabled"]
    reason: Literal["asked", "failing", "refused", "gone"] | None
    since: datetime
    failures: int
    delivered: int
    waiting: int
    given_up: int
    given_up_since: datetime | None
    last_given_up: UUID | None
    last_given_up_reason: str | None
    last_delivered_at: datetime | None
    missed_before: datetime | None
    old_secret_until: datetime | None
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str


class Secret(BaseModel):
    """What the receiver verifies with."""

    secret: str


class Delivery(BaseModel):
    """An event that was not delivered at the first try. `outcome`: of the last try."""

    event: UUID
    type: str
    status: Literal["waiting", "delivered", "failed"]
    outcome: str
    tries: int
    first_at: datetime
    last_at: datetime
    due_at: datetime | None


@router.get("")
async def webhooks(caller: Manager, db: DbDep, asked: PagingDep) -> Page[Webhook]:
    """The caller's webhooks; for hr all of the instansi."""
    after = asked.after(UUID)
    async with db.transaction(caller.instansi) as conn:
        rows = await endpoints.listed(conn, caller, after[0] if after else None, asked.limit + 1)
    page = asked.page(rows, lambda row: (row["id"],))
    return Page(items=[_told(row) for row in page.items], next=page.next)


@router.put("/{webhook}")
async def put(webhook: UUID, body: WebhookBody, caller: Manager, db: DbDep, response: Response) -> Webhook:
    """Make a webhook under an id of the caller's own making, or give it another address or types; again changes nothing."""
    now = datetime.now(UTC)
    check_client_id(webhook, now)
    types = checked_types(body.types)
    _rules().check(body.url)
    sealed = _keyring().seal(new_secret(), place_of(caller.instansi, webhook))
    async with db.transaction(caller.instansi) as conn:
        await demand_known(conn, caller.instansi)
        await grants.demand(conn, caller, types)
        there = await endpoints.find(conn, caller, webhook)
        new = New(body.url, types, min(body.since or now, now))
        if there is None:
            await endpoints.create(conn, caller, webhook, new, sealed)
            response.status_code = 201
        elif (there["url"], there["types"]) != (body.url, types):
            await endpoints.change(conn, caller, webhook, new, now)
        return _told(await endpoints.one(conn, caller, webhook))


@router.get("/{webhook}")
async def read(webhook: UUID, caller: Manager, db: DbDep) -> Webhook:
    """One webhook."""
    async with db.transaction(caller.instansi) as conn:
        return _told(await endpoints.one(conn, caller, webhook))


@router.delete("/{webhook}", status_code=204)
async def delete(webhook: UUID, caller: Manager, db: DbDep) -> None:
    """Remove it, with what waits for it."""
    async with db.transaction(caller.instansi) as conn:
        await endpoints.one(conn, caller, webhook)
        await endpoints.delete(conn, caller, webhook)


@router.get("/{webhook}/secret")
async def secret(webhook: UUID, caller: Manager, db: DbDep) -> Secret:
    """What its receiver verifies with."""
    async with db.transaction(caller.instansi) as conn:
        await endpoints.one(conn, caller, webhook)
        sealed = await endpoints.sealed_secret(conn, caller, webhook)
    return Secret(secret=_keyring().open(sealed, place_of(caller.instansi, webhook)))


@router.post("/{webhook}/rotate-secret")
async def rotate(webhook: UUID, body: Rotation, caller: Manager, db: DbDep) -> Secret:
    """Begin a new secret; for `overlap_hours` each push is signed with both."""
    made, until = new_secret(), datetime.now(UTC) + timedelta(hours=body.overlap_hours)
    sealed = _keyring().seal(made, place_of(caller.instansi, webhook))
    async with db.transaction(caller.instansi) as conn:
        await endpoints.one(conn, caller, webhook)
        await endpoints.rotate(conn, caller, webhook, sealed, until)
    return Secret(secret=made)


@router.post("/{webhook}/pause")
async def pause(webhook: UUID, caller: Manager, db: DbDep) -> Webhook:
    """Push nothing until it is resumed; what comes meanwhile is kept as long as the road keeps it."""
    async with db.transaction(caller.instansi) as conn:
        await endpoints.one(conn, caller, webhook)
        await endpoints.pause(conn, caller, webhook)
        return _told(await endpoints.one(conn, caller, webhook))


@router.post("/{webhook}/resume")
async def resume(webhook: UUID, caller: Manager, db: DbDep) -> Webhook:
    """Push again, from where it was stopped."""
    async with db.transaction(caller.instansi) as conn:
        there = await endpoints.one(conn, caller, webhook)
        if await endpoints.resume(conn, caller, webhook):
            await tell_active(conn, caller.instansi, webhook, there["created_by"])
        return _told(await endpoints.one(conn, caller, webhook))


@router.post("/{webhook}/replay")
async def replay(webhook: UUID, body: Replay, caller: Manager, db: DbDep) -> Webhook:
    """Push once more what was sent on the road from a moment on, under the same ids."""
    async with db.transaction(caller.instansi) as conn:
        await endpoints.one(conn, caller, webhook)
        await endpoints.replay(conn, caller, webhook, min(body.since, datetime.now(UTC)))
        return _told(await endpoints.one(conn, caller, webhook))


@router.get("/{webhook}/deliveries")
async def deliveries(
    webhook: UUID,
    caller: Manager,
    db: DbDep,
    asked: PagingDep,
    status: Annotated[Literal["waiting", "delivered", "failed"] | None, Query()] = None,
) -> Page[Delivery]:
    """What was not delivered at the first try, for thirty days, the newest try first."""
    after: Any = asked.after(datetime, UUID)
    async with db.transaction(caller.instansi) as conn:
        await endpoints.one(conn, caller, webhook)
        rows = await endpoints.deliveries(conn, caller, webhook, status, after, asked.limit + 1)
    page = asked.page(rows, lambda row: (row["last_at"], row["event"]))
    return Page(items=[Delivery(**{**row, "type": f"{PREFIX}.{row['type']}"}) for row in page.items], next=page.next)


def _told(row: endpoints.Row) -> Webhook:
    return Webhook(**dict(row) | {"types": [f"{PREFIX}.{each}" for each in row["types"]]})


@cache
def _rules() -> Rules:
    settings = Settings()
    return Rules(settings.webhook_networks, settings.environment == "embedded")


@cache
def _keyring() -> Keyring:
    return Keyring(Settings().webhook_keys)
