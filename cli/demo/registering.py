"""An agency as the directory, training and appraisal take it in: people, posts, courses, levels and plans."""

import hashlib
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.demo.client import Refusal, Voice
from cli.demo.people import Agency, Duty, Person, Post, courses
from cli.demo.story import Demo, Script, indicator_id
from cli.demo.work import holidays, working_days
from shared.ids import derived_id

_SYSTEM = "demo"


async def register(voice: Voice, demo: Demo, agency: Agency) -> None:
    """The agency, its positions and its units. Rules of one that exists stay: they change later in its story."""
    try:
        await voice.call("GET", "directory", "/instansi", role="hr", patient=False)
    except Refusal:
        await voice.call("PUT", "directory", "/instansi", _instansi(demo, agency), role="system")
    await voice.batch("directory", "/positions/batch", [_position(p) for p in agency.positions.values()], role="hr")
    units = [
        {"code": unit.code, "name": unit.name, "parent": unit.parent, "head_position": unit.head}
        for unit in agency.units
    ]
    await voice.batch("directory", "/units/batch", units, role="hr")


async def enter_roster(voice: Voice, agency: Agency) -> None:
    """Everybody with their posts; from then on `voice` can speak for them."""
    people = [(person, post) for person in agency.people.values() for post in person.posts or (None,)]
    answers = await voice.batch(
        "directory", "/roster/batch", [_roster_row(person, post) for person, post in people], role="hr"
    )
    voice.ids = {person.key: answer["id"] for (person, _), answer in zip(people, answers, strict=True)}


async def write_courses(voice: Voice, demo: Demo, agency: Agency) -> None:
    """The catalogue."""
    bodies = []
    for course in courses():
        starts_in = course.pop("starts_in_days", None)
        starts = demo.today + timedelta(days=starts_in or 0)
        runs = [{"starts": str(starts), "ends": str(starts + timedelta(days=4)), "seats": 30}] if starts_in else []
        bodies.append({**course, "provider": agency.training, "runs": runs})
    await voice.batch("training", "/courses/batch", bodies, who=agency.hr, role="hr")


async def enter_levels(voice: Voice, demo: Demo, script: Script) -> None:
    """What the last assessment found."""
    items = [
        {
            "employee": voice.ids[level.person],
            "competency": level.competency,
            "level": level.level,
            "effective": str(demo.since),
            "source": _source(demo),
        }
        for level in script.levels
    ]
    await voice.batch("appraisal", "/imports/competencies", items, who=script.agency.hr, role="hr")


async def agree_plans(voice: Voice, demo: Demo, script: Script) -> None:
    """Those of the stories are proposed by the employee and agreed by the superior, all others were agreed elsewhere."""
    agency = script.agency
    years = sorted({month.year for month in demo.months})
    taken_over = [
        {
            "employee": voice.ids[person.key],
            "year": year,
            "source": _source(demo),
            "results": plan(agency, demo, person, year),
        }
        for person in agency.staff
        if person.key not in script.named
        for year in years
    ]
    await voice.batch("appraisal", "/imports/plans", taken_over, who=agency.hr, role="hr")
    for key in sorted(script.named):
        for year in years:
            path, body = f"/plans/{voice.ids[key]}/{year}", {"results": plan(agency, demo, agency.people[key], year)}
            told = await voice.call("PUT", "appraisal", path, body, who=key)
            if told["status"] == "proposed":
                superior = agency.judge(key, demo.today, demo.today)
                await voice.call("POST", "appraisal", f"{path}/agree", {"revision": told["revision"]}, who=superior)


def plan(agency: Agency, demo: Demo, person: Person, year: int) -> list[dict[str, Any]]:
    """The work results of somebody's plan, each with its indicators."""
    by_result: dict[str, list[Duty]] = defaultdict(list)
    for duty in agency.position_of(person.key, demo.today).duties:
        by_result[duty.result].append(duty)
    first = datetime(year, 1, 1, tzinfo=UTC)
    return [
        {
            "id": str(derived_id(first, "demo", "work result", agency.code, person.key, result, str(year))),
            "title": result,
            "indicators": [_indicator(agency, person, duty, year) for duty in duties],
        }
        for result, duties in by_result.items()
    ]


def _indicator(agency: Agency, person: Person, duty: Duty, year: int) -> dict[str, Any]:
    return {
        "id": str(indicator_id(agency, person.key, duty.key, year)),
        "title": duty.title,
        "aspect": duty.aspect,
        "target": {"kind": duty.kind, "value": str(duty.target)},
        "direction": duty.direction,
        "measure": duty.measure,
        "unit_label": duty.unit,
        "product": duty.product,
        "competency": duty.linked,
    }


def _instansi(demo: Demo, agency: Agency) -> dict[str, Any]:
    return {
        "name": agency.name,
        "zone": agency.zone,
        "first_day": str(demo.since),
        "holidays": [str(day) for day in holidays(demo.since.year, demo.today.year + 1)],
        # All of the history reaches the system today, and none of it shall count as late.
        "policy": {
            "late_after_working_days": len(working_days(demo.since, demo.today)),
            "verification_grace_working_days": 0,
        },
    }


def _position(position: Any) -> dict[str, Any]:
    return {
        "code": position.code,
        "title": position.title,
        "kind": position.kind,
        "level": position.level,
        "requires": dict(position.requires),
    }


def _roster_row(person: Person, post: Post | None) -> dict[str, Any]:
    row = {
        "nip": person.nip,
        "outside": {_SYSTEM: person.key},
        "name": person.name,
        "kind": person.kind,
        "email": person.email,
    }
    if post is None:
        return row
    return row | {
        "unit_code": post.unit,
        "position_code": post.position,
        "superior_outside": {"system": _SYSTEM, "id": post.superior},
        "assignment_kind": post.kind,
        "valid_from": str(post.first),
        "valid_to": str(post.last) if post.last else None,
    }


def _source(demo: Demo) -> dict[str, str]:
    return {"system": _SYSTEM, "file_hash": hashlib.sha256(f"demo {demo.seed}".encode()).hexdigest()}
