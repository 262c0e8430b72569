"""Closing a period: a barrier for people, a grace for superiors, and a digest that anybody can check."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.activity.entry import intake
from services.activity.entry.bodies import LoggedEntry
from services.activity.period import gate, sealing
from shared.calendar import working_days_after
from shared.eventstore.decider import Context
from shared.ids import fresh_id
from tests.activity.conftest import Activity
from tests.activity.people import (
    BUDI,
    COUNTER,
    HADI,
    LEO,
    RINA,
    SITI,
    assignment,
    instansi,
    known,
    today,
)

LAST_DAY = today().replace(day=1) - timedelta(days=1)
PERIOD = f"{LAST_DAY:%Y-%m}"
SOURCE = {"system": "izin", "file_hash": "ab" * 32, "row": 1}


async def seal(activity: Activity, period: str = PERIOD) -> httpx.Response:
    return await activity.call("POST", f"/periods/{period}/seal", HADI, "hr")


async def log(activity: Activity, who: UUID = SITI, day: date = LAST_DAY) -> UUID:
    return await activity.log(who, day=day.isoformat())


async def verify(activity: Activity, entry: UUID) -> httpx.Response:
    return await activity.call("POST", f"/entries/{entry}/verify", RINA, json={"version": 1})


async def time_is_over(activity: Activity) -> None:
    """The last day to verify was yesterday."""
    async with activity.worker.transaction() as conn:
        await conn.exec_driver_sql("UPDATE activity_period SET verifiable_until = $1", (today(-1),))


def digest(*entries: tuple[UUID, int]) -> str:
    """As the contract says it, computed with integers."""
    total = 0
    for entry, version in entries:
        total ^= int.from_bytes(sha256(f"{entry}:{version}".encode()).digest()[:8])
    return f"{total:016x}"


async def test_a_period_without_waiting_entries_is_sealed_at_once_and_told_with_its_digests(activity: Activity) -> None:
    first, second, gone = await log(activity), await log(activity), await log(activity)
    await verify(activity, first)
    await activity.call("POST", f"/entries/{second}/verify", RINA, json={"version": 1})
    await activity.call("POST", f"/entries/{gone}/withdraw", SITI)
    await activity.log(SITI)  # of another period
    answer = await seal(activity)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["employees"], body["entries"], body["lapsed"]) == ("sealed", 1, 2, 0)
    [message] = await activity.told("%period.sealed%")
    assert message["data"] == {
        "period": PERIOD,
        "part": 1,
        "parts": 1,
        "sealed_by": str(HADI),
        "employees": {str(SITI): {"entries": 2, "digest": digest((first, 2), (second, 2))}},
    }
    again = await seal(activity)
    assert (again.status_code, again.json()) == (200, body)
    assert len(await activity.told("%period.sealed%")) == 1


async def test_from_the_call_on_nothing_comes_in_but_superiors_may_still_decide(activity: Activity) -> None:
    waiting, other, verified = await log(activity), await log(activity), await log(activity)
    await verify(activity, verified)
    answer = await seal(activity)
    until = working_days_after(today(), 3, frozenset())
    assert (answer.status_code, answer.json()["status"]) == (202, "sealing")
    assert answer.json()["verifiable_until"] == until.isoformat()

    body = {"day": LAST_DAY.isoformat(), "quantity": 5}
    refused = [
        await activity.call("PUT", f"/entries/{fresh_id()}", SITI, json=body),
        await activity.call("POST", f"/entries/{waiting}/amend", SITI, json=body),
        await activity.call("POST", f"/entries/{waiting}/amend", SITI, json=body | {"day": today().isoformat()}),
        await activity.call("POST", f"/entries/{verified}/withdraw", SITI),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(409, "period-closed")] * 4
    repeat = await activity.call("PUT", f"/entries/{waiting}", SITI, json=body | {"quantity": 1})
    assert (repeat.status_code, repeat.json()["status"]) == (200, "waiting")

    await sealing.advance_all(activity.worker)
    assert await activity.told("%period.sealed%") == []
    assert (await verify(activity, waiting)).json()["status"] == "verified"
    returned = await activity.call("POST", f"/entries/{other}/return", RINA, json={"version": 1, "text": "Kurang"})
    assert returned.json()["status"] == "returned"
    await sealing.advance_all(activity.worker)
    [message] = await activity.told("%period.sealed%")
    assert message["data"]["employees"][str(SITI)] == {
        "entries": 3,
        "digest": digest((waiting, 2), (other, 2), (verified, 2)),
    }


async def test_what_nobody_decided_in_time_lapses_and_names_the_superior_of_its_date(
    activity: Activity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "LAPSE_AT_ONCE", 1)
    siti, budi = await log(activity), await log(activity, BUDI)
    await seal(activity)
    await activity.hear(assignment("siti", SITI, COUNTER, known("officer"), LEO, version=2, valid_from=today()))
    await time_is_over(activity)
    late = await verify(activity, budi)
    assert (late.status_code, late.json()["code"]) == (409, "period-closed")
    await asyncio.gather(sealing.advance_all(activity.worker), sealing.advance_all(activity.worker))
    lapsed = {message["data"]["entry"]: message["data"]["lapsed_by"] for message in await activity.told("%lapsed%")}
    assert lapsed == {str(siti): None, str(budi): str(RINA)}
    [message] = await activity.told("%period.sealed%")
    assert message["data"]["employees"] == {
        str(SITI): {"entries": 1, "digest": digest((siti, 2))},
        str(BUDI): {"entries": 1, "digest": digest((budi, 2))},
    }
    listed = (await activity.call("GET", "/periods", SITI)).json()["items"]
    assert [(item["period"], item["status"], item["lapsed"]) for item in listed] == [(PERIOD, "sealed", 2)]
    for action in ("verify", "return", "withdraw-verification"):
        answer = await activity.call("POST", f"/entries/{budi}/{action}", RINA, json={"version": 2, "text": "x"})
        assert (answer.status_code, answer.json()["code"]) == (409, "period-closed")


async def test_without_grace_everything_ends_in_the_call(activity: Activity) -> None:
    await activity.hear(instansi(version=2, verification_grace_working_days=0))
    await log(activity)
    answer = await seal(activity)
    assert (answer.status_code, answer.json()["status"], answer.json()["lapsed"]) == (200, "sealed", 1)


async def test_what_is_imported_into_a_closed_period_is_told_anew(activity: Activity) -> None:
    await seal(activity)
    entry = fresh_id()
    item = {"id": str(entry), "employee": str(SITI), "day": LAST_DAY.isoformat(), "quantity": 2, "source": SOURCE}
    answer = await activity.call("POST", "/imports/entries", None, "system", json={"items": [item]})
    assert answer.json()["results"] == [{"id": str(entry), "status": 201, "version": 1}]
    assert await sealing.prove_seals(activity.worker, None) == []
    await sealing.advance_all(activity.worker)
    first, second = await activity.told("%period.sealed%")
    assert first["data"]["employees"] == {}
    assert (second["subject"], second["sourceversion"]) == (first["subject"], 2)
    assert second["data"]["employees"] == {str(SITI): {"entries": 1, "digest": digest((entry, 1))}}
    await sealing.advance_all(activity.worker)
    assert len(await activity.told("%period.sealed%")) == 2
    assert await sealing.prove_seals(activity.worker, "medan") == []
    async with activity.worker.transaction() as conn:
        await conn.exec_driver_sql("UPDATE entry SET version = 2")
    assert len(await sealing.prove_seals(activity.worker, "medan")) == 1


async def test_after_a_change_of_kind_an_old_period_can_be_closed_and_takes_nothing_more(activity: Activity) -> None:
    await log(activity)
    await activity.hear(instansi(version=2, period_kind="quarter", verification_grace_working_days=0))
    empty = await seal(activity, "2024-03")
    assert (empty.status_code, empty.json()["code"]) == (422, "invalid-input")
    assert (await seal(activity)).json()["status"] == "sealed"
    body, noon = {"day": LAST_DAY.isoformat(), "quantity": 1}, f"{LAST_DAY}T12:00:00+07:00"
    late = await activity.call("PUT", f"/entries/{fresh_id()}", SITI, json=body)
    assert (late.status_code, late.json()["code"]) == (409, "period-closed")
    record = {"id": str(fresh_id()), "product": "izin", "officer": str(SITI), "started": noon, "completed": noon}
    survey = {"id": str(fresh_id()), "unit": str(COUNTER), "given_at": noon, "scores": [3] * 9}
    for method, path, item in (("PUT", "/service-records", record), ("POST", "/surveys", survey)):
        [result] = (await activity.call(method, path, None, "system", json={"items": [item]})).json()["results"]
        assert result["code"] == "period-closed", path
    taken = body | {"id": str(fresh_id()), "employee": str(SITI), "source": SOURCE}
    await activity.call("POST", "/imports/entries", None, "system", json={"items": [taken]})
    [imported] = await activity.told("%entry.imported%")
    assert imported["data"]["period"] == PERIOD


async def test_while_superiors_may_still_decide_nobody_waits_for_the_sealing(activity: Activity) -> None:
    await log(activity)
    await seal(activity)
    async with activity.api.transaction("medan") as conn:
        await gate.open_desk(conn, "medan", datetime.now(UTC))
        async with asyncio.timeout(5):  # does not ask for the lock that this command holds
            await sealing.advance_all(activity.worker)
    assert await activity.told("%period.sealed%") == []


async def test_no_entry_slips_in_while_a_period_is_sealed(activity: Activity) -> None:
    entries = [fresh_id() for _ in range(24)]
    body = {"day": LAST_DAY.isoformat(), "quantity": 1}

    async def put(entry: UUID, delay: float) -> Any:
        await asyncio.sleep(delay)
        return await activity.call("PUT", f"/entries/{entry}", SITI, json=body)

    async def close() -> httpx.Response:
        await asyncio.sleep(0.05)
        return await seal(activity)

    await activity.hear(instansi(version=2, verification_grace_working_days=0))
    *logged, sealed = await asyncio.gather(*(put(entry, 0.005 * n) for n, entry in enumerate(entries)), close())
    accepted = [entry for entry, answer in zip(entries, logged, strict=True) if answer.status_code == 201]
    assert {answer.json()["code"] for answer in logged if answer.status_code != 201} <= {"period-closed"}
    assert (sealed.json()["entries"], sealed.json()["lapsed"]) == (len(accepted), len(accepted))
    [message] = await activity.told("%period.sealed%")
    people = message["data"]["employees"]
    assert people == (
        {str(SITI): {"entries": len(accepted), "digest": digest(*((e, 2) for e in accepted))}} if accepted else {}
    )


async def test_sealing_waits_for_an_entry_that_is_under_way(activity: Activity) -> None:
    await activity.hear(instansi(version=2, verification_grace_working_days=0))
    context = Context(instansi="medan", actor=SITI, role="staff", now=datetime.now(UTC), correlation_id="slow")
    entry = LoggedEntry(id=fresh_id(), day=LAST_DAY, quantity=Decimal(1))
    async with activity.api.transaction("medan") as conn:
        await intake.log(conn, [intake.Claim(context, SITI, entry)])
        under_way = asyncio.create_task(seal(activity))
        await asyncio.sleep(0.5)
        assert not under_way.done()
    assert (await under_way).json()["entries"] == 1


async def test_the_digests_of_many_people_are_told_in_parts(
    activity: Activity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "PART", 2)
    for who in (SITI, BUDI, RINA):
        await log(activity, who)
    await activity.hear(instansi(version=2, verification_grace_working_days=0))
    await seal(activity)
    told = await activity.told("%period.sealed%")
    parts = sorted((m["data"]["part"], m["data"]["parts"], len(m["data"]["employees"])) for m in told)
    assert parts == [(1, 2, 2), (2, 2, 1)]
    assert len({m["subject"] for m in told}) == 2


async def test_only_hr_closes_and_only_a_period_that_is_over(activity: Activity) -> None:
    for who, role in ((SITI, "staff"), (RINA, "leader"), (None, "system"), (LEO, "auditor")):
        answer = await activity.call("POST", f"/periods/{PERIOD}/seal", who, role)
        assert (answer.status_code, answer.json()["code"]) == (403, "role-required")
    running = await seal(activity, f"{today():%Y-%m}")
    assert (running.status_code, running.json()["code"]) == (409, "period-not-over")
    for wrong in ("2026-13", "maret", "2025-Q1", "2019-12"):
        answer = await seal(activity, wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")
    assert await activity.rows("SELECT period FROM activity_period") == []
