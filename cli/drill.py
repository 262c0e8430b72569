"""`kinerja drill`: what a backup would be worth."""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import click
from nats.aio.client import Client
from rich.console import Console
from rich.table import Table

from cli.backup import Source, folder_option, sourced
from cli.events import bodies, reader
from cli.system import FAILED, data_option
from deploy.embedded.data import Data
from deploy.services import load, service_names
from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.operations.rebuild import prove
from shared.operations.restore import Road, look, new_epoch


@dataclass
class Outcome:
    """How one service's database came back."""

    events: int = 0
    newest: str | None = None
    lost: int | None = None
    """Facts on the road that the restored record does not have; None: nobody looked."""
    epoch: int = 0
    """What `kinerja restored` would raise it to."""
    differences: list[str] = field(default_factory=list)


@click.command()
@data_option
@click.option("--backup", type=folder_option, help="A base backup as a data directory.", show_default="one made now")
@sourced
@click.option("--road/--no-road", default=True, show_default=True, help="Look on the road for what would be lost.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.pass_context
def drill(context: click.Context, data: Data, source: Source, road: bool, as_json: bool) -> None:
    """Rehearse a restore: recover a backup on a second server, prove every service there, tell what would be lost.

    Nothing of the running system changes, and nothing stays. Exit code 1 when something differs from the record.

    Example: kinerja drill --backup /restore/base --archive /restore/wal --until 2026-11-20T09:30:00
    """
    began = time.monotonic()
    with source.revived(data) as second:
        copied, recovered = second.copied, time.monotonic() - began - second.copied
        reached, outcomes = asyncio.run(_examine(data, second.socket, road))
        seconds = {"copy": copied, "recover": recovered, "prove": time.monotonic() - began - copied - recovered}
    _report(reached, {name: round(value, 1) for name, value in seconds.items()}, outcomes, as_json)
    if any(outcome.differences for outcome in outcomes.values()):
        context.exit(FAILED)


async def _examine(data: Data, socket: Path, road: bool) -> tuple[datetime | None, dict[str, Outcome]]:
    """The time of the last commit that came back, and each service."""
    admin: Any = await asyncpg.connect(f"postgresql://postgres@/postgres?host={socket}")
    try:
        reached = await admin.fetchval("SELECT pg_last_xact_replay_timestamp()")
        there = {row[0] for row in await admin.fetch("SELECT datname FROM pg_database")}
    finally:
        await admin.close()
    outcomes = {}
    async with reader(data) if road else nullcontext() as client:
        for name in service_names():
            known = name in there
            outcomes[name] = await _service(name, socket, client) if known else Outcome(differences=["no database"])
    return reached, outcomes


async def _service(name: str, socket: Path, client: Client | None) -> Outcome:
    service, outcome = load(name), Outcome()
    db = Database(f"postgresql+asyncpg://{name}_worker@/{name}?host={socket}")
    try:
        async with db.transaction() as conn:
            [[outcome.events, newest]] = await fetch(conn, "SELECT count(*), max(recorded_at) FROM events")
        outcome.newest = newest.isoformat() if newest else None
        found = await prove(db, service.slices, None, patience=0)
        for check in service.proofs:
            found += await check(db, None)
        # What waited in the outbox when the copy was made leaves from the first server.
        outcome.differences = [f"{each.where}: {each.what}" for each in found if each.where != "outbox"]
        told = Road() if client is None else await look(db, bodies(client, name))
        outcome.lost = None if client is None else len(told.lost)
    finally:
        await db.close()
    outcome.epoch = await new_epoch(f"postgresql+asyncpg://{name}_owner@/{name}?host={socket}", told)
    return outcome


def _report(
    reached: datetime | None, seconds: Mapping[str, float], outcomes: Mapping[str, Outcome], as_json: bool
) -> None:
    last = reached.astimezone(UTC).isoformat() if reached else None  # without an archive nothing tells it
    if as_json:
        services = {name: asdict(outcome) for name, outcome in outcomes.items()}
        click.echo(json.dumps({"reached": last, "seconds": seconds, "services": services}))
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("service", "events", "newest", "lost", "next epoch", "differences"):
        table.add_column(title, justify="left" if title in ("service", "newest") else "right")
    for name, each in outcomes.items():
        lost = "not looked" if each.lost is None else str(each.lost)
        table.add_row(name, str(each.events), each.newest or "", lost, str(each.epoch), str(len(each.differences)))
    Console().print(table)
    click.echo(
        (f"Last commit: {last}. " if last else "")
        + "Seconds: "
        + ", ".join(f"{what} {value}" for what, value in seconds.items())
    )
    for name, each in outcomes.items():
        for difference in each.differences[:20]:
            click.echo(f"{name}: {difference}")
