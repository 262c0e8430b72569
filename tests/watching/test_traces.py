"""Spans as a collector gets them from the running system."""

import re
from typing import Any

from tests.watching.collector import Seen
from tests.watching.day import CLIENT, CODE, CORRELATION, NAMES, TRACE, UNSAMPLED, Day

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def test_one_trace_leads_from_the_entry_to_the_mail(day: Day) -> None:
    spans = {span.id: span for span in day.collector.of(TRACE)}
    way: list[Seen] = [span for span in spans.values() if span.name == "mail"][:1]
    while way[-1].parent != CLIENT:
        way.append(spans[way[-1].parent])
    assert [(span.service, span.name) for span in way] == [
        ("notification", "mail"),
        ("notification", "react notification--appraisal--notices"),
        ("appraisal", "publish APPRAISAL"),
        ("appraisal", "react appraisal--activity--entries"),
        ("activity", "publish ACTIVITY"),
        ("activity", "POST /api/v1/{instansi}/entries/{entry}/verify"),
    ]
    assert way[0].attributes == {"template": "score.below"}
    assert not any(span.failed for span in way)


def test_requests_and_their_commands_are_spans_of_that_trace_too(day: Day) -> None:
    spans = day.collector.of(TRACE)
    requests = {span.id: span.name for span in spans if span.parent == CLIENT}
    assert sorted(requests.values()) == [
        "POST /api/v1/{instansi}/entries/{entry}/amend",
        "POST /api/v1/{instansi}/entries/{entry}/verify",
        "POST /api/v1/{instansi}/entries/{entry}/verify",
        "PUT /api/v1/{instansi}/entries/{entry}",
    ]
    commands = sorted(requests[span.parent] for span in spans if span.name == "command entry")
    assert commands == sorted(requests.values())
    heard = {span.name for span in spans if span.name.startswith("react")}
    assert {"react appraisal--activity--entries", "react notification--activity--waiting"} <= heard


def test_what_its_caller_does_not_sample_is_not_recorded_anywhere(day: Day) -> None:
    assert day.collector.of(UNSAMPLED) == []
    kept = day.town.sql("activity", "SELECT meta->>'traceparent' FROM events WHERE instansi = $1", CODE)
    assert f"00-{UNSAMPLED}-{CLIENT}-00" in {row[0] for row in kept}


def test_a_request_without_a_trace_begins_one(day: Day) -> None:
    own = [
        s for s in day.collector.spans if s.name == "PUT /api/v1/{instansi}/plans/{employee}/{year}" and not s.parent
    ]
    assert own
    assert all(
        {"publish DIRECTORY", "publish APPRAISAL"} & {s.name for s in day.collector.of(each.trace)} for each in own[-1:]
    )


def test_no_span_says_who(day: Day) -> None:
    told: list[Any] = [text for s in day.collector.spans for text in (s.name, *s.attributes.values())]
    words = " ".join(map(str, told))
    assert not _UUID.search(words)
    for name, nip in NAMES.values():
        assert nip not in words
        assert name not in words


def test_log_lines_name_the_trace_and_the_correlation(day: Day) -> None:
    asked = [line for line in day.town.log("activity") if line.get("trace_id") == TRACE]
    assert [line["status"] for line in asked if line["event"] == "request"] == [201, 200, 200, 200]
    assert {line["correlation_id"] for line in asked} == {CORRELATION}
    for service in ("appraisal", "notification"):
        batches = [line for line in day.town.log(service) if TRACE in line.get("trace_ids", ())]
        assert batches
        assert all(CORRELATION in line["correlation_ids"] for line in batches)
