"""The base of this service's tables."""

from sqlalchemy import DateTime, MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

AT = DateTime(timezone=True)


class FeedTable(SQLModel, registry=registry()):
    """Keeps this service's tables apart from those of other services in one process."""

    metadata = MetaData()
