"""From a logged entry to a verified one: recorded, readable and told."""

from shared.ids import fresh_id
from tests.activity.conftest import Activity
from tests.activity.people import EXAMINATIONS, RINA, SITI, today


async def test_an_entry_is_logged_by_its_author_and_verified_by_the_superior(activity: Activity) -> None:
    entry, day = fresh_id(), today()
    body = {"day": day.isoformat(), "indicator": str(EXAMINATIONS), "quantity": "12.5", "description": "Posyandu"}
    logged = await activity.call("PUT", f"/entries/{entry}", SITI, json=body)
    assert (logged.status_code, logged.headers["etag"]) == (201, '"1"')
    again = await activity.call("PUT", f"/entries/{entry}", SITI, json=body)
    assert (again.status_code, again.json()) == (200, logged.json())
    verified = await activity.call("POST", f"/entries/{entry}/verify", RINA, json={"version": 1})
    assert (verified.status_code, verified.json()["status"], verified.json()["version"]) == (200, "verified", 2)

    first, second = await activity.told()
    assert first["type"] == "id.go.kinerja.activity.entry.logged.v1"
    assert second["type"] == "id.go.kinerja.activity.entry.verified.v1"
    assert (second["subject"], second["sourceversion"]) == (str(entry), 2)
    assert second["data"] == {
        "entry": str(entry),
        "employee": str(SITI),
        "day": day.isoformat(),
        "period": f"{day:%Y-%m}",
        "indicator": str(EXAMINATIONS),
        "quantity": "12.5",
        "minutes": None,
        "activity": None,
        "status": "verified",
        "verdict": "meets",
        "verified_by": str(RINA),
        "late": False,
        "unit": None,
        "lapsed_by": None,
    }
    assert "Posyandu" not in str(await activity.rows("SELECT data, meta FROM events")) + str([first, second])
    assert [tuple(row) for row in await activity.rows("SELECT id, version, status FROM entry")] == [
        (entry, 2, "verified")
    ]
