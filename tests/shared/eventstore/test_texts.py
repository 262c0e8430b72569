"""Free text is kept once, apart from events, and leaves nothing behind that could confirm a guess."""

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
        await conn.execute(text("DELETE FROM texts WHERE record = :record"), {"record": record})
        assert await texts.read(conn, "medan", ids[:2]) == {}
        new = await texts.keep(conn, "medan", [(record, PERSON, "kurang foto")])
    assert new[record, "kurang foto"] not in again.values()
