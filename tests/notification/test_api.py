"""The notification service over HTTP: one's own notices only, in one's own language."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts import training
from tests.notification import world
from tests.notification.conftest import Notification
from tests.notification.world import BUDI, HADI, RINA, SITI, development_plan, known, score


async def items(service: Notification, who: UUID, query: str = "", **more: Any) -> list[dict[str, Any]]:
    """One page of somebody's notices."""
    answer = await service.call("GET", f"/notices{query}", who, **more)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def unread(service: Notification, who: UUID) -> int:
    """The number a badge shows."""
    answer = await service.call("GET", "/notices/unread-count", who)
    assert answer.status_code == 200
    return int(answer.json()["unread"])


async def test_everybody_sees_their_own_notices_the_newest_first(service: Notification) -> None:
    await service.hear(score("below", band_changes=2))
    await service.hear(development_plan())
    first, second = await items(service, SITI)
    assert (first["template"], second["template"]) == ("development-plan.proposed", "score.below")
    assert second["subject"] == "Capaian sementara Maret 2026 di bawah ekspektasi"
    assert "58,33%" in second["text"]
    assert second["params"]["percent"] == "58.333333"
    assert second["read_at"] is None
    [to_rina] = await items(service, RINA)
    assert to_rina["params"]["employee"] == str(SITI)
    assert "seorang anggota tim Anda" in to_rina["text"]
    assert await items(service, BUDI) == []


async def test_pages_follow_each_other_without_gap_or_repeat(service: Notification) -> None:
    for n in range(7):
        plan = development_plan().data.model_copy(update={"development_plan": known(f"p{n}")})
        await service.hear(world.received(plan, known(f"p{n}")))
    seen, query = [], "?limit=3"
    for _ in range(3):
        answer = (await service.call("GET", f"/notices{query}", SITI)).json()
        seen += [item["id"] for item in answer["items"]]
        query = f"?limit=3&cursor={answer['next']}"
    assert answer["next"] is None
    assert len(seen) == len(set(seen)) == 7
    times = [item["created_at"] for item in await items(service, SITI, "?limit=200")]
    assert times == sorted(times, reverse=True)


async def test_reading_one_marks_it_and_again_changes_nothing(service: Notification) -> None:
    await service.hear(score("below", band_changes=2), development_plan())
    [notice, other] = await items(service, SITI)
    assert await unread(service, SITI) == 2
    first = await service.call("POST", f"/notices/{notice['id']}/read", SITI)
    again = await service.call("POST", f"/notices/{notice['id']}/read", SITI)
    assert (first.status_code, first.json()) == (200, again.json())
    assert await unread(service, SITI) == 1
    assert [item["id"] for item in await items(service, SITI, "?unread=true")] == [other["id"]]


async def test_somebody_elses_notice_is_not_found_nor_marked(service: Notification) -> None:
    await service.hear(development_plan())
    [mine], [hers] = await items(service, SITI), await items(service, RINA)
    answer = await service.call("POST", f"/notices/{hers['id']}/read", SITI)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    many = await service.call("POST", "/notices/read", SITI, json={"ids": [hers["id"], mine["id"]]})
    assert many.json() == {"read": 1, "unknown": [hers["id"]]}
    assert (await unread(service, SITI), await unread(service, RINA)) == (0, 1)


async def test_the_mail_copy_is_no_notice_of_the_inbox(service: Notification) -> None:
    await service.hear(score("below", band_changes=2))
    [row] = await service.rows("SELECT id FROM notice WHERE channel = 'mail'")
    assert (await service.call("POST", f"/notices/{row[0]}/read", SITI)).status_code == 404


async def test_all_can_be_read_at_once(service: Notification) -> None:
    await service.hear(score("below", band_changes=2), development_plan())
    answer = await service.call("POST", "/notices/read", SITI, json={"all": True})
    assert answer.json() == {"read": 2, "unknown": []}
    assert (await unread(service, SITI), await unread(service, RINA)) == (0, 1)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": []},
        {"ids": ["x"]},
        {"all": False},
        {"all": True, "ids": [str(known("x"))]},
        {"all": True, "x": 1},
        [],
    ],
)
async def test_a_body_that_says_neither_or_both_is_refused(service: Notification, body: Any) -> None:
    answer = await service.call("POST", "/notices/read", SITI, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")


async def test_more_than_five_hundred_ids_are_refused(service: Notification) -> None:
    body = {"ids": [str(UUID(int=n)) for n in range(501)]}
    answer = await service.call("POST", "/notices/read", SITI, json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "ids")


@pytest.mark.parametrize(
    ("chosen", "header", "begins"),
    [
        ("id", "", "Rencana pengembangan"),
        ("en", "", "A development plan"),
        ("en", "fr", "A development plan"),
        ("en", "id", "Rencana pengembangan"),
        ("id", "en-GB,en;q=0.9", "A development plan"),
        ("id", "en;q=0.1, id;q=0.9", "Rencana pengembangan"),
    ],
)
async def test_the_header_decides_the_language_and_without_it_the_preference(
    service: Notification, chosen: str, header: str, begins: str
) -> None:
    await service.call("PUT", "/preferences", SITI, json={"language": chosen})
    await service.hear(development_plan())
    [notice] = await items(service, SITI, language=header)
    assert notice["subject"].startswith(begins)


async def test_preferences_begin_with_defaults_and_are_replaced_whole(service: Notification) -> None:
    assert (await service.call("GET", "/preferences", SITI)).json() == {
        "language": "id",
        "mail": True,
        "quiet_hours": None,
    }
    chosen = {"language": "en", "mail": False, "quiet_hours": {"from": "21:00:00", "to": "06:00:00"}}
    assert (await service.call("PUT", "/preferences", SITI, json=chosen)).json() == chosen
    assert (await service.call("GET", "/preferences", SITI)).json() == chosen
    assert (await service.call("GET", "/preferences", BUDI)).json()["language"] == "id"
    await service.call("PUT", "/preferences", SITI, json={"language": "en"})
    assert (await service.call("GET", "/preferences", SITI)).json()["quiet_hours"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"language": "fr"},
        {"mail": "maybe"},
        {"quiet_hours": {"from": "21:00"}},
        {"quiet_hours": {"from": "21:00", "to": "21:00"}},
        {"quiet_hours": {"from": "21:00+07:00", "to": "06:00"}},
        {"quiet_hours": {"from": "25:00", "to": "06:00"}},
        {"colour": "red"},
    ],
)
async def test_preferences_that_make_no_sense_are_refused_and_leave_no_trace(
    service: Notification, body: dict[str, Any]
) -> None:
    answer = await service.call("PUT", "/preferences", SITI, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")
    assert await service.rows("SELECT 1 FROM preference") == []


async def test_settings_are_for_hr_and_name_active_employees_only(service: Notification) -> None:
    body = {"notify_imports": True, "hr_contacts": [str(HADI), str(RINA)]}
    for roles in (("staff",), ("leader",), ("auditor",)):
        for method in ("GET", "PUT"):
            answer = await service.call(method, "/settings", HADI, *roles, json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "role-required")
    answer = await service.call("PUT", "/settings", HADI, "hr", json=body)
    assert answer.status_code == 200
    assert set(answer.json()["hr_contacts"]) == {str(HADI), str(RINA)}
    answer = await service.call("PUT", "/settings", HADI, "hr", json={"hr_contacts": [str(known("stranger"))]})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-employee")
    assert answer.json()["unknown"] == [str(known("stranger"))]
    answer = await service.call("PUT", "/settings", HADI, "hr", json={"hr_contacts": [str(HADI)]})
    assert answer.json() == {"notify_imports": False, "hr_contacts": [str(HADI)]}
    assert (await service.call("GET", "/settings", HADI, "hr")).json() == answer.json()


async def test_statistics_count_notices_mails_and_what_is_owed(service: Notification) -> None:
    await service.hear(development_plan(), score("above", band_changes=2))
    await service.hear(development_plan(training.DevelopmentPlanApproved, who=known("stranger")))
    answer = await service.call("GET", "/statistics", HADI, "auditor")
    assert answer.json() == {"notices": 3, "mails": {"waiting": 2}, "owed": {"told": 3, "open": 1}}
    assert (await service.call("GET", "/statistics", SITI)).status_code == 403


async def test_another_instansi_sees_nothing(service: Notification) -> None:
    await service.hear(development_plan())
    [notice] = await items(service, SITI)
    assert await items(service, SITI, instansi="jambi") == []
    answer = await service.call("POST", f"/notices/{notice['id']}/read", SITI, instansi="jambi")
    assert answer.status_code == 404
    assert (await service.call("GET", "/statistics", None, "system", instansi="jambi")).json()["notices"] == 0


@pytest.mark.parametrize("path", ["/notices", "/notices/unread-count", "/preferences"])
async def test_a_system_has_no_notices_of_its_own(service: Notification, path: str) -> None:
    answer = await service.call("GET", path, None, "system")
    assert (answer.status_code, answer.json()["code"]) == (403, "employee-required")


async def test_a_cursor_of_another_make_is_refused(service: Notification) -> None:
    answer = await service.call("GET", "/notices?cursor=abc", SITI)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed-cursor")
