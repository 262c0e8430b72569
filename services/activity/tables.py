"""The base of this service's tables: metadata of its own, so that services can live in one process."""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class ActivityTable(SQLModel, registry=registry()):
    """A table of the activity service."""

    metadata = MetaData()
