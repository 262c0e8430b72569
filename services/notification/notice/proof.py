"""Whether everybody was told what was owed to them, exactly once, and nobody anything else."""

from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.operations.rebuild import Difference

_CHECKS = {
    "owed and told, but there is no notice": """
        SELECT o.instansi, o.event_id::text, o.recipient FROM owed o
        CROSS JOIN LATERAL unnest(CASE WHEN o.mail THEN ARRAY['inbox', 'mail'] ELSE ARRAY['inbox'] END) AS c(channel)
        WHERE o.outcome = 'told' AND ($1::text IS NULL OR o.instansi = $1) AND NOT EXISTS (
            SELECT FROM notice n WHERE n.instansi = o.instansi AND n.event_id = o.event_id AND n.channel = c.channel
              AND n.template = o.template AND (o.recipient IN ('superior', 'hr') OR n.person::text = o.recipient))
    """,
    "a notice that nobody was owed": """
        SELECT n.instansi, n.event_id::text, n.person::text FROM notice n
        WHERE ($1::text IS NULL OR n.instansi = $1) AND NOT EXISTS (
            SELECT FROM owed o WHERE o.instansi = n.instansi AND o.event_id = n.event_id AND o.outcome = 'told'
              AND o.template = n.template AND (o.recipient IN ('superior', 'hr') OR o.recipient = n.person::text))
    """,
    "a person told the same event twice over one channel": """
        SELECT instansi, event_id::text, person::text FROM notice WHERE ($1::text IS NULL OR instansi = $1)
        GROUP BY instansi, event_id, person, channel HAVING count(*) > 1
    """,
    "a mail without its notice in the inbox": """
        SELECT m.instansi, m.event_id::text, m.person::text FROM notice m
        WHERE m.channel = 'mail' AND ($1::text IS NULL OR m.instansi = $1) AND NOT EXISTS (
            SELECT FROM notice i WHERE i.instansi = m.instansi AND i.event_id = m.event_id AND i.person = m.person
              AND i.channel = 'inbox')
    """,
}


async def prove_notices(db: Database, instansi: str | None) -> list[Difference]:
    """What is wrong with the notices of an instansi, or of all."""
    async with db.transaction() as conn:
        return [
            Difference(f"notice {'/'.join(row)}", what)
            for what, sql in _CHECKS.items()
            for row in await fetch(conn, sql, instansi)
        ]
