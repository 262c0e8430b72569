"""The whole service on real servers: a gap comes over the road, a proposed plan leaves on it."""

from pathlib import Path
from typing import Any

import orjson

from deploy.embedded.nats import Nats
from services.training.app import SERVICE
from shared.contracts.appraisal import GapFound
from shared.contracts.training import DevelopmentPlanProposed
from shared.eventstore.decider import Recorded
from shared.messaging.envelope import encode
from shared.messaging.streams import apply, connect
from shared.runtime import build
from shared.web.development import jwks_of
from shared.web.settings import Settings
from tests.training.world import MEDAN, gap, person


async def test_a_gap_on_the_road_becomes_a_proposed_plan_on_the_road(
    addresses: Any, nats_server: Nats, signing_key: bytes, tmp_path: Path
) -> None:
    keys = tmp_path / "jwks.json"
    keys.write_bytes(jwks_of(signing_key))
    settings = Settings(
        environment="embedded",
        database_url_api=addresses.url("api"),
        database_url_worker=addresses.url("worker"),
        nats_url=nats_server.url,
        jwks=str(keys),
    )
    client = await connect(nats_server.url)
    js = client.jetstream()
    await apply(js, ["directory", "appraisal", "training"], SERVICE.subscriptions)
    told = await client.subscribe(DevelopmentPlanProposed.subject(MEDAN))
    app = build(SERVICE, settings)
    async with app.router.lifespan_context(app):
        found = gap(person("Ani"), "komunikasi", 1)
        at = Recorded(MEDAN, found.source, 1, found.occurred_at, found.recorded_at, {"correlation_id": "story"})
        await js.publish(GapFound.subject(MEDAN), encode(found.data, at, epoch=1).encode())
        message = orjson.loads((await told.next_msg(timeout=20)).data)
    await client.close()
    assert (message["data"]["employee"], message["data"]["status"]) == (str(person("Ani")), "proposed")
    assert (message["correlationid"], message["causationid"]) == ("story", str(at.event_id))
    assert message["origin"] == "reaction"
