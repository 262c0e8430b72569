"""What all tables of this service share: metadata of their own, so that several services fit in one process."""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class AppraisalTable(SQLModel, registry=registry()):
    """Base of this service's tables."""

    metadata = MetaData()
