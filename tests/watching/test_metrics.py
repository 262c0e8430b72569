"""What every process of the running system tells of itself, after people worked with it."""

import re

from cli.measured import Look
from deploy.services import load, service_names
from shared.runtime import VERSION
from tests.shared.observability.test_metrics import promised
from tests.watching.day import CODE, Day

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|\d{6,}")


def _looks(day: Day) -> dict[str, Look]:
    return {name: Look(day.town.http.get(f"{url}/metrics").text) for name, url in day.town.urls.items()}


def test_names_are_those_of_the_page_and_no_label_names_a_person_record_or_agency(day: Day) -> None:
    known = promised()
    people = [*day.agency.people.values(), CODE]
    for look in _looks(day).values():
        for name, samples in look.samples.items():
            if not name.startswith("kinerja_") or name.endswith("_created"):
                continue
            family = name if name in known else re.sub(r"_(bucket|sum|count)$", "", name)
            assert family in known
            for labels, _ in samples:
                assert set(labels) - {"le"} == known[family][1]
                assert not [value for value in labels.values() if _ID.search(value) or value in people]


def test_every_metric_of_the_page_has_a_value_somewhere(day: Day) -> None:
    told = {name for look in _looks(day).values() for name, samples in look.samples.items() if samples}
    missing = {name for name in promised() if not {name, f"{name}_count"} & told}
    assert missing == {"kinerja_webhooks_total"}  # nobody asked for any


def test_the_work_that_was_done_is_in_the_figures(day: Day) -> None:
    looks = _looks(day)
    assert set(looks) == set(service_names())
    assert {look.by("kinerja_build_info", "version")[VERSION] for look in looks.values()} == {1}
    activity, appraisal = looks["activity"], looks["appraisal"]
    # One entry was logged to be ready, another logged, verified, amended and verified again.
    assert activity.by("kinerja_commands_total", "outcome")["recorded"] == 5
    verify = "/api/v1/{instansi}/entries/{entry}/verify"
    answered = [v for labels, v in activity.samples["kinerja_http_seconds_count"] if labels["route"] == verify]
    assert answered == [2]
    assert activity.by("kinerja_relay_published_total", "")[""] == 5
    # At least: what is slow may be delivered twice.
    assert appraisal.by("kinerja_batch_size_sum", "durable")["appraisal--activity--entries"] >= 5
    assert looks["notification"].by("kinerja_mails_total", "outcome")["sent"] >= 1
    for name, look in looks.items():
        assert look.by("kinerja_relay_leader", "")[""] == 1
        assert look.by("kinerja_problems", "")[""] == 0
        assert set(look.by("kinerja_consumer_lag", "durable")) == {s.durable for s in load(name).subscriptions}
