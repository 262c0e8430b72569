"""Free text is kept once, apart from events, and leaves nothing behind that could confirm a guess."""

import asyncio
from uuid import UUID, uuid5

from sqlalchemy import text

from shared.eventstore import texts
from shared.eventstore.database import Database
from shared.ids import fresh_id

PERSON = UUID(int=1)


async def test_the_same_text_of_a_record_is_kept_once_and_erasing_it_unties_it(api: Database) -> None:
    record, other = fresh_id(), fresh_id()
    async with api.transaction("medan") as conn:
        first = await texts.keep(conn, "medan", [(record, PERSON, "kurang foto"), (other, PERSON, "kurang foto")])
    async with api.transaction("medan") as conn:
        again = await texts.keep(conn, "medan", [(record, PERSON, "kurang foto"), (record, PERSON, "sudah baik")])
        assert again[record, "kurang foto"] == first[record, "kurang foto"]
        assert first[other, "kurang foto"].hash != first[record, "kurang foto"].hash
        ids = [again[record, "kurang foto"].id, again[record, "sudah baik"].id, first[other, "kurang foto"].id]
        assert await texts.read(conn, "medan", ids) == dict(
            zip(ids, ["kurang foto", "sudah baik", "kurang foto"], strict=True)
        )
        assert uuid5(record, "kurang foto") not in ids
        for table in ("texts", "text_salts"):
            await conn.execute(text(f"DELETE FROM {table} WHERE record = :record"), {"record": record})
        assert await texts.read(conn, "medan", ids[:2]) == {}
        new = await texts.keep(conn, "medan", [(record, PERSON, "kurang foto")])
    assert new[record, "kurang foto"] not in again.values()


async def test_writers_of_one_record_at_the_same_time_hold_the_same_text(api: Database) -> None:
    record = fresh_id()

    async def write() -> texts.Text:
        async with api.transaction("medan") as conn:
            kept = await texts.keep(conn, "medan", [(record, PERSON, "kurang foto")])
            await asyncio.sleep(0.05)
        return kept[record, "kurang foto"]

    assert len(set(await asyncio.gather(*(write() for _ in range(8))))) == 1
