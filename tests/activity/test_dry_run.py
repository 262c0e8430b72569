"""A dry run of an import answers as the import would, and leaves nothing."""

from typing import Any

import pytest

from shared.ids import fresh_id
from tests.activity.conftest import Activity
from tests.activity.people import SITI, known

SOURCE = {"system": "izin", "file_hash": "ab" * 32, "row": 12}
ENTRY = {"day": "2024-03-09", "quantity": 1, "description": "Menerima berkas"}
RECORD = {"product": "permit", "started": "2024-03-09T08:00:00+07:00"}


@pytest.mark.parametrize(
    ("path", "content", "person"),
    [("/imports/entries", ENTRY, "employee"), ("/imports/service-records", RECORD, "officer")],
)
async def test_a_dry_run_answers_like_the_import_and_leaves_nothing(
    activity: Activity, path: str, content: dict[str, Any], person: str
) -> None:
    def item(employee: object) -> dict[str, Any]:
        return {"id": str(fresh_id()), "source": SOURCE, person: str(employee), **content}

    body = {"items": [item(SITI), item(known("nobody"))]}

    async def answered(**params: str) -> list[Any]:
        answer = await activity.call("POST", path, None, "system", json=body, params=params)
        return [result.get("code", result["status"]) for result in answer.json()["results"]]

    assert await answered(dry_run="true") == [201, "unknown-employee"]
    for table in ("events", "outbox", "texts", "entry", "service_record"):
        assert await activity.rows(f"SELECT count(*) FROM {table}") == [(0,)]
    assert await answered() == [201, "unknown-employee"]
    assert await answered(dry_run="true") == [200, "unknown-employee"]
    assert await activity.rows("SELECT count(*) FROM events") == [(1,)]
