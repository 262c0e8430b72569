"""Who of the demo's first agency may sign in at the portal: one person for each thing there is to see."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from cli.demo.client import PATIENCE_SECONDS, Refusal, Voice
from cli.demo.people import Agency, Person
from cli.demo.story import Demo
from cli.demo.tale import HERO
from cli.system import System

#: Letters enough for a password that nobody guesses, and few enough to type.
_LENGTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Somebody to sign in as: what they are for people, and the roles of the account besides staff."""

    title: str
    person: Person
    roles: tuple[str, ...] = ()


def parts(demo: Demo, agency: Agency) -> Sequence[Part]:
    """The staff member of the story, who judges her, the heads of personnel and of the secretariat, and one who only looks."""
    superior = agency.judge(HERO, demo.today, demo.today)
    leader = agency.judge(superior, demo.today, demo.today)
    chosen = {HERO, superior, agency.hr, leader}
    above = {post.superior for person in agency.staff for post in person.posts}
    auditor = next(person for person in reversed(agency.staff) if person.key not in chosen | above)
    people = agency.people
    return (
        Part(title="pegawai", person=people[HERO]),
        Part(title="atasan", person=people[superior]),
        Part(title="kepegawaian (HR)", person=people[agency.hr], roles=("hr",)),
        Part(title="pimpinan", person=people[leader], roles=("leader",)),
        Part(title="auditor", person=auditor, roles=("auditor",)),
    )


def password(system: System) -> str:
    """The password of all of them, made up once for each data directory."""
    return system.data.secret("password of the demo's people")[:_LENGTH]


def told(system: System, demo: Demo, agency: Agency) -> list[str]:
    """Where and as whom to sign in."""
    lines = [f"Portal: {system.portal}/i/{agency.code}/masuk   kata sandi semua orang ini: {password(system)}"]
    return lines + [f"  {each.person.nip}  {each.title}: {each.person.name}" for each in parts(demo, agency)]


async def make(voice: Voice, system: System, demo: Demo, agency: Agency) -> None:
    """Their accounts, each with a password set by its link; who has one already keeps it."""
    async with httpx.AsyncClient(base_url=system.portal, timeout=30, trust_env=False) as browser:
        for each in parts(demo, agency):
            said = {"nip": each.person.nip, "roles": each.roles}
            account = await voice.call("POST", "portal", "/accounts", said, role="system")
            if not account["password_set"]:
                made = await voice.call("POST", "portal", f"/accounts/{account['employee']}/link", role="system")
                await _set(browser, made["path"], password(system))


async def _set(browser: httpx.AsyncClient, path: str, chosen: str) -> None:
    """As the person does it, in the form that the link opens."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = await browser.post(path, data={"password": chosen, "again": chosen})
        if answer.status_code == httpx.codes.SEE_OTHER:
            return
        if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR or time.monotonic() > until:
            raise Refusal(
                "the portal", {"code": answer.status_code, "detail": "the password of an account was not set"}
            )
        await asyncio.sleep(1)
