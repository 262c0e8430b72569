"""What `kinerja prove` checks beyond rebuilt rows: needs, plans and enrolments agree with one another."""

from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.operations.rebuild import Difference

_ITEMS = """
SELECT p.instansi, p.id AS plan, p.employee, (item->>'need')::uuid AS need, item->>'course' AS course, item->>'status' AS status
FROM development_plan p, jsonb_array_elements(p.items) AS item WHERE ($1::text IS NULL OR p.instansi = $1)
"""
_CHECKS = {
    "is in no plan": """
        SELECT n.id FROM need n WHERE n.open AND ($1::text IS NULL OR n.instansi = $1) AND NOT EXISTS (
            SELECT FROM items i WHERE i.instansi = n.instansi AND i.employee = n.employee AND i.need = n.id AND i.status <> 'ended')
    """,
    "is in a plan and not open": """
        SELECT i.need FROM items i WHERE i.status <> 'ended' AND NOT EXISTS (
            SELECT FROM need n WHERE n.instansi = i.instansi AND n.id = i.need AND n.open)
    """,
    "is approved without an enrolment": """
        SELECT i.need FROM items i WHERE i.status = 'approved' AND NOT EXISTS (
            SELECT FROM enrolment e WHERE e.instansi = i.instansi AND e.plan = i.plan
              AND e.needs ? i.need::text AND e.course::text = i.course AND e.status <> 'cancelled')
    """,
}


async def prove_needs(db: Database, instansi: str | None = None) -> list[Difference]:
    """Open needs outside plans, plans for needs that ended, approvals without a seat."""
    found: list[Difference] = []
    for what, check in _CHECKS.items():
        async with db.transaction() as conn:
            rows = await fetch(conn, f"WITH items AS ({_ITEMS}) {check}", instansi)
        found += [Difference(f"need {row[0]}", what) for row in rows]
    return found
