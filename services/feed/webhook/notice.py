"""A webhook that was stopped is told to whoever made it, by a public message that notification hears."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.feed.webhook.store import Stopped, person
from shared.contracts.feed import WebhookChanged
from shared.eventstore.decider import Context
from shared.eventstore.outbox import Publication, publish_state, row_source
from shared.eventstore.rows import fetch


async def tell_owner(conn: AsyncConnection, instansi: str, endpoint: UUID, stopped: Stopped) -> None:
    """Make public that the worker stopped a webhook, and why."""
    await _publish(conn, instansi, endpoint, stopped.status, stopped.reason, stopped.owner)


async def tell_active(conn: AsyncConnection, instansi: str, endpoint: UUID, by: str) -> None:
    """Make public that it runs again, where it was told to be stopped: the next stop is then another notice."""
    sql = "SELECT true FROM published WHERE instansi = $1 AND source = $2"
    if await fetch(conn, sql, instansi, row_source(endpoint, "webhook")):
        await _publish(conn, instansi, endpoint, "active", None, person(by))


async def _publish(
    conn: AsyncConnection, instansi: str, endpoint: UUID, status: str, reason: str | None, owner: UUID | None
) -> None:
    [[now]] = await fetch(conn, "SELECT now()")
    message = WebhookChanged.model_validate({"webhook": endpoint, "status": status, "cause": reason, "owner": owner})
    context = Context(
        instansi=instansi,
        actor=None,
        role="system",
        now=now,
        correlation_id=f"feed-webhook-{endpoint}",
        origin="reaction",
    )
    await publish_state(conn, context, [Publication(instansi, row_source(endpoint, "webhook"), message)])
