"""What can happen to the record of one public-service transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.activity.source import Source
from shared.eventstore.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One transaction: `product` is a code, `due` the promised time, `completed` None while it is open."""

    product: str
    officer: UUID
    unit: UUID | None
    started: datetime
    due: datetime | None
    completed: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecorded:
    """The whole record as it is now; `period` is that of completion, `source` that of an import."""

    service: Service
    period: str | None
    source: Source | None


Event = ServiceRecorded

EVENTS = Registry({"service_record.recorded": (1, ServiceRecorded)})
