"""The tables of webhooks: plain ones, with audit columns."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.feed.tables import AT, FeedTable


class EndpointRow(FeedTable, table=True):
    """A receiver of webhooks. `system` made it and owns it; None: hr's. `types` may be more than is granted now.

    `status`: active, paused (`reason`: asked, failing, refused) or disabled (gone). `failures`: tries in a row that failed.
    `since`: what it is told begins there. `missed_before`: the road had lost some of what was sent before that.
    """

    __tablename__ = "endpoint"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    url: str
    types: list[str] = Field(sa_type=ARRAY(String))
    system: str | None
    status: str
    reason: str | None
    since: datetime = Field(sa_type=AT)
    secret: bytes = Field(sa_type=LargeBinary)
    old_secret: bytes | None = Field(sa_type=LargeBinary)
    old_secret_until: datetime | None = Field(sa_type=AT)
    failures: int
    delivered: int = Field(sa_type=BigInteger)
    last_delivered_at: datetime | None = Field(sa_type=AT)
    missed_before: datetime | None = Field(sa_type=AT)
    lease: UUID | None
    leased_until: datetime | None = Field(sa_type=AT)
    looked_at: datetime | None = Field(sa_type=AT)
    created_at: datetime = Field(sa_type=AT)
    created_by: str
    changed_at: datetime = Field(sa_type=AT)
    changed_by: str


class PlaceRow(FeedTable, table=True):
    """How far an endpoint has come in a stream; `seen`: the stream's last sequence when nothing more was found in it."""

    __tablename__ = "place"

    instansi: str = Field(primary_key=True)
    endpoint: UUID = Field(primary_key=True)
    stream: str = Field(primary_key=True)
    born: datetime | None = Field(sa_type=AT)
    seq: int = Field(sa_type=BigInteger)
    until: datetime = Field(sa_type=AT)
    epoch: int
    seen_born: datetime | None = Field(sa_type=AT)
    seen: int = Field(sa_type=BigInteger)


class DeliveryRow(FeedTable, table=True):
    """An event that was not delivered at the first try; the others only move the place."""

    __tablename__ = "delivery"

    instansi: str = Field(primary_key=True)
    endpoint: UUID = Field(primary_key=True)
    event_id: UUID = Field(primary_key=True)
    type: str
    body: bytes | None = Field(sa_type=LargeBinary)
    status: str
    outcome: str
    tries: int
    due_at: datetime | None = Field(sa_type=AT)
    first_at: datetime = Field(sa_type=AT)
    last_at: datetime = Field(sa_type=AT)
