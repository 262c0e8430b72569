"""What people read: both languages say everything, and values are written as people write them."""

from datetime import UTC, date, datetime
from string import Template
from typing import Any, get_args
from uuid import UUID

import pytest

from services.notification.notice.catalogue import LANGUAGES, Language, as_mail, catalogue, render
from services.notification.notice.rules import ActivityFact, AppraisalFact, Owed, TrainingFact, owed, summary
from shared.contracts.feed import WebhookChanged
from tests.notification import facts
from tests.notification.world import BUDI, NAMES, RINA, SITI, development_plan


def every_notice() -> list[Owed]:
    """What is owed by one message of each type, and a summary."""
    messages = facts.one_of_each(datetime(2026, 3, 10, tzinfo=UTC))
    told = {type(message.data) for message in messages}
    assert told == {*get_args(ActivityFact), *get_args(AppraisalFact), *get_args(TrainingFact), WebhookChanged}
    notices = [notice for message in messages for notice in owed(message.event_id, message.data)]
    return [*notices, summary(RINA, date(2026, 3, 10), {SITI: (2, date(2026, 3, 9)), BUDI: (5, date(2026, 3, 2))})]


def placeholders(text: str) -> set[str]:
    """The names after `$`."""
    return set(Template(text).get_identifiers())


def leaves(node: Any, path: str = "") -> dict[str, Any]:
    """Every text of a catalogue by its path."""
    if isinstance(node, dict):
        return {key: text for name, child in node.items() for key, text in leaves(child, f"{path}/{name}").items()}
    return {path: node}


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    indonesian, english = (leaves(catalogue(language)) for language in LANGUAGES)
    assert indonesian.keys() == english.keys()
    for path, text in indonesian.items():
        assert type(text) is type(english[path]), path
        if isinstance(text, str):
            assert Template(text).is_valid(), path
            assert placeholders(text) == placeholders(english[path]), path
        else:
            assert len(text) == len(english[path]) == 12, path


def test_the_catalogue_holds_exactly_the_templates_that_rules_use() -> None:
    assert {notice.template for notice in every_notice()} == set(catalogue("id")["templates"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("names", [None, NAMES], ids=["unnamed", "named"])
def test_every_notice_is_written_in_full(language: Language, names: dict[UUID, str] | None) -> None:
    for notice in every_notice():
        text = render(notice.template, notice.params, language, names)
        assert "$" not in text.subject + text.body
        assert "None" not in text.subject + text.body
        assert 10 < len(text.subject) < 100
        assert "\n" not in text.subject
        assert len(text.body.split("\n\n")) >= 2 or notice.template == "plan.agreed.superior"
        if "employee" in notice.params and names:
            assert NAMES[SITI] in text.body, notice.template
            assert NAMES[SITI] not in text.subject


def test_months_quarters_dates_and_numbers_are_written_as_each_language_does() -> None:
    params = {"period": "2026-03", "percent": "58.333333", "rule": "score", "rule_version": "2"}
    assert "untuk Maret 2026 adalah 58,33%, " in render("score.below", params, "id").body
    assert "for March 2026 is 58.33%, " in render("score.below", params, "en").body
    quarter = params | {"period": "2026-Q2", "percent": "100.00"}
    assert "untuk triwulan II 2026 adalah 100%, " in render("score.meets", quarter, "id").body
    assert "for quarter 2 of 2026 is 100%, " in render("score.meets", quarter, "en").body
    assert render("entry.returned", {"day": "2026-08-17"}, "id").subject.endswith(
        "tanggal 17 Agustus 2026 dikembalikan"
    )
    assert render("entry.returned", {"day": "2026-08-17"}, "en").subject == "Work entry of 17 August 2026 was returned"


@pytest.mark.parametrize(
    ("percent", "written"),
    [("0", "0%"), ("0.005", "0,01%"), ("99.995", "100%"), ("120", "120%"), ("7.10", "7,1%"), ("100.0", "100%")],
)
def test_percentages_are_rounded_half_up_to_two_places_and_keep_their_whole_part(percent: str, written: str) -> None:
    params = {"period": "2026-03", "percent": percent, "rule": "score", "rule_version": "2"}
    assert f"adalah {written}, " in render("score.below", params, "id").body


def test_what_is_not_known_is_said_so() -> None:
    adjusted = {"period": "2026-03", "old_percent": None, "new_percent": "80"}
    assert "dari belum terukur menjadi 80%" in render("review.adjusted", adjusted, "id").body
    gap = {"competency": "orientasi-pada-hasil", "level": None, "required": 3}
    assert (
        "Tingkat kompetensi Orientasi Pada Hasil Anda saat ini belum dinilai"
        in render("gap.found.standard", gap, "id").body
    )
    seat = {"competencies": ["a", "b", "c"], "starts": None}
    assert "A, B dan C. Mulai: belum ditentukan." in render("enrolment.enrolled", seat, "id").body


@pytest.mark.parametrize(
    ("code", "written"), [("kerja-sama", "Kerja Sama"), ("KOM.2", "KOM.2"), ("pelayanan_publik", "Pelayanan Publik")]
)
def test_a_competency_is_written_from_its_code(code: str, written: str) -> None:
    assert (
        render("competency.confirmed", {"competency": code, "level": 3}, "en").subject
        == f"Competency level {written}: 3"
    )


def test_a_mail_names_people_and_the_inbox_does_not() -> None:
    message = development_plan()
    [_, to_rina] = owed(message.event_id, message.data)
    assert "untuk seorang anggota tim Anda menunggu" in render(to_rina.template, to_rina.params, "id").body
    assert "untuk Siti Aminah menunggu" in render(to_rina.template, to_rina.params, "id", NAMES).body


def test_a_summary_lists_each_person_by_mail_and_only_counts_in_the_inbox() -> None:
    notice = summary(RINA, date(2026, 3, 10), {SITI: (2, date(2026, 3, 9)), BUDI: (5, date(2026, 3, 2))})
    named = render(notice.template, notice.params, "id", NAMES)
    assert named.subject == "7 catatan kerja menunggu verifikasi Anda"
    assert (
        "- Budi Hartono: 5 catatan, yang tertua tanggal 2 Maret 2026\n"
        "- Siti Aminah: 2 catatan, yang tertua tanggal 9 Maret 2026"
    ) in named.body
    unnamed = render(notice.template, notice.params, "id")
    assert unnamed.body.startswith("Pada 10 Maret 2026 ada 7 catatan kerja dari 2 orang")
    assert "tertua" not in unnamed.body
    assert "\n\n\n" not in unnamed.body


def test_a_long_summary_ends_with_how_many_more_there_are() -> None:
    team = {UUID(int=n): (1, date(2026, 3, 2)) for n in range(1, 33)}
    notice = summary(RINA, date(2026, 3, 10), team)
    body = render(notice.template, notice.params, "id", {}).body
    assert body.count("1 catatan, yang tertua") == 30
    assert "- dan 2 orang lainnya" in body


def test_a_name_cannot_bring_lines_or_placeholders_into_a_mail() -> None:
    text = render("plan.proposed.superior", {"employee": str(SITI), "year": 2026}, "en", {SITI: "$year\r\nBcc: x"})
    assert "proposed by $year Bcc: x waits" in text.body
    assert as_mail(text, "en", "Rina\nLubis").body.startswith("Dear Rina Lubis,\n\n")
