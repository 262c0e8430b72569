"""Messages the service hears, made from contract objects."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.contracts.appraisal import GapCause, GapClosed, GapFact, GapFound
from shared.contracts.base import Message
from shared.eventstore.decider import event_id
from shared.messaging.envelope import Received

MEDAN = "medan"
ADVANCED = datetime(2026, 3, 2, 1, tzinfo=UTC)


def person(name: str) -> UUID:
    """An opaque id that a test can name."""
    return uuid5(NAMESPACE_URL, f"test:{name}")


def received(
    message: Message, source: UUID, version: int = 1, *, instansi: str = MEDAN, epoch: int = 1
) -> Received[Any]:
    """A message as it comes from the road."""
    return Received(
        event_id=event_id(source, version),
        instansi=instansi,
        source=source,
        epoch=epoch,
        version=version,
        occurred_at=ADVANCED,
        recorded_at=ADVANCED,
        origin="person",
        correlation_id=f"story-{source}",
        data=message,
    )


def gap(
    employee: UUID,
    competency: str,
    version: int,
    *,
    found: bool = True,
    opened: int = 1,
    required: int | None = 3,
    level: int | None = 2,
    since: date = date(2026, 3, 1),
    **more: Any,
) -> Received[GapFact]:
    """Version `version` of the gap of one employee in one competency."""
    source = uuid5(employee, f"gap:{competency}")
    message = (GapFound if found else GapClosed)(
        gap=source,
        employee=employee,
        competency=competency,
        opened=opened,
        required=required,
        level=level,
        causes=(GapCause(kind="below_standard"),) if found else (),
        since=since,
    )
    return received(message, source, version, **more)
