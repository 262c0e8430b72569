"""Tables as the code sees them and as the migrations make them."""

from typing import Any

from sqlalchemy import Connection, inspect

from services.training.app import SERVICE
from services.training.tables import TrainingTable
from shared.eventstore.database import Database


async def test_the_migrated_columns_are_those_of_the_models(worker: Database) -> None:
    assert SERVICE.slices, "importing the service fills the metadata"

    async with worker.transaction() as conn:
        migrated = await conn.run_sync(_columns)
    tables = TrainingTable.metadata.tables
    own = {"course", "need", "development_plan", "enrolment", "certificate", "competency"}
    assert set(tables) == own | {"learning_hours_elsewhere"}
    for name, table in tables.items():
        want = {column.name: (column.nullable, kind(column.type)) for column in table.columns}
        have = {column["name"]: (column["nullable"], kind(column["type"])) for column in migrated[name]}
        assert want == have, name


def _columns(connection: Connection) -> dict[str, Any]:
    found = inspect(connection)
    return {table: found.get_columns(table) for table in found.get_table_names()}


def kind(type_: Any) -> str:
    """One word for what PostgreSQL and the model call a type."""
    name = type(type_).__name__.lower().removeprefix("auto")
    return {"varchar": "text", "string": "text", "utcdatetime": "timestamp", "datetime": "timestamp"}.get(name, name)
