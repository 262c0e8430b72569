"""The whole service on real servers: a plan comes over the road, a logged entry leaves on it."""

import asyncio
from pathlib import Path

import httpx
import orjson

from deploy.embedded.nats import Nats
from deploy.provision import Database as Address
from services.activity.app import SERVICE
from shared.contracts.activity import EntryLogged, PeriodSealed
from shared.contracts.appraisal import PlanAgreed
from shared.eventstore.decider import Recorded
from shared.ids import fresh_id
from shared.messaging.envelope import encode
from shared.messaging.streams import apply, connect
from shared.runtime import build
from shared.web.settings import Settings
from tests.activity.conftest import Activity
from tests.activity.people import BUDI, HADI, known, plan, today

INDICATOR = known("indicator told over the road")


def document() -> bytes:
    told = plan(BUDI, INDICATOR)
    at = Recorded("medan", told.source, 1, told.occurred_at, told.recorded_at, {"correlation_id": "story"})
    return encode(told.data, at, epoch=1).encode()


async def test_a_plan_on_the_road_lets_an_entry_in_which_leaves_on_the_road(
    activity: Activity, activity_database: Address, nats_server: Nats, tmp_path: Path
) -> None:
    settings = Settings(
        environment="embedded",
        database_url_api=activity_database.url("api"),
        database_url_worker=activity_database.url("worker"),
        nats_url=nats_server.url,
        jwks=str(tmp_path / "jwks.json"),
    )
    client = await connect(nats_server.url)
    js = client.jetstream()
    await apply(js, ["directory", "appraisal", "activity"], SERVICE.subscriptions)
    logged = await client.subscribe(EntryLogged.subject("medan"))
    sealed = await client.subscribe(PeriodSealed.subject("medan"))
    entry = fresh_id()
    body = {"day": today().isoformat(), "quantity": 2, "indicator": str(INDICATOR)}
    app = build(SERVICE, settings)
    async with (
        asyncio.timeout(60),
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://activity") as http,
    ):
        path, headers = f"/api/v1/medan/entries/{entry}", activity.as_(BUDI)
        assert (await http.put(path, headers=headers, json=body)).json()["code"] == "unknown-indicator"
        await js.publish(PlanAgreed.subject("medan"), document())
        while (answer := await http.put(path, headers=headers, json=body)).status_code != 201:
            assert answer.json()["code"] == "unknown-indicator"
            await asyncio.sleep(0.05)
        told = orjson.loads((await logged.next_msg(timeout=20)).data)
        await http.post("/api/v1/medan/periods/2024-02/seal", headers=activity.as_(HADI, "hr"))
        seal = orjson.loads((await sealed.next_msg(timeout=20)).data)
    await client.close()
    assert (told["subject"], told["data"]["indicator"], told["data"]["quantity"]) == (str(entry), str(INDICATOR), "2")
    assert (seal["data"]["period"], seal["data"]["employees"]) == ("2024-02", {})
