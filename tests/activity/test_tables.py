"""The declared tables are the migrated ones."""

from services.activity.tables import ActivityTable
from tests.activity.conftest import Activity


async def test_declared_columns_equal_migrated_columns(activity: Activity) -> None:
    rows = await activity.rows(
        "SELECT table_name, column_name, is_nullable = 'YES' FROM information_schema.columns WHERE table_schema = 'public'"
    )
    migrated: dict[str, set[tuple[str, bool]]] = {}
    for table, column, nullable in rows:
        migrated.setdefault(table, set()).add((column, nullable))
    declared = {
        name: {(column.name, bool(column.nullable)) for column in table.columns}
        for name, table in ActivityTable.metadata.tables.items()
    }
    assert len(declared) == 6
    assert declared == {name: migrated[name] for name in declared}


async def test_every_table_of_an_instansi_has_forced_row_security(activity: Activity) -> None:
    rows = await activity.rows(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'instansi'"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND NOT c.relforcerowsecurity"
    )
    assert {row[0] for row in rows} == {"dead_letters"}
