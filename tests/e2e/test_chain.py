"""From a logged entry to a closed gap through five services, over public HTTP and the road; and again after the road is lost."""

import json
from collections import Counter
from decimal import Decimal
from email.message import EmailMessage
from typing import Any

import pytest
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from deploy.services import load, service_names
from tests.e2e.story import CODE, COMPETENCY, CORRELATION, NAMES, WORDS, Story, mail_of
from tests.e2e.town import Town, entry, until

#: Who is told of what because of the story, and nothing else; what is imported is told to nobody.
TOLD = {
    "rosma": [
        *("plan.proposed", "plan.agreed", "entry.returned", "rating.set", "review.closed"),
        *("gap.found.threshold", "development-plan.proposed", "development-plan.approved", "enrolment.enrolled"),
        *("enrolment.completed", "competency.confirmed"),
    ],
    "kepala": [
        *("plan.agreed.superior", "entry.lapsed.superior", "review.closed.unrated", "gap.found.threshold.superior"),
        *("development-plan.proposed.superior", "enrolment.completed.superior"),
    ],
    "toga": ["entry.lapsed", "review.closed.unrated"],
    "parlin": ["development-plan.approved", "enrolment.enrolled", "review.closed.unrated"],
    "hana": ["review.closed.unrated", "period.closed"],
    "sekda": ["review.closed.unrated"],
    "ketua": ["review.closed.unrated"],
    "audi": ["review.closed.unrated"],
}
#: Every type the story must leave in the feed.
TYPES = {
    *("directory.instansi.changed", "directory.unit.changed", "directory.position.changed"),
    *("directory.employee.changed", "directory.assignment.changed"),
    *("activity.entry.logged", "activity.entry.returned", "activity.entry.amended", "activity.entry.verified"),
    *("activity.entry.lapsed", "activity.period.sealed", "appraisal.plan.proposed", "appraisal.plan.agreed"),
    *("appraisal.score.changed", "appraisal.rating.set", "appraisal.review.closed", "appraisal.period.closed"),
    *("appraisal.gap.found", "appraisal.gap.closed", "training.development-plan.proposed"),
    *("training.development-plan.approved", "training.development-plan.amended", "training.enrolment.enrolled"),
    *("training.enrolment.completed", "training.competency.confirmed"),
}
MONTHS = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
]


@pytest.fixture(scope="module")
def feed(town: Town, story: Story) -> list[dict[str, Any]]:
    return town.feed(story.agency.code)


def the(feed: list[dict[str, Any]], kind: str, **data: Any) -> dict[str, Any]:
    """The one message of this type whose data have these values, however often it was sent."""
    full = f"id.go.kinerja.{kind}.v1"
    told = (m for m in feed if m["type"] == full and all(m["data"].get(key) == data[key] for key in data))
    [found] = {message["id"]: message for message in told}.values()
    return found


def test_the_score_says_what_it_is_made_of(story: Story) -> None:
    review = story.score
    assert (review["percent"], review["recommendation"], review["measured"]) == ("60", "below", 1)
    assert (review["rule"], review["rule_version"]) == ("policy.recommended-rating", "1+policy.1")
    [indicator] = review["indicators"]
    assert (indicator["realisation"], indicator["target"]) == ("12", {"kind": "number", "value": "20"})
    assert Decimal(indicator["percent"]) == Decimal(5 + 4 + 3) / 20 * 100
    assert sorted(indicator["entries"]["verified"]["entries"]) == sorted(story.entries)
    assert indicator["formula_text"] == "realisasi / target × 100 %"
    assert indicator["legal_source"].startswith("PermenPANRB 8/2021")
    assert (indicator["rule"], indicator["rule_version"]) == ("permenpanrb-8-2021.capaian-iki", "1")
    assert "setengah ke atas" in indicator["rounding"]
    rating = review["rating"]
    assert (rating["predicate_label"], rating["recommended"]) == ("Butuh Perbaikan", "below")


def test_the_closed_period_opened_a_gap_with_its_cause_and_only_the_superior_closed_it(story: Story) -> None:
    [cause] = story.gap["causes"]
    assert (cause["kind"], cause["period"], cause["percent"]) == ("below_threshold", story.period, "60")
    assert cause["indicator"] == story.indicator
    ask = story.agency.do
    review = ask("rosma", "appraisal", "GET", f"/reviews/{story.hers['employee']}/{story.period}")
    assert (review["state"], review["provisional"], review["percent"]) == ("closed", False, "60")
    closed = ask("hana", "appraisal", "GET", f"/periods/{story.period}")
    counts = {key: closed[key] for key in ("expected", "rated", "not_rated", "not_measured")}
    assert counts == {"expected": 8, "rated": 1, "not_rated": 7, "not_measured": 7}
    needs = ask("rosma", "training", "GET", "/needs?open=false")["items"]
    assert [(need["competency"], need["open"]) for need in needs] == [(COMPETENCY, False)]
    seat = ask("rosma", "training", "GET", f"/enrolments/{story.hers['enrolment']}")
    assert (seat["status"], seat["levels"]) == ("confirmed", {COMPETENCY: 3})
    profile = ask("rosma", "appraisal", "GET", f"/competencies/{story.hers['employee']}")
    assert [(level["level"], level["origin"]) for level in profile["levels"]] == [(3, "confirmed")]


def notices(story: Story) -> dict[str, list[str]]:
    """The templates of everybody's notices but the daily summary, which depends on the hour."""
    found = {}
    for who in NAMES:
        items = story.agency.do(who, "notification", "GET", "/notices?limit=100")["items"]
        found[who] = sorted(item["template"] for item in items if item["template"] != "summary.daily")
    return found


def mails(town: Town) -> list[EmailMessage]:
    """The story's mails but the daily summary."""
    ours = [mail for mail in town.mails() if str(mail["To"]).endswith("@rantai.example>")]
    return [mail for mail in ours if "menunggu verifikasi" not in str(mail["Subject"])]


def test_everybody_concerned_is_told_once_and_nobody_else(town: Town, story: Story) -> None:
    assert notices(story) == {who: sorted(templates) for who, templates in TOLD.items()}
    sent = Counter(str(mail["X-Envelope-To"]) for mail in mails(town))
    assert sent == {str(mail_of(who)): len(TOLD[who]) for who in NAMES if mail_of(who)}
    assert len({str(mail["Message-ID"]) for mail in mails(town)}) == sum(sent.values())


def test_mails_say_in_indonesian_what_happened_and_what_to_do(town: Town, story: Story) -> None:
    year, month = story.agency.last_month.year, MONTHS[story.agency.last_month.number - 1]
    subjects = {(str(mail["X-Envelope-To"]), str(mail["Subject"])): mail.get_content() for mail in mails(town)}
    rated = subjects[str(mail_of("rosma")), f"Penilaian kinerja {month} {year}: Butuh Perbaikan"]
    assert rated.startswith("Yth. Bapak/Ibu Rosmalina Hutabarat,")
    assert "(PermenPANRB 6/2022), predikat Anda adalah Butuh Perbaikan" in rated
    waits = subjects[
        str(mail_of("kepala")), f"Rencana pengembangan {story.agency.today.year} menunggu persetujuan Anda"
    ]
    assert waits.startswith("Yth. Bapak/Ibu Dumasari Nainggolan,")
    assert "Rosmalina Hutabarat" in waits
    assert "setujui usulan itu, atau kembalikan dengan alasan" in waits
    assert (str(mail_of("toga")), f"Ada catatan kerja {month} {year} yang tidak terhitung") in subjects


def secrets() -> list[str]:
    """Every name, number, address and text of the story, and each longer word of a name."""
    people = [part for name, nip in NAMES.values() for part in (*name.split(), nip)]
    return [secret.lower() for secret in (*people, *WORDS, *(mail_of(who) or "rantai.example" for who in NAMES))]


def test_the_feed_tells_every_step_without_names_numbers_or_texts(feed: list[dict[str, Any]]) -> None:
    kinds = {message["type"].removeprefix("id.go.kinerja.").removesuffix(".v1") for message in feed}
    assert kinds >= TYPES
    assert {message["instansi"] for message in feed} == {CODE}
    whole = json.dumps(feed, ensure_ascii=False).lower()
    assert [secret for secret in secrets() if secret in whole] == []


def test_neither_logs_nor_events_hold_names_numbers_or_texts(town: Town, story: Story) -> None:
    town.system.fetch_logs()
    logs = "\n".join(path.read_text(errors="replace") for path in town.system.data.logs.glob("*.log")).lower()
    assert CORRELATION in logs
    assert [secret for secret in secrets() if secret in logs] == []
    for service in service_names():
        rows = town.sql(
            service, "SELECT data::text || meta::text FROM events UNION ALL SELECT content::text FROM published"
        )
        record = "\n".join(row[0] for row in rows).lower()
        assert [secret for secret in secrets() if secret in record] == [], service


def test_one_correlation_id_leads_from_the_request_to_the_score_and_through_the_logs(
    town: Town, story: Story, feed: list[dict[str, Any]]
) -> None:
    verified = the(feed, "activity.entry.verified", entry=story.entries[2])
    score = the(feed, "appraisal.score.changed", employee=story.hers["employee"], percent="60", state="open")
    assert verified["correlationid"] == score["correlationid"] == CORRELATION
    [request] = [line for line in town.log("activity") if line.get("correlation_id") == CORRELATION]
    assert (request["route"], request["status"]) == ("/api/v1/{instansi}/entries/{entry}/verify", 200)
    for service in ("appraisal", "notification"):
        assert any(CORRELATION in line.get("correlation_ids", ()) for line in town.log(service)), service


def test_each_reaction_names_the_message_that_caused_it(story: Story, feed: list[dict[str, Any]]) -> None:
    her = story.hers["employee"]
    pairs = [
        (the(feed, "activity.entry.verified", entry=story.entries[2]), "appraisal.score.changed", {"percent": "60"}),
        (the(feed, "appraisal.gap.found", employee=her), "training.development-plan.proposed", {}),
        (the(feed, "training.development-plan.approved", employee=her), "training.enrolment.enrolled", {}),
        (the(feed, "training.competency.confirmed", employee=her), "appraisal.gap.closed", {}),
        (the(feed, "appraisal.gap.closed", employee=her), "training.development-plan.amended", {}),
    ]
    for cause, kind, data in pairs:
        state = {"state": "open"} if data else {}
        effect = the(feed, kind, employee=her, **data, **state)
        assert effect["causationid"] == cause["id"], kind
        assert effect["correlationid"] == cause["correlationid"], kind


def test_the_record_is_proven(town: Town, story: Story) -> None:
    town.settle()
    lines = town.kinerja("prove", "--instansi", CODE).splitlines()
    assert lines == [f"{service}: as the record says" for service in service_names()]


async def _delete_streams(js: JetStreamContext) -> None:
    for service in service_names():
        await js.delete_stream(service.upper())


async def _laid(js: JetStreamContext) -> bool:
    """Whether every stream and durable is there again."""
    try:
        there = {name: await js.consumers_info(name.upper()) for name in service_names()}
    except NotFoundError:
        return False
    return sum(map(len, there.values())) == sum(len(load(name).subscriptions) for name in service_names())


def _kept(town: Town) -> dict[str, list[str]]:
    """What is kept of the agency, but for the moments at which pages last had news for somebody."""
    return {table: rows for table, rows in town.kept(CODE).items() if table != "portal.live_change"}


def _known_to_relays(town: Town) -> bool:
    """Whether every relay that has sent anything knows the stream that is there now."""

    async def made(js: JetStreamContext) -> dict[str, Any]:
        return {name: (await js.stream_info(name.upper())).created for name in service_names()}

    there = town.road(made)
    known = {name: town.sql(name, "SELECT created FROM relay_state") for name in service_names()}
    return all(row == (there[name],) for name, rows in known.items() for row in rows)


def ready(town: Town) -> set[str]:
    """The services that say they are ready."""
    return {service for service, url in town.urls.items() if town.http.get(f"{url}/readyz").is_success}


def test_losing_the_whole_road_in_the_middle_changes_nothing_that_anybody_reads(town: Town, story: Story) -> None:
    agency = story.agency
    town.settle()
    before, told, sent = _kept(town), notices(story), len(mails(town))

    town.road(_delete_streams)
    item = entry(agency.today, "7", description="Setelah jalan hilang")
    agency.do("parlin", "activity", "POST", "/entries/batch", {"items": [item]})
    agency.do("ketua", "activity", "POST", f"/entries/{item['id']}/verify", {"version": 1})
    town.system.lay_road()
    until(lambda: town.road(_laid))
    assert "messages sent" in town.kinerja("republish")
    until(lambda: ready(town) == set(service_names()))

    current = f"/reviews/{story.his['employee']}/{agency.today:%Y-%m}"
    until(lambda: agency.do("parlin", "appraisal", "GET", current)["without_indicator"].get("verified"))
    town.settle()
    after = _kept(town)
    assert notices(story) == told
    assert len(mails(town)) == sent
    changed = {table for table in before if set(before[table]) - set(after[table])}
    new = {table: [row for row in after[table] if row not in before[table]] for table in after}
    assert changed == set()
    assert {table for table, rows in new.items() if rows} == {
        *("activity.entry", "activity.events", "activity.texts", "activity.text_salts"),
        *("appraisal.heard_entry", "notification.heard_waiting", "portal.heard_entry"),
    }
    assert all(item["id"] in row for rows in new.values() for row in rows)
    # A relay with nothing to send looks at its stream every few seconds only; until then it knows the one that was deleted.
    until(lambda: _known_to_relays(town))
    town.kinerja("prove", "--instansi", CODE)
