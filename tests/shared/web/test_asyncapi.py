"""The AsyncAPI document: everything told and heard is in it, and every reference leads somewhere."""

import json
import re

from shared.contracts import appraisal
from shared.contracts.activity import EntryVerified
from shared.messaging.streams import Subscription
from shared.web.asyncapi import document


async def _nothing(*_: object) -> None:
    return None


def test_every_message_has_its_channel_and_every_reference_its_target() -> None:
    heard = Subscription(durable="appraisal--activity--facts", messages=(EntryVerified,), handle=_nothing)
    made = document("appraisal", "Appraisal", "1", [appraisal.GapFound, appraisal.ScoreChanged], [heard])
    assert made["channels"]["id.go.kinerja.activity.entry.verified.v1"]["address"] == (
        "kinerja.{instansi}.activity.entry.verified.v1"
    )
    assert {operation["action"] for operation in made["operations"].values()} == {"send", "receive"}
    text = json.dumps(made)
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', text):
        place = made
        for part in reference.split("/"):
            place = place[part]
    assert "GapCause" in made["components"]["schemas"]
