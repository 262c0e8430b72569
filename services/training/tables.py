"""What all tables of this service have in common: their own metadata, apart from other services'."""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class TrainingTable(SQLModel, registry=registry()):
    """Base of the service's tables."""

    metadata = MetaData()
