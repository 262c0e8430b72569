"""`kinerja demo`: the embedded system with sample data and a picture of the chain."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console

from cli.demo import accounts
from cli.demo.chain import Chain
from cli.demo.client import Refusal
from cli.demo.people import codes
from cli.demo.picture import Picture
from cli.demo.play import Journal, Play
from cli.demo.story import Demo
from cli.demo.tale import HERO, Tale
from cli.system import REFUSED_ROWS, Refused, System, data_option, find
from deploy.embedded.data import Data

_EMPLOYEES, _DAYS = 300, 92


class _Stopped(click.ClickException):
    """A service refused what the demo wanted."""

    exit_code = REFUSED_ROWS


@click.command()
@data_option
@click.option("--once", is_flag=True, help="End when the chain is idle, and print counts.")
@click.option("--json", "as_json", is_flag=True, help="With --once: the counts as one JSON object on the last line.")
@click.option("--days", type=click.IntRange(1, 366), help=f"Days of work, ending today.  [default: {_DAYS}]")
@click.option("--employees", type=click.IntRange(1, 5000), help=f"Civil servants.  [default: {_EMPLOYEES}]")
@click.option("--port", default=8700, show_default=True, type=click.IntRange(1024, 65500), help="First of the ports.")
def demo(data: Data, once: bool, as_json: bool, days: int | None, employees: int | None, port: int) -> None:
    """Start everything with sample data and show the chain at work.

    Nobody in the data exists, and what superiors decide is played by the data ([simulasi]). Started again on the same data
    it goes on where it stopped and changes nothing that is there.

    Example: kinerja demo --employees 60 --days 20
    """
    if as_json and not once:
        raise click.UsageError("--json goes with --once.")
    started = time.monotonic()
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.default_int_handler)
    ours = data.holder() is None
    try:
        if ours:
            _kinerja("up", "--data", str(data.root), "--port", str(port), "--detach")
        journal = _journal(data, days, employees)
        counts = asyncio.run(_perform(find(data), journal, once=once, started=started))
    except KeyboardInterrupt:
        return
    except BaseExceptionGroup as group:
        raise _told(group) from group
    finally:
        if ours:
            _kinerja("down", "--data", str(data.root))
    if as_json:
        click.echo(json.dumps(counts))
    else:
        click.echo("\n".join(f"{name:<18} {count:>8}" for name, count in counts.items()))


def _kinerja(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "cli.main", *arguments], stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise click.exceptions.Exit(done.returncode)


def _journal(data: Data, days: int | None, employees: int | None) -> Journal:
    """What was played on this data so far. Refused when it was another demo."""
    path = data.root / "demo.json"
    head = {
        "now": datetime.now(UTC).isoformat(),
        "days": days or _DAYS,
        "employees": employees or _EMPLOYEES,
    }
    if not path.exists():
        journal = Journal(path, head)
        journal.keep()
        return journal
    kept = json.loads(path.read_text())
    done = set(kept.pop("done"))
    for name, wanted in (("days", days), ("employees", employees)):
        if wanted not in (None, kept[name]):
            raise Refused(
                f"{data.root} holds a demo with --{name} {kept[name]}; leave the option out or choose another --data."
            )
    return Journal(path, kept, done)


async def _perform(system: System, journal: Journal, *, once: bool, started: float) -> dict[str, Any]:
    head = journal.head
    sample = Demo(now=datetime.fromisoformat(head["now"]), employees=head["employees"], days=head["days"])
    console = Console(stderr=True)
    async with Chain(system, codes()) as chain:
        play = Play(system, sample, journal, chain)
        hero = next(script for script in play.scripts if HERO in script.named)
        tale = Tale(sample, hero, play.voices[hero.agency.code], system.data.mails)
        people = accounts.told(system, sample, hero.agency)
        picture = Picture(console, chain, play, tale, [*people, *_addresses(system)])
        drawing = asyncio.create_task(picture.draw())
        try:
            await play.run()
            seconds = round(time.monotonic() - started, 1)
            if not once:
                await drawing
            await picture.tell()
            console.print("\n".join(people), soft_wrap=True, highlight=False, markup=False)
        finally:
            drawing.cancel()
            with suppress(asyncio.CancelledError):
                await drawing
            await play.close()
        return await _counts(chain) | {"seconds": seconds, "phases": play.seconds}


def _addresses(system: System) -> list[str]:
    services = "   ".join(f"{name} {url}" for name, url in system.services.items())
    return [
        f"Alamat: {system.url}/services.json   {services}",
        f"Surat: {system.data.mails}   Log: {system.data.logs}   Data: {system.data.root}",
    ]


async def _counts(chain: Chain) -> dict[str, Any]:
    """Counted from the public feed and the services, never from what the demo wanted."""
    look, found = await chain.look(), await chain.sources()
    people = [message["data"] for message in found.get("directory.employee", {}).values()]
    entries = [message["data"]["status"] for message in found.get("activity.entry", {}).values()]
    scores = [message["data"]["percent"] for message in found.get("appraisal.score", {}).values()]
    return {
        "instansi": len(found.get("directory.instansi", {})),
        "employees": sum(person["kind"] != "NON_ASN" for person in people),
        "entries": len(entries),
        "verified": entries.count("verified"),
        "scores": sum(percent is not None for percent in scores),
        "gaps": len(found.get("appraisal.gap", {})),
        "development_plans": len(found.get("training.development-plan", {})),
        "enrolments": len(found.get("training.enrolment", {})),
        "notices": look.notices,
        "mails": look.mails.get("sent", 0),
        "dead_letters": look.dead_letters,
    }


def _told(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first cause, as the command line tells it."""
    cause: BaseException = group
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    return _Stopped(str(cause)) if isinstance(cause, Refusal) else cause
