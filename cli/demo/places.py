"""The stories of the five places: what happens in each agency so that it can be seen there.

The same demo gives the same data for ever. Nobody in it exists; what superiors decide is played, not decided.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from cli.demo.people import Agency, Duty, agencies
from cli.demo.story import Demo, Rating, Script, common
from cli.demo.work import Answer, Entry, Record, at, entry, spread, working_days
from shared.calendar import Period
from shared.ids import derived_id

_LATE_AFTER = 5


def scripts(demo: Demo) -> tuple[Script, ...]:
    """What happens, agency by agency."""
    found = agencies(demo.employees, demo.since, demo.plt_from, demo.seed)
    return tuple(_STORIES[agency.code](demo, common(demo, agency)) for agency in found)


def _duty(agency: Agency, person: str, key: str) -> Duty:
    duties = agency.positions[agency.people[person].posts[-1].position].duties
    return next(duty for duty in duties if duty.key == key)


def _without(script: Script, person: str, *months: Period) -> list[Entry]:
    """The entries without those of a person in these months (none named: in any)."""
    return [e for e in script.entries if e.person != person or (months and not any(m.contains(e.day) for m in months))]


def _medan(demo: Demo, script: Script) -> Script:
    """Puskesmas: 12 of 20 examinations, a communication course, 20 of 20. The counter's IKM rises. A corrected entry."""
    agency = script.agency
    exam, data = _duty(agency, "kesehatan", "pemeriksaan"), _duty(agency, "dikembalikan", "data-penduduk")
    then, now = demo.workdays(demo.last), demo.workdays(demo.current)
    typo = entry(agency, "dikembalikan", now[-1], 9, data, 3000, description="Pemutakhiran data", fate="return")
    return replace(
        script,
        entries=[
            *_without(script, "kesehatan", demo.last, demo.current),
            *spread(agency, "kesehatan", exam, 12, then[:12]),
            *spread(agency, "kesehatan", exam, 5, now[:5]),
            typo,
        ],
        recovery=spread(agency, "kesehatan", exam, 15, now[5:] or now, number=2),
        corrected={typo.id: 30},
        answers=_answers(demo, agency, "kec-medan-marelan"),
        ratings=[
            Rating(
                person="kesehatan",
                work_result="below",
                behaviour="meets",
                text="Pemeriksaan baru 12 dari 20; pasien sering tidak paham penjelasan. Ikuti kursus komunikasi.",
            ),
            Rating(person="loket", work_result="meets", behaviour="meets"),
        ],
        rates_all=True,
        learning={**script.learning, "kesehatan": "confirm"},
    )


def _jambi(demo: Demo, script: Script) -> Script:
    """What is done today is verified today; an IT course closes the way to a gap that an assessment found."""
    agency = script.agency
    apps = _duty(agency, "seketika", "aplikasi")
    seen = [
        entry(agency, "seketika", demo.today, number, apps, 2, description="Pendampingan e-kinerja seketika")
        for number in (11, 12, 13)
    ]
    levels = [
        replace(x, level=1) if (x.person, x.competency) == ("komputer", "teknologi-informasi") else x
        for x in script.levels
    ]
    return replace(
        script, entries=[*script.entries, *seen], levels=levels, learning={**script.learning, "komputer": "complete"}
    )


def _mamuju(demo: Demo, script: Script) -> Script:
    """A teacher's gap, a transport officer far above target, an acting head, and work that was synchronised late."""
    agency = script.agency
    module, lessons = _duty(agency, "guru", "modul-ajar"), _duty(agency, "guru", "mengajar")
    tests, visits = _duty(agency, "perhubungan", "uji-kendaraan"), _duty(agency, "luring", "penyuluhan-tani")
    entries = _without(
        replace(script, entries=_without(script, "guru", demo.last, demo.current)),
        "perhubungan",
        demo.last,
        demo.current,
    )
    for days, modules in ((demo.workdays(demo.last), 5), (demo.workdays(demo.current), 4)):
        entries += spread(agency, "guru", module, modules, days[:modules])
        entries += spread(agency, "guru", lessons, 96, days, number=2)
        entries += spread(agency, "perhubungan", tests, 78, days)
    far = working_days(demo.today - timedelta(days=30), demo.today - timedelta(days=1))[-8]
    words = "Kunjungan tanpa sinyal"
    offline = [
        entry(agency, "luring", far, number, visits, 1, description=words, done_at=at(agency, far, 14, number))
        for number in (21, 22)
    ]
    advice, praise = "Modul ajar baru 5 dari 8. Ikuti pelatihan.", "Layak mendapat penghargaan."
    return replace(
        script,
        entries=entries,
        offline=offline,
        late_after=_LATE_AFTER,
        ratings=[
            Rating(person="guru", work_result="below", behaviour="meets", text=advice),
            Rating(person="perhubungan", work_result="above", behaviour="above", text=praise),
        ],
        learning={**script.learning, "guru": "approve"},
    )


def _lampung_selatan(demo: Demo, script: Script) -> Script:
    """Birth certificates: five days each, then online and six hours. One is silent, one superior never verifies."""
    waiting = {"menunggu-1", "menunggu-2"}
    entries = [
        replace(e, fate="wait") if e.person in waiting else e
        for e in _without(replace(script, entries=_without(script, "akta", demo.last, demo.current)), "diam")
    ]
    return replace(script, entries=entries, records=_certificates(demo, script.agency))


def _kasuari(demo: Demo, script: Script) -> Script:
    """Night work around the turn of the month counts on the day it is in Papua, where Jakarta still has yesterday."""
    agency = script.agency
    patrol = _duty(agency, "malam", "patroli")
    eve, first = demo.last.last_day, demo.current.first_day
    late, early = at(agency, eve, 23, 40), at(agency, first, 0, 20)
    nights = [
        entry(agency, "malam", day, 31, patrol, 1, description="Patroli malam", done_at=when)
        for day, when in ((eve, late), (first, early))
    ]
    permits = [
        _record(agency, "izin-masuk-kawasan", "malam", 1, when - timedelta(hours=3), when) for when in (late, early)
    ]
    return replace(script, entries=[*script.entries, *nights], records=permits)


_STORIES = {
    "kota-medan": _medan,
    "provinsi-jambi": _jambi,
    "kab-mamuju": _mamuju,
    "kab-lampung-selatan": _lampung_selatan,
    "btn-teluk-kasuari": _kasuari,
}


def _past(demo: Demo, agency: Agency, day: date, hour: int, minute: int) -> datetime:
    """A moment of `day` that is over."""
    midnight = at(agency, day, 0)
    return min(at(agency, day, hour, minute), midnight + (demo.now - midnight) / 2)


def _answers(demo: Demo, agency: Agency, unit: str) -> list[Answer]:
    """40 answers a month. Last month every element got 3 from thirty and 2 from ten, this month 4 and 3 from twenty each."""
    made = []
    scores: dict[Period, Callable[[int], int]] = {
        demo.last: lambda n: 2 if n % 4 == 0 else 3,
        demo.current: lambda n: 4 if n % 2 else 3,
    }
    for month, score in scores.items():
        days = demo.workdays(month)
        for n in range(40):
            given = _past(demo, agency, days[n % len(days)], 10, n)
            id = derived_id(given, "demo", agency.code, "answer", unit, str(month), str(n))
            made.append(Answer(id=id, unit=unit, given_at=given, scores=tuple(score(n + u) for u in range(9))))
    return made


def _certificates(demo: Demo, agency: Agency) -> list[Record]:
    made = []
    for n in range(12):
        started = at(agency, demo.last.first_day + timedelta(days=n), 9)
        made.append(_record(agency, "akta-kelahiran", "akta", n, started, started + timedelta(days=5)))
    days = [day for day in demo.workdays(demo.current) if day < demo.today] or [demo.today]
    for n in range(8):
        completed = _past(demo, agency, days[n % len(days)], 14, n)
        made.append(_record(agency, "akta-kelahiran", "akta", n, completed - timedelta(hours=6), completed))
    return made


def _record(agency: Agency, product: str, officer: str, number: int, started: datetime, completed: datetime) -> Record:
    return Record(
        id=derived_id(started, "demo", agency.code, product, started.isoformat(), str(number)),
        product=product,
        officer=officer,
        unit=agency.people[officer].posts[-1].unit,
        started=started,
        due=started + timedelta(days=3),
        completed=completed,
    )
