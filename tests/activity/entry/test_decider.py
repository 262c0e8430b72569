"""The rules of one entry, told as given, when and then."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.activity.entry.commands import (
    Amend,
    Import,
    Judgement,
    Lapse,
    Log,
    Receipt,
    Return,
    Verify,
    Withdraw,
    WithdrawVerification,
)
from services.activity.entry.decider import DECIDER
from services.activity.entry.events import (
    Content,
    EntryAmended,
    EntryImported,
    EntryLapsed,
    EntryLogged,
    EntryReturned,
    EntryVerified,
    EntryWithdrawn,
    Event,
    VerificationWithdrawn,
)
from services.activity.entry.refusals import (
    EntryClosed,
    NotVerified,
    NotWaiting,
    OwnEntry,
    TextRequired,
    UnknownIndicator,
)
from services.activity.refusals import FutureDate, PeriodClosed, TooEarly
from services.activity.source import Source
from shared.errors import ContentDiffers, Forbidden, NotFound, StaleVersion
from shared.eventstore.texts import Text
from shared.people.authority import Authority
from shared.people.refusals import NotTheSuperior, UnknownEmployee
from shared.testing.spec import given
from tests.activity.people import BUDI, DEWI, EXAMINATIONS, HADI, RINA, SITI, known

NOON = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
WORDS = Text(known("words"), "hash of the words")
REASON = Text(known("reason"), "hash of the reason")
CONTENT = Content(
    day=date(2026, 3, 9),
    indicator=EXAMINATIONS,
    quantity=Decimal("12.5"),
    minutes=90,
    activity="posyandu",
    description=WORDS,
)
MORE = replace(CONTENT, quantity=Decimal(14))
RECEIPT = Receipt(
    at=NOON,
    period="2026-03",
    first_day=date(2020, 1, 1),
    last_day=date(2026, 3, 10),
    shut=frozenset(),
    late=False,
    employee_known=True,
    indicator_known=True,
)
SHUT = frozenset({"2026-03"})
RIGHT = Authority(frozenset({RINA}), False, RINA)
NOBODY = Authority(frozenset(), True, RINA)
SOURCE = Source(system="izin", file_hash="ab" * 32, row=7)

LOGGED = EntryLogged(employee=SITI, content=CONTENT, period="2026-03", received_at=NOON, late=False)
AMENDED = EntryAmended(content=MORE, period="2026-03", received_at=NOON, late=False)
VERIFIED = EntryVerified(by=RINA, as_hr=False, verdict="meets", text=None)
RETURNED = EntryReturned(by=RINA, as_hr=False, text=REASON)
UNVERIFIED = VerificationWithdrawn(by=RINA, as_hr=False, text=None)
LAPSED = EntryLapsed(superior=RINA)
IMPORTED = EntryImported(employee=SITI, content=CONTENT, period="2026-03", received_at=NOON, source=SOURCE)


def log(content: Content = CONTENT, **receipt: Any) -> Log:
    return Log(employee=SITI, content=content, receipt=replace(RECEIPT, **receipt))


def amend(content: Content = MORE, seen: int | None = None, **receipt: Any) -> Amend:
    return Amend(by=SITI, content=content, receipt=replace(RECEIPT, **receipt), seen=seen)


def judgement(seen: int, **fields: Any) -> Judgement:
    plain: dict[str, Any] = {"by": RINA, "hr": False, "authority": RIGHT, "text": None, "final": frozenset()}
    return Judgement(seen=seen, **(plain | fields))


def verify(seen: int, verdict: Any = "meets", **fields: Any) -> Verify:
    return Verify(judgement=judgement(seen, **fields), verdict=verdict)


class TestLogging:
    def test_an_entry_waits_once_it_is_logged(self) -> None:
        state = given(DECIDER).when(log()).then(LOGGED)
        assert state is not None
        assert (state.status, state.version, state.late, state.content) == ("waiting", 1, False, CONTENT)

    def test_a_late_one_is_kept_and_marked(self) -> None:
        state = given(DECIDER).when(log(late=True)).then(replace(LOGGED, late=True))
        assert state is not None
        assert state.late

    def test_the_same_again_changes_nothing_also_when_its_period_is_closed_and_its_indicator_gone(self) -> None:
        given(DECIDER, LOGGED).when(log()).then()
        late_repeat = log(
            replace(CONTENT, quantity=Decimal("12.50")), shut=SHUT, indicator_known=False, employee_known=False
        )
        given(DECIDER, LOGGED, VERIFIED).when(late_repeat).then()

    def test_the_first_content_again_changes_nothing_also_after_an_amendment(self) -> None:
        given(DECIDER, LOGGED, AMENDED).when(log()).then()
        given(DECIDER, LOGGED, AMENDED).when(log(MORE)).refused(ContentDiffers)

    @pytest.mark.parametrize(
        "other",
        [
            replace(CONTENT, quantity=Decimal(13)),
            replace(CONTENT, day=date(2026, 3, 8)),
            replace(CONTENT, description=REASON),
            replace(CONTENT, minutes=None),
            replace(CONTENT, indicator=None),
        ],
    )
    def test_the_same_id_with_other_content_is_refused(self, other: Content) -> None:
        given(DECIDER, LOGGED).when(log(other)).refused(ContentDiffers)

    def test_the_id_of_a_colleagues_entry_is_refused(self) -> None:
        given(DECIDER, LOGGED).when(replace(log(), employee=BUDI)).refused(ContentDiffers)

    def test_tomorrow_cannot_be_logged(self) -> None:
        refusal = given(DECIDER).when(log(replace(CONTENT, day=date(2026, 3, 11)))).refused(FutureDate)
        assert refusal.facts == {"last_day": "2026-03-10"}

    def test_a_device_more_than_a_day_ahead_is_refused(self) -> None:
        day = timedelta(days=1)
        given(DECIDER).when(log(replace(CONTENT, done_at=NOON + day + timedelta(seconds=1)))).refused(FutureDate)
        ahead = replace(CONTENT, done_at=NOON + day)
        given(DECIDER).when(log(ahead)).then(replace(LOGGED, content=ahead))

    def test_a_day_before_the_first_is_refused(self) -> None:
        given(DECIDER).when(log(replace(CONTENT, day=date(2019, 12, 31)))).refused(TooEarly)

    def test_the_first_and_the_last_day_are_taken(self) -> None:
        for day in (RECEIPT.first_day, RECEIPT.last_day):
            content = replace(CONTENT, day=day)
            given(DECIDER).when(log(content)).then(replace(LOGGED, content=content))

    def test_a_closed_period_takes_nothing(self) -> None:
        given(DECIDER).when(log(shut=SHUT)).refused(PeriodClosed)

    def test_an_unknown_employee_or_indicator_is_refused(self) -> None:
        given(DECIDER).when(log(employee_known=False)).refused(UnknownEmployee)
        given(DECIDER).when(log(indicator_known=False)).refused(UnknownIndicator)


class TestAmending:
    def test_an_amended_entry_has_its_new_content_and_waits(self) -> None:
        state = given(DECIDER, LOGGED).when(amend(seen=1)).then(AMENDED)
        assert state is not None
        assert (state.status, state.version, state.content) == ("waiting", 2, MORE)

    def test_a_verified_or_returned_one_waits_again_without_the_decision(self) -> None:
        for decided in (VERIFIED, RETURNED):
            state = given(DECIDER, LOGGED, decided).when(amend(seen=2)).then(AMENDED)
            assert state is not None
            assert (state.status, state.verdict, state.decided_by, state.decided_text) == ("waiting", None, None, None)

    def test_the_same_content_changes_nothing_but_sends_a_returned_one_in_again(self) -> None:
        given(DECIDER, LOGGED, AMENDED).when(amend(seen=1)).then()
        given(DECIDER, LOGGED, VERIFIED).when(amend(CONTENT)).then()
        resent = replace(AMENDED, content=CONTENT)
        given(DECIDER, LOGGED, RETURNED).when(amend(CONTENT, seen=2)).then(resent)
        given(DECIDER, LOGGED, RETURNED).when(amend(CONTENT, seen=1)).refused(StaleVersion)

    def test_lateness_is_judged_anew_only_for_another_day(self) -> None:
        given(DECIDER, LOGGED).when(amend(late=True)).then(AMENDED)
        moved = replace(MORE, day=date(2026, 3, 2))
        given(DECIDER, LOGGED).when(amend(moved, late=True)).then(replace(AMENDED, content=moved, late=True))

    def test_what_changed_meanwhile_is_not_overwritten(self) -> None:
        refusal = given(DECIDER, LOGGED, AMENDED).when(amend(CONTENT, seen=1)).refused(StaleVersion)
        assert refusal.facts == {"version": 2}

    def test_neither_out_of_nor_into_a_closed_period(self) -> None:
        february = replace(MORE, day=date(2026, 2, 9))
        given(DECIDER, LOGGED).when(amend(february, period="2026-02", shut=SHUT)).refused(PeriodClosed)
        given(DECIDER, LOGGED).when(amend(february, period="2026-02", shut=frozenset({"2026-02"}))).refused(
            PeriodClosed
        )

    def test_only_by_its_author(self) -> None:
        given(DECIDER, LOGGED).when(replace(amend(), by=BUDI)).refused(Forbidden)

    @pytest.mark.parametrize("story", [(LOGGED, EntryWithdrawn()), (LOGGED, LAPSED), (IMPORTED,)])
    def test_withdrawn_lapsed_and_imported_entries_stay_as_they_are(self, story: tuple[Event, ...]) -> None:
        given(DECIDER, *story).when(amend()).refused(EntryClosed)

    def test_days_and_indicators_are_checked_as_at_first(self) -> None:
        given(DECIDER, LOGGED).when(amend(replace(MORE, day=date(2026, 4, 1)))).refused(FutureDate)
        given(DECIDER, LOGGED).when(amend(indicator_known=False)).refused(UnknownIndicator)

    def test_nothing_is_not_amended(self) -> None:
        given(DECIDER).when(amend()).refused(NotFound)


class TestWithdrawing:
    def test_an_entry_is_taken_back_once(self) -> None:
        withdraw = Withdraw(by=SITI, shut=frozenset(), seen=1)
        state = given(DECIDER, LOGGED).when(withdraw).then(EntryWithdrawn())
        assert state is not None
        assert state.status == "withdrawn"
        given(DECIDER, LOGGED, EntryWithdrawn()).when(withdraw).then()

    def test_a_verified_one_too(self) -> None:
        given(DECIDER, LOGGED, VERIFIED).when(Withdraw(by=SITI, shut=frozenset(), seen=2)).then(EntryWithdrawn())

    def test_not_by_others_not_on_an_old_view_and_not_from_a_closed_period(self) -> None:
        given(DECIDER, LOGGED).when(Withdraw(by=RINA, shut=frozenset(), seen=1)).refused(Forbidden)
        given(DECIDER, LOGGED, AMENDED).when(Withdraw(by=SITI, shut=frozenset(), seen=1)).refused(StaleVersion)
        given(DECIDER, LOGGED).when(Withdraw(by=SITI, shut=SHUT, seen=1)).refused(PeriodClosed)
        given(DECIDER, IMPORTED).when(Withdraw(by=SITI, shut=frozenset(), seen=None)).refused(EntryClosed)


class TestDeciding:
    def test_the_superior_confirms_what_was_seen(self) -> None:
        state = given(DECIDER, LOGGED).when(verify(1)).then(VERIFIED)
        assert state is not None
        assert (state.status, state.verdict, state.decided_by) == ("verified", "meets", RINA)

    def test_below_expectation_needs_a_text(self) -> None:
        given(DECIDER, LOGGED).when(verify(1, "below")).refused(TextRequired)
        below = replace(VERIFIED, verdict="below", text=REASON)
        given(DECIDER, LOGGED).when(verify(1, "below", text=REASON)).then(below)

    def test_a_return_needs_a_reason(self) -> None:
        given(DECIDER, LOGGED).when(Return(judgement(1))).refused(TextRequired)
        state = given(DECIDER, LOGGED).when(Return(judgement(1, text=REASON))).then(RETURNED)
        assert state is not None
        assert (state.status, state.decided_text) == ("returned", REASON)

    def test_the_same_decision_again_changes_nothing(self) -> None:
        given(DECIDER, LOGGED, VERIFIED).when(verify(1)).then()
        given(DECIDER, LOGGED, RETURNED).when(Return(judgement(1, text=REASON))).then()
        given(DECIDER, LOGGED, VERIFIED, UNVERIFIED).when(WithdrawVerification(judgement(2))).then()

    def test_a_decision_about_an_older_version_is_refused(self) -> None:
        given(DECIDER, LOGGED, AMENDED).when(verify(1)).refused(StaleVersion)
        given(DECIDER, LOGGED, VERIFIED, AMENDED).when(verify(1)).refused(StaleVersion)
        given(DECIDER, LOGGED, VERIFIED).when(verify(1, "below", text=REASON)).refused(StaleVersion)

    def test_only_what_waits_is_decided(self) -> None:
        for ended in (VERIFIED, RETURNED, EntryWithdrawn(), LAPSED):
            given(DECIDER, LOGGED, ended).when(verify(2, "below", text=REASON)).refused(NotWaiting)
        given(DECIDER, IMPORTED).when(verify(1)).refused(NotWaiting)

    def test_a_verification_can_be_taken_back(self) -> None:
        state = given(DECIDER, LOGGED, VERIFIED).when(WithdrawVerification(judgement(2))).then(UNVERIFIED)
        assert state is not None
        assert (state.status, state.verdict, state.decided_by) == ("waiting", None, None)
        given(DECIDER, LOGGED).when(WithdrawVerification(judgement(1))).refused(NotVerified)

    def test_the_wrong_superior_is_refused_whatever_the_version(self) -> None:
        for seen in (1, 9):
            given(DECIDER, LOGGED).when(verify(seen, by=DEWI)).refused(NotTheSuperior)

    def test_nobody_decides_about_their_own_entry_even_with_every_right(self) -> None:
        everything = Authority(frozenset({SITI}), True, None)
        given(DECIDER, LOGGED).when(verify(1, by=SITI, hr=True, authority=everything)).refused(OwnEntry)

    def test_hr_decides_with_a_reason_and_only_where_nobody_else_can(self) -> None:
        given(DECIDER, LOGGED).when(verify(1, by=HADI, hr=True, text=REASON)).refused(NotTheSuperior)
        given(DECIDER, LOGGED).when(verify(1, by=HADI, hr=True, authority=NOBODY)).refused(TextRequired)
        given(DECIDER, LOGGED).when(verify(1, by=HADI, hr=False, authority=NOBODY)).refused(NotTheSuperior)
        by_hr = EntryVerified(by=HADI, as_hr=True, verdict="meets", text=REASON)
        given(DECIDER, LOGGED).when(verify(1, by=HADI, hr=True, authority=NOBODY, text=REASON)).then(by_hr)

    def test_a_period_whose_time_is_over_takes_no_decision(self) -> None:
        given(DECIDER, LOGGED).when(verify(1, final=SHUT)).refused(PeriodClosed)
        given(DECIDER, LOGGED, VERIFIED).when(WithdrawVerification(judgement(2, final=SHUT))).refused(PeriodClosed)

    def test_nothing_is_not_decided_about(self) -> None:
        given(DECIDER).when(verify(1)).refused(NotFound)


class TestLapsing:
    def test_what_waits_lapses_and_names_the_superior(self) -> None:
        state = given(DECIDER, LOGGED).when(Lapse(RINA)).then(LAPSED)
        assert state is not None
        assert (state.status, state.lapsed_by) == ("lapsed", RINA)

    @pytest.mark.parametrize(
        "story", [(), (LOGGED, VERIFIED), (LOGGED, RETURNED), (LOGGED, LAPSED), (LOGGED, EntryWithdrawn()), (IMPORTED,)]
    )
    def test_nothing_else_does(self, story: tuple[Event, ...]) -> None:
        given(DECIDER, *story).when(Lapse(RINA)).then()


class TestImporting:
    def take(self, content: Content = CONTENT, **receipt: Any) -> Import:
        return Import(employee=SITI, content=content, receipt=replace(RECEIPT, **receipt), source=SOURCE)

    def test_a_fact_is_taken_over_late_and_into_a_closed_period_and_confirmed_by_nobody(self) -> None:
        state = given(DECIDER).when(self.take(shut=SHUT, late=True)).then(IMPORTED)
        assert state is not None
        assert (state.status, state.decided_by, state.late) == ("imported", None, False)

    def test_again_it_changes_nothing_also_from_another_row(self) -> None:
        other_row = replace(self.take(), source=replace(SOURCE, row=8))
        given(DECIDER, IMPORTED).when(self.take()).then()
        given(DECIDER, IMPORTED).when(other_row).then()

    def test_other_content_future_days_and_unknown_people_are_refused(self) -> None:
        given(DECIDER, IMPORTED).when(self.take(MORE)).refused(ContentDiffers)
        given(DECIDER).when(self.take(replace(CONTENT, day=date(2026, 3, 11)))).refused(FutureDate)
        given(DECIDER).when(self.take(employee_known=False)).refused(UnknownEmployee)
        given(DECIDER).when(self.take(indicator_known=False)).refused(UnknownIndicator)
