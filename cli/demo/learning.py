"""What superiors decide beside entries, played by the sample data: ratings, development plans, and confirmed levels."""

from typing import Any

from cli.demo.client import Refusal, Voice
from cli.demo.story import Demo, Rating, Script

_BELOW = "Capaian di bawah ekspektasi; akan dibimbing. [simulasi]"
_CONFIRMED = "Menerapkan hasil pelatihan dalam pekerjaan sehari-hari. [simulasi]"


async def rate(voice: Voice, demo: Demo, script: Script) -> None:
    """Superiors rate the last month: as the story says, else (where they rate all) as the evidence recommends."""
    said = {voice.ids[rating.person]: rating for rating in script.ratings}
    keys = {id: key for key, id in voice.ids.items()}
    for review in await voice.everything("appraisal", "/reviews", who=script.agency.hr, period=str(demo.last)):
        person = keys[review["employee"]]
        rating = said.get(review["employee"])
        if rating is None and script.rates_all and review["recommendation"]:
            rating = Rating(person=person, work_result=review["recommendation"], behaviour="meets")
        if rating is None or review["predicate"] or review["state"] == "closed":
            continue
        body = {"work_result": rating.work_result, "behaviour": rating.behaviour}
        if rating.text or rating.work_result == "below":
            body["text"] = f"{rating.text} [simulasi]" if rating.text else _BELOW
        judge = script.agency.judge(person, demo.last.last_day, demo.today)
        path = f"/reviews/{review['employee']}/{demo.last}/rating"
        await voice.call("POST", "appraisal", path, body, who=judge)


async def learn(voice: Voice, demo: Demo, script: Script) -> None:
    """Superiors approve development plans; courses are completed; superiors confirm levels, as far as each story goes."""
    hr, keys = script.agency.hr, {id: key for key, id in voice.ids.items()}
    for plan in await voice.everything("training", "/development-plans", who=hr, status="proposed"):
        person = keys[plan["employee"]]
        if script.learning[person] != "leave":
            await _approve(voice, demo, script, person, plan)
    needs = await voice.everything("training", "/needs", who=hr)
    wanted = {(n["employee"], n["competency"]): n["required"] or (n["level"] or 0) + 1 for n in needs}
    for enrolment in await voice.everything("training", "/enrolments", who=hr):
        person = keys[enrolment["employee"]]
        stage, begun = script.learning[person], not enrolment["starts"] or enrolment["starts"] <= str(demo.today)
        if stage not in ("complete", "confirm") or not begun:
            continue
        path = f"/enrolments/{enrolment['id']}"
        if enrolment["status"] == "enrolled":
            body = {"on": str(demo.today), "certificate": f"SIMULASI/{script.agency.code}/{enrolment['id'][-12:]}"}
            enrolment = await voice.call("POST", "training", f"{path}/complete", body, who=person)
        if stage == "confirm" and enrolment["status"] == "completed":
            judge = script.agency.judge(person, demo.today, demo.today)
            for competency in enrolment["competencies"]:
                level = {"competency": competency, "level": min(wanted[enrolment["employee"], competency], 5)}
                await voice.call("POST", "training", f"{path}/confirm", level | {"reason": _CONFIRMED}, who=judge)


async def _approve(voice: Voice, demo: Demo, script: Script, person: str, plan: dict[str, Any]) -> None:
    judge = script.agency.judge(person, demo.today, demo.today)
    path = f"/development-plans/{plan['id']}/approve"
    try:
        await voice.call("POST", "training", path, {}, who=judge, version=plan["version"])
    except Refusal as refusal:
        # The catalogue has nothing for it, or the superior decided in an interrupted run.
        if refusal.code not in ("no-course-yet", "plan-not-proposed"):
            raise
