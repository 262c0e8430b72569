"""The sender against a real mail server: whatever breaks, each mail notice is sent, and looks like one mail."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.notification.notice.sender import MAX_TRIES, quiet_seconds
from tests.notification import world
from tests.notification.conftest import Notification, Posting
from tests.notification.world import BUDI, RINA, SITI, development_plan, known

_ROOT = Path(__file__).resolve().parents[3]


async def mails(service: Notification) -> dict[Any, tuple[str, str | None, int]]:
    """Status, reason and tries of the mail notice of each person (the tests here owe one each)."""
    rows = await service.rows("SELECT person, status, reason, tries FROM notice WHERE channel = 'mail'")
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


async def let_time_pass(service: Notification, seconds: int) -> None:
    """Move everything that waits this much closer."""
    await service.rows(
        "UPDATE notice SET due_at = due_at - make_interval(secs => :s),"
        " claimed_until = claimed_until - make_interval(secs => :s) WHERE status = 'waiting'",
        s=seconds,
    )


@pytest.mark.usefixtures("contacts")
async def test_a_proposed_development_plan_is_mailed_to_the_employee_and_to_who_approves(
    service: Notification, posting: Posting
) -> None:
    await service.hear(development_plan())
    assert await service.notices() == {
        (SITI, "inbox", "development-plan.proposed"),
        (SITI, "mail", "development-plan.proposed"),
        (RINA, "inbox", "development-plan.proposed.superior"),
        (RINA, "mail", "development-plan.proposed.superior"),
    }
    await posting.sender.run(service.worker)
    assert sorted(posting.mail.told()) == [
        ("Rina Lubis <rina@medan.example>", "Rencana pengembangan 2026 menunggu persetujuan Anda"),
        ("Siti Aminah <siti@medan.example>", "Rencana pengembangan 2026 untuk Anda sudah diusulkan"),
    ]
    [to_rina] = [mail for mail in posting.mail.mails if "rina" in str(mail["To"])]
    assert "Siti Aminah menunggu persetujuan Anda: Komunikasi." in to_rina.get_content()
    assert to_rina.get_content().startswith("Yth. Bapak/Ibu Rina Lubis,\r\n\r\n")
    [id] = [
        row[0] for row in await service.rows("SELECT id FROM notice WHERE person = :p AND channel = 'mail'", p=RINA)
    ]
    assert to_rina["Message-ID"] == f"<{id}@kinerja.medan>"
    assert (to_rina["From"], to_rina["Auto-Submitted"]) == ("Kinerja <kinerja@localhost>", "auto-generated")
    assert posting.mail.connections == 1
    await posting.sender.run(service.worker)
    assert len(posting.mail.mails) == 2


@pytest.mark.usefixtures("contacts")
async def test_a_mail_refused_for_now_is_tried_again_later_and_later(service: Notification, posting: Posting) -> None:
    await service.hear(world.score("below", band_changes=2))
    posting.mail.answers = ["450 mailbox busy"] * 2
    for tries, wait in ((1, 30), (2, 60)):
        await posting.sender.run(service.worker)
        assert await mails(service) == {SITI: ("waiting", "smtp-450", tries)}
        await let_time_pass(service, wait - 5)
        await posting.sender.run(service.worker)
        assert (await mails(service))[SITI][2] == tries, "tried before its time"
        await let_time_pass(service, 5)
    await posting.sender.run(service.worker)
    assert await mails(service) == {SITI: ("sent", None, 3)}
    assert len(posting.mail.mails) == 1


@pytest.mark.usefixtures("contacts")
async def test_a_mail_refused_for_now_for_the_last_time_has_failed(service: Notification, posting: Posting) -> None:
    await service.hear(world.score("below", band_changes=2))
    posting.mail.answers = ["450 mailbox busy"] * MAX_TRIES
    for _ in range(MAX_TRIES):
        await posting.sender.run(service.worker)
        await let_time_pass(service, 24 * 3600)
    assert await mails(service) == {SITI: ("failed", "smtp-450", 8)}
    await posting.sender.run(service.worker)
    assert posting.mail.mails == []


@pytest.mark.usefixtures("contacts")
async def test_a_recipient_refused_for_good_fails_at_once_and_holds_up_nobody(
    service: Notification, posting: Posting
) -> None:
    await service.hear(world.score("below", band_changes=2))
    await service.hear(world.score("below", band_changes=2, who=BUDI))
    posting.mail.answers = ["550 no such mailbox <siti@medan.example>"]
    await posting.sender.run(service.worker)
    assert await mails(service) == {SITI: ("failed", "smtp-550", 1), BUDI: ("sent", None, 1)}


@pytest.mark.usefixtures("contacts")
async def test_a_mail_that_loses_the_connection_is_counted_and_the_others_go_out(
    service: Notification, posting: Posting
) -> None:
    await service.hear(world.score("below", band_changes=2))
    await service.hear(world.score("below", band_changes=2, who=BUDI))
    posting.mail.answers = ["hang up", "hang up"]
    await posting.sender.run(service.worker)
    assert await mails(service) == {SITI: ("waiting", "smtp-disconnected", 1), BUDI: ("sent", None, 1)}


@pytest.mark.usefixtures("contacts")
async def test_a_connection_lost_while_idle_costs_nothing(service: Notification, posting: Posting) -> None:
    await service.hear(world.score("below", band_changes=2))
    await service.hear(world.score("below", band_changes=2, who=BUDI))
    posting.mail.answers = ["250 ok", "hang up"]
    await posting.sender.run(service.worker)
    assert await mails(service) == {SITI: ("sent", None, 1), BUDI: ("sent", None, 1)}
    assert (len(posting.mail.mails), posting.mail.connections) == (2, 2)


@pytest.mark.usefixtures("contacts")
async def test_no_try_is_counted_while_the_mail_server_is_away(service: Notification, posting: Posting) -> None:
    await posting.mail.stop()
    await service.hear(development_plan())
    for _ in range(3):
        await posting.sender.run(service.worker)
        assert set((await mails(service)).values()) == {("waiting", None, 0)}
        await let_time_pass(service, 10)
    await posting.mail.start()
    await posting.sender.run(service.worker)
    assert set((await mails(service)).values()) == {("sent", None, 1)}
    assert len(posting.mail.mails) == 2


async def test_mail_waits_while_the_directory_is_away_and_nothing_of_it_is_kept(
    service: Notification, posting: Posting
) -> None:
    await service.hear(development_plan())
    await posting.sender.run(service.worker)
    assert set((await mails(service)).values()) == {("waiting", None, 0)}
    await let_time_pass(service, 10)
    async with posting.directory():
        await posting.sender.run(service.worker)
    assert len(posting.mail.mails) == 2
    [dump] = await service.rows(
        "SELECT string_agg(to_jsonb(n)::text, '') || string_agg(to_jsonb(o)::text, '') FROM notice n, owed o"
    )
    assert "Siti" not in dump[0]
    assert "@" not in dump[0]


async def test_a_person_without_address_fails_at_once(service: Notification, posting: Posting) -> None:
    await service.hear(development_plan())
    await posting.change(SITI, "email", None)
    async with posting.directory():
        await posting.sender.run(service.worker)
    assert await mails(service) == {SITI: ("failed", "no-address", 0), RINA: ("sent", None, 1)}


async def test_somebody_who_left_gets_no_mail_and_is_not_named(service: Notification, posting: Posting) -> None:
    await service.hear(development_plan())
    await posting.change(SITI, "active", False)
    async with posting.directory():
        await posting.sender.run(service.worker)
    assert await mails(service) == {SITI: ("failed", "no-address", 0), RINA: ("sent", None, 1)}
    assert "untuk seorang anggota tim Anda menunggu" in posting.mail.mails[0].get_content()


async def test_the_directory_is_not_asked_while_the_mail_server_is_away(
    service: Notification, posting: Posting
) -> None:
    await posting.mail.stop()
    await service.hear(development_plan())
    async with posting.directory():
        await posting.sender.run(service.worker)
    async with posting.database.transaction("medan") as conn:
        assert (await conn.execute(text("SELECT count(*) FROM lookups"))).scalar_one() == 0


@pytest.mark.parametrize("wrong", ["siti", "siti@", "a b@x.example", "x@y.example\r\nRCPT TO:<z@y.example>", "<x@y>@z"])
async def test_an_impossible_address_fails_at_once_and_is_never_sent_to(
    service: Notification, posting: Posting, wrong: str
) -> None:
    await service.hear(world.score("below", band_changes=2))
    await posting.change(SITI, "email", wrong)
    async with posting.directory():
        await posting.sender.run(service.worker)
    assert await mails(service) == {SITI: ("failed", "address-invalid", 1)}
    assert posting.mail.mails == []


@pytest.mark.usefixtures("contacts")
@pytest.mark.parametrize(
    "change", ["template = 'of.a.newer.version'", "params = '{}'", """params = params || '{"period": "?"}'"""]
)
async def test_a_notice_that_cannot_be_written_holds_up_nobody(
    service: Notification, posting: Posting, change: str
) -> None:
    await service.hear(world.score("below", band_changes=2))
    await service.hear(world.score("below", band_changes=2, who=BUDI))
    await service.rows(f"UPDATE notice SET {change} WHERE person = :who", who=SITI)
    await posting.sender.run(service.worker)
    assert await mails(service) == {SITI: ("waiting", "unwritable", 1), BUDI: ("sent", None, 1)}


@pytest.mark.usefixtures("contacts")
async def test_two_senders_at_once_send_each_mail_once(service: Notification, posting: Posting) -> None:
    for n in range(60):
        message = world.score("below", band_changes=2)
        data = message.data.model_copy(update={"review": known(f"review {n}")})
        await service.hear(world.received(data, known(f"score {n}")))
    other = posting.another_sender()
    await asyncio.gather(posting.sender.run(service.worker), other.run(service.worker))
    ids = [mail["Message-ID"] for mail in posting.mail.mails]
    assert len(ids) == len(set(ids)) == 60


@pytest.mark.usefixtures("contacts")
async def test_a_sender_killed_between_sending_and_marking_sends_the_same_mail_again(
    service: Notification, posting: Posting
) -> None:
    await service.hear(world.score("below", band_changes=2))
    posting.mail.answering.clear()
    code = (
        "import asyncio; from services.notification.notice.sender import send_mail;"
        f" from shared.eventstore.database import Database; asyncio.run(send_mail(Database({service.worker.url!r})))"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code), cwd=_ROOT, env=os.environ | posting.environment()
    )
    async with asyncio.timeout(30):
        await posting.mail.kept.wait()
    process.send_signal(signal.SIGKILL)
    await process.wait()
    posting.mail.answering.set()
    await posting.sender.run(service.worker)
    assert await mails(service) == {SITI: ("waiting", None, 0)}, "it is still in the killed one's hand"
    await let_time_pass(service, 301)
    await posting.sender.run(service.worker)
    assert await mails(service) == {SITI: ("sent", None, 1)}
    first, second = posting.mail.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_content() == second.get_content()


@pytest.mark.usefixtures("contacts")
async def test_a_sender_told_to_stop_marks_what_it_has_sent(service: Notification, posting: Posting) -> None:
    await service.hear(world.score("below", band_changes=2))
    await service.hear(world.score("below", band_changes=2, who=BUDI))
    posting.mail.answers = ["250 ok", "silence"]
    task = asyncio.create_task(posting.sender.run(service.worker))
    async with asyncio.timeout(10):
        await posting.mail.kept.wait()
        await posting.mail.waits.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await mails(service) == {SITI: ("sent", None, 1), BUDI: ("waiting", None, 0)}


@pytest.mark.usefixtures("contacts")
async def test_who_wants_no_mail_gets_none_and_who_chose_english_reads_english(
    service: Notification, posting: Posting
) -> None:
    await service.call("PUT", "/preferences", SITI, json={"mail": False})
    await service.call("PUT", "/preferences", RINA, json={"language": "en"})
    await service.hear(development_plan())
    await posting.sender.run(service.worker)
    assert await mails(service) == {SITI: ("off", None, 0), RINA: ("sent", None, 1)}
    [mail] = posting.mail.mails
    assert mail["Subject"] == "A development plan for 2026 waits for your approval"
    assert mail["Content-Language"] == "en"


@pytest.mark.usefixtures("contacts")
async def test_who_chose_nothing_here_is_written_to_in_the_language_the_directory_knows(
    service: Notification, posting: Posting
) -> None:
    await posting.change(RINA, "language", "en")
    await service.hear(development_plan())
    await posting.sender.run(service.worker)
    languages = {str(mail["To"]).split()[0]: mail["Content-Language"] for mail in posting.mail.mails}
    assert languages == {"Siti": "id", "Rina": "en"}


@pytest.mark.usefixtures("contacts")
async def test_no_mail_comes_in_quiet_hours_but_after_them(service: Notification, posting: Posting) -> None:
    await service.call("PUT", "/preferences", SITI, json={"quiet_hours": {"from": "00:00", "to": "23:59:59.999999"}})
    await service.hear(world.score("below", band_changes=2))
    await posting.sender.run(service.worker)
    assert await mails(service) == {SITI: ("waiting", None, 0)}
    await service.call("PUT", "/preferences", SITI, json={})
    await posting.sender.run(service.worker)
    assert (await mails(service))[SITI][0] == "waiting"
    await let_time_pass(service, 24 * 3600)
    await posting.sender.run(service.worker)
    assert await mails(service) == {SITI: ("sent", None, 1)}


@pytest.mark.parametrize(
    ("at", "start", "end", "seconds"),
    [
        ("12:00", None, None, 0),
        ("12:00", time(21), time(6), 0),
        ("21:00", time(21), time(6), 9 * 3600),
        ("23:30", time(21), time(6), 6.5 * 3600),
        ("05:59", time(21), time(6), 60),
        ("06:00", time(21), time(6), 0),
        ("12:00", time(11), time(13), 3600),
        ("13:00", time(11), time(13), 0),
    ],
)
def test_quiet_hours_may_pass_midnight(at: str, start: time | None, end: time | None, seconds: float) -> None:
    hour, minute = at.split(":")
    assert quiet_seconds(datetime(2026, 3, 10, int(hour), int(minute), tzinfo=UTC), start, end) == seconds
