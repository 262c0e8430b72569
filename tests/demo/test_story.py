"""The sample data tells the stories of the five places, whatever day it is: by sums over the data alone."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from cli.demo.people import Agency
from cli.demo.places import scripts
from cli.demo.story import Demo, Script
from cli.demo.work import Entry

#: An ordinary Sunday, the first minutes of a month, a year and a working day after a holiday, a leap day, a month's end.
MOMENTS = (
    datetime(2026, 11, 22, 8, tzinfo=UTC),
    datetime(2026, 10, 31, 17, 3, tzinfo=UTC),
    datetime(2026, 12, 31, 17, 30, tzinfo=UTC),
    datetime(2027, 1, 3, 22, tzinfo=UTC),
    datetime(2028, 2, 29, 5, tzinfo=UTC),
    datetime(2026, 9, 30, 16, 59, tzinfo=UTC),
)
SIZES = ((300, 92), (60, 20), (1, 1))


@pytest.fixture(params=MOMENTS, ids=lambda at: f"{at:%Y-%m-%dT%H:%M}")
def demo(request: pytest.FixtureRequest) -> Demo:
    return Demo(now=request.param, employees=60, days=20)


@pytest.fixture
def place(demo: Demo) -> Callable[[str], Script]:
    found = {script.agency.code: script for script in scripts(demo)}
    return lambda code: found[code]


def every(script: Script) -> list[Entry]:
    return [*script.entries, *script.offline, *script.recovery]


def total(entries: Iterable[Entry], person: str, duty: str, month: date) -> int:
    return sum(
        e.quantity
        for e in entries
        if (e.person, e.duty, e.day.replace(day=1)) == (person, duty, month) and e.fate == "meets"
    )


def months(demo: Demo) -> tuple[date, date]:
    """First days of the last and of the current month, by the date in Jakarta (UTC+7)."""
    current = (demo.now + timedelta(hours=7)).date().replace(day=1)
    return (current - timedelta(days=1)).replace(day=1), current


def target(agency: Agency, position: str, duty: str) -> int:
    return int(next(d.target for d in agency.positions[position].duties if d.key == duty))


def test_the_health_officer_of_medan_does_12_of_20_examinations_and_then_20(
    demo: Demo, place: Callable[[str], Script]
) -> None:
    medan, (last, current) = place("kota-medan"), months(demo)
    assert target(medan.agency, "perawat", "pemeriksaan") == 20
    assert total(every(medan), "kesehatan", "pemeriksaan", last) == 12
    assert total(medan.entries, "kesehatan", "pemeriksaan", current) == 5
    assert total(every(medan), "kesehatan", "pemeriksaan", current) == 20


def test_the_counter_of_marelan_is_judged_2_75_of_4_and_then_3_5(demo: Demo, place: Callable[[str], Script]) -> None:
    answers, (_, current) = place("kota-medan").answers, months(demo)
    for now, mean in ((False, 2.75), (True, 3.5)):
        scores = [a.scores for a in answers if (a.given_at.date() >= current) is now]
        assert len(scores) == 40
        for element in range(9):
            assert sum(score[element] for score in scores) / 40 == mean


def test_one_entry_of_medan_is_returned_and_corrected(place: Callable[[str], Script]) -> None:
    medan = place("kota-medan")
    [(entry, quantity)] = medan.corrected.items()
    [found] = [e for e in medan.entries if e.id == entry]
    assert (found.person, found.fate, found.quantity, quantity) == ("dikembalikan", "return", 3000, 30)


def test_jambi_works_today_and_lacks_one_level_of_it(demo: Demo, place: Callable[[str], Script]) -> None:
    jambi = place("provinsi-jambi")
    today = (demo.now + timedelta(hours=7)).date()
    seen = [e for e in jambi.entries if e.person == "seketika" and e.day == today]
    assert len([e for e in seen if e.description == "Pendampingan e-kinerja seketika" and e.fate == "meets"]) == 3
    lacking = {x.competency: x.level for x in jambi.levels if x.person == "komputer"}
    assert lacking["teknologi-informasi"] == 1
    assert jambi.agency.positions["perencana"].requires["teknologi-informasi"] == 2


def test_the_teacher_of_mamuju_makes_5_of_8_modules_and_the_officer_tests_78_of_60_vehicles(
    demo: Demo, place: Callable[[str], Script]
) -> None:
    mamuju, (last, _) = place("kab-mamuju"), months(demo)
    assert target(mamuju.agency, "guru", "modul-ajar") == 8
    assert total(mamuju.entries, "guru", "modul-ajar", last) == 5
    assert target(mamuju.agency, "penguji-kendaraan", "uji-kendaraan") == 60
    assert total(mamuju.entries, "perhubungan", "uji-kendaraan", last) == 78


def test_from_the_16th_of_the_last_month_another_acts_for_the_head_of_transport(
    demo: Demo, place: Callable[[str], Script]
) -> None:
    agency, (last, current) = place("kab-mamuju").agency, months(demo)
    assert agency.people["kepala-dishub"].posts[-1].last == last.replace(day=15)
    [acting] = [post for post in agency.people["plt"].posts if post.kind == "plt"]
    assert (acting.unit, acting.position, acting.first) == ("dishub", "kepala-dinas", last.replace(day=16))
    for day in (last.replace(day=2), last.replace(day=20)):
        assert agency.judge("perhubungan", day, current) == "plt"
    assert agency.judge("plt", last.replace(day=20), current) == "kepala-setda"


def test_work_without_a_connection_is_told_more_than_five_working_days_later(
    demo: Demo, place: Callable[[str], Script]
) -> None:
    mamuju = place("kab-mamuju")
    today = (demo.now + timedelta(hours=7)).date()
    assert mamuju.late_after == 5
    assert len(mamuju.offline) == 2
    for entry in mamuju.offline:
        assert entry.done_at is not None
        days = [entry.day + timedelta(days=n) for n in range(1, (today - entry.day).days + 1)]
        assert len([day for day in days if day.weekday() < 5]) > 5


def test_a_birth_certificate_takes_five_days_and_then_six_hours(demo: Demo, place: Callable[[str], Script]) -> None:
    records, (last, current) = place("kab-lampung-selatan").records, months(demo)
    took = [(r.completed.date().replace(day=1), r.completed - r.started, r.completed <= r.due) for r in records]
    assert Counter(took) == {(last, timedelta(days=5), False): 12, (current, timedelta(hours=6), True): 8}


def test_one_is_silent_and_one_superior_never_verifies(demo: Demo, place: Callable[[str], Script]) -> None:
    selatan, (last, current) = place("kab-lampung-selatan"), months(demo)
    assert "diam" in selatan.agency.people
    assert not [e for e in selatan.entries if e.person == "diam"]
    for person in ("menunggu-1", "menunggu-2"):
        fates = {e.fate for e in selatan.entries if e.person == person and last <= e.day < current}
        assert fates == {"wait"}
        assert selatan.agency.judge(person, last, current) == "kepala-seksi-pelayanan"


def test_night_work_in_papua_is_told_by_its_own_calendar(demo: Demo, place: Callable[[str], Script]) -> None:
    kasuari, (_, current) = place("btn-teluk-kasuari"), months(demo)
    eve = current - timedelta(days=1)
    nights = {e.day: e.done_at for e in kasuari.entries if e.done_at is not None}
    assert {day: at.astimezone(UTC).date() for day, at in nights.items() if at} == {eve: eve, current: eve}
    assert sorted(r.completed.astimezone(UTC) for r in kasuari.records) == [
        datetime(eve.year, eve.month, eve.day, 14, 40, tzinfo=UTC),
        datetime(eve.year, eve.month, eve.day, 15, 20, tzinfo=UTC),
    ]


@pytest.mark.parametrize(("employees", "days"), SIZES)
def test_nothing_lies_in_the_future_or_before_the_first_day_and_nothing_happens_twice(
    demo: Demo, employees: int, days: int
) -> None:
    demo = Demo(now=demo.now, employees=employees, days=days)
    ids: list[UUID] = []
    for script in scripts(demo):
        posts = {person.key: person.posts for person in script.agency.staff}
        for entry in every(script):
            assert demo.since <= entry.day <= (demo.now + timedelta(hours=7)).date()
            assert entry.quantity > 0
            assert any(post.holds(entry.day) for post in posts[entry.person])
        assert all(record.started < record.completed <= demo.now for record in script.records)
        assert all(answer.given_at <= demo.now for answer in script.answers)
        ids += [thing.id for things in (every(script), script.records, script.answers) for thing in things]
    assert len(set(ids)) == len(ids)


def test_the_default_is_300_employees_and_about_20_000_entries() -> None:
    found = scripts(Demo(now=MOMENTS[0], employees=300, days=92))
    assert sum(len(script.agency.staff) for script in found) == 300
    assert 19_000 < sum(len(every(script)) for script in found) < 21_000


def test_more_employees_leave_those_who_are_there_as_they_are() -> None:
    few, many = (scripts(Demo(now=MOMENTS[0], employees=n, days=20)) for n in (100, 300))
    for small, large in zip(few, many, strict=True):
        assert large.agency.people.items() >= small.agency.people.items()
        assert {e.id: e for e in every(large)}.items() >= {e.id: e for e in every(small)}.items()


def test_no_nip_can_be_a_real_one_and_everybody_has_their_own() -> None:
    for script in scripts(Demo(now=MOMENTS[0], employees=900, days=1)):
        people = script.agency.staff
        nips = [person.nip or "" for person in people]
        assert all(len(nip) == 18 and nip.isdigit() and nip[14] == "9" for nip in nips)
        assert len(set(nips)) == len({person.email for person in people}) == len(people)
