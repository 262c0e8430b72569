"""What is known of a person's development, from appraisal and training; each part is missing alone when its service is away."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.portal.verify.reading import each, indicators, whole
from services.portal.visit import Visit


@dataclass(frozen=True, slots=True)
class Development:
    """Gaps with their causes (those training knows while appraisal is away), the newest plan, enrolments, JP of the year,
    titles of courses and indicators by their ids, and courses that raise a competency. None: not known now."""

    gaps: list[dict[str, Any]] | None
    plan: dict[str, Any] | None
    enrolments: list[dict[str, Any]] | None
    hours: dict[str, Any] | None
    titles: Mapping[str, str]
    indicators: Mapping[str, Mapping[str, Any]]
    courses: Mapping[str, list[dict[str, Any]]]


async def development_of(visit: Visit, person: UUID) -> Development:
    """All of it."""
    whose = str(person)
    gaps, needs, plans, enrolments, hours = await asyncio.gather(
        whole(visit, "appraisal", "/gaps", employee=whose),
        whole(visit, "training", "/needs", employee=whose),
        whole(visit, "training", "/development-plans", employee=whose),
        whole(visit, "training", "/enrolments", employee=whose),
        visit.part("training", f"/employees/{person}/jp"),
    )
    known = needs if gaps is None else gaps
    newest = max(plans or (), key=lambda plan: (plan["year"], plan["changed_at"]), default=None)
    plan = await visit.part("training", f"/development-plans/{newest['id']}") if newest else None
    courses = await _courses(visit, plan, enrolments or ())
    titles = {course["id"]: course["title"] for some in courses.values() for course in some}
    planned = {item["course"]: item["course_title"] for item in (plan or {"items": ()})["items"] if item["course"]}
    return Development(
        gaps=known,
        plan=plan,
        enrolments=sorted(enrolments, key=_next_first) if enrolments is not None else None,
        hours=hours,
        titles=titles | planned,
        indicators=await indicators(visit, _years(whose, known or ())),
        courses=courses,
    )


async def _courses(
    visit: Visit, plan: Mapping[str, Any] | None, enrolments: Iterable[Mapping[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """The courses on offer for each competency that the plan or an enrolment is about."""
    wanted = {item["competency"] for item in plan["items"]} if plan else set()
    wanted |= {competency for enrolment in enrolments for competency in enrolment["competencies"]}
    names = sorted(wanted)
    found = await each(lambda competency: whole(visit, "training", "/courses", competency=competency), names)
    return {competency: some or [] for competency, some in zip(names, found, strict=True)}


def _years(person: str, gaps: Iterable[Mapping[str, Any]]) -> set[tuple[str, int]]:
    """The plans whose indicators the causes name."""
    causes = [cause for gap in gaps for cause in gap["causes"] if cause.get("indicator") and cause.get("period")]
    return {(person, int(cause["period"][:4])) for cause in causes}


def _next_first(enrolment: Mapping[str, Any]) -> tuple[bool, str]:
    """Those that are still to be taken come first, in the order of their start."""
    return enrolment["status"] != "enrolled", enrolment["starts"] or "9999"
