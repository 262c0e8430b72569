"""A gap becomes a need, needs become one proposed plan: in any order, however often and however split."""

from typing import Any

import orjson
from sqlalchemy import text

from services.training.hears_appraisal.handlers import GAPS
from shared.eventstore.database import Database
from shared.messaging.delivery import deliver
from tests.training.world import gap, person

ANI = person("Ani")


async def rows(db: Database, sql: str) -> list[Any]:
    async with db.transaction() as conn:
        return [tuple(row) for row in (await conn.execute(text(sql))).all()]


async def outbox(db: Database) -> list[dict[str, Any]]:
    return [orjson.loads(row[0]) for row in await rows(db, "SELECT body FROM outbox ORDER BY id")]


async def test_a_gap_becomes_a_need_and_a_proposed_plan(worker: Database) -> None:
    await deliver(worker, GAPS, [gap(ANI, "komunikasi", 1)])
    assert await rows(worker, "SELECT employee, competency, opened, open FROM need") == [(ANI, "komunikasi", 1, True)]
    [message] = await outbox(worker)
    assert message["type"] == "id.go.kinerja.training.development-plan.proposed.v1"
    assert (message["data"]["employee"], message["data"]["year"]) == (str(ANI), 2026)
    assert [course["competency"] for course in message["data"]["courses"]] == ["komunikasi"]
