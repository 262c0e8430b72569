"""The tables that the code declares are those that migrations make, and each is behind row security."""

from services.notification.tables import NotificationTable
from tests.notification.conftest import Notification


async def test_declared_and_migrated_columns_are_the_same(empty: Notification) -> None:
    declared = {
        (table.name, column.name, bool(column.nullable))
        for table in NotificationTable.metadata.tables.values()
        for column in table.columns
    }
    found = await empty.rows(
        "SELECT table_name, column_name, is_nullable = 'YES' FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = ANY(:names)",
        names=sorted(NotificationTable.metadata.tables),
    )
    assert {(row[0], row[1], row[2]) for row in found} == declared
    keys = await empty.rows(
        "SELECT c.relname::text, array_agg(a.attname::text ORDER BY k.n) FROM pg_index i"
        " JOIN pg_class c ON c.oid = i.indrelid CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, n)"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number"
        " WHERE i.indisprimary AND c.relname = ANY(:names) GROUP BY c.relname",
        names=sorted(NotificationTable.metadata.tables),
    )
    assert {row[0]: row[1] for row in keys} == {
        name: [column.name for column in table.primary_key.columns]
        for name, table in NotificationTable.metadata.tables.items()
    }


async def test_every_table_of_an_instansi_is_behind_row_security(empty: Notification) -> None:
    open_tables = await empty.rows(
        "SELECT c.relname FROM pg_class c JOIN information_schema.columns i ON i.table_name = c.relname"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND i.column_name = 'instansi'"
        " AND i.table_schema = 'public' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
    )
    assert [row[0] for row in open_tables] == ["dead_letters"]
