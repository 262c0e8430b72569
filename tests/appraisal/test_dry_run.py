"""A dry run of an import answers as the import would, and leaves nothing."""

from typing import Any

import pytest

from tests.appraisal import world
from tests.appraisal.conftest import Ask, Http, Tell
from tests.appraisal.plan.test_api import body
from tests.appraisal.world import name

SOURCE = {"system": "ekinerja", "file_hash": "0" * 64}


@pytest.mark.parametrize(
    ("path", "content", "table"),
    [
        ("/imports/plans", {"year": 2026, **body()}, "plan"),
        (
            "/imports/competencies",
            {"competency": "komunikasi", "level": 2, "effective": "2026-03-09"},
            "competency_level",
        ),
    ],
)
async def test_a_dry_run_answers_like_the_import_and_leaves_nothing(
    http: Http, tell: Tell, ask: Ask, path: str, content: dict[str, Any], table: str
) -> None:
    await tell(world.instansi(), *world.person("sari", "officer"))
    items = [{"employee": str(name(who)), "source": SOURCE, **content} for who in ("sari", "stranger")]

    async def answered(query: str = "") -> list[Any]:
        answer = await http("sari", "POST", path + query, {"items": items}, "hr")
        return [result.get("code", result["status"]) for result in answer.json()["results"]]

    before = await ask("SELECT count(*) FROM outbox")
    assert await answered("?dry_run=true") == [201, "unknown-employee"]
    assert await ask(f"SELECT count(*) FROM {table}") == [(0,)]
    assert await ask("SELECT count(*) FROM texts") == [(0,)]
    assert await ask("SELECT count(*) FROM outbox") == before
    assert await answered() == [201, "unknown-employee"]
    assert await ask(f"SELECT count(*) FROM {table}") == [(1,)]
    assert await answered("?dry_run=true") == [200, "unknown-employee"]
