"""`kinerja status`: how every service does."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import click
import httpx
from rich.table import Table

from cli.system import FAILED, System, Unreachable, console, data_option, find
from deploy.embedded.data import Data


@click.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def status(data: Data, as_json: bool) -> None:
    """Show each service: health, version, outbox, consumer lag, dead letters, size, events that no partition was made for.

    Exit codes: 0 all is well, 1 something needs somebody (not ready, dead letters, parked messages), 4 a service does not
    answer.

    Example: kinerja status --json
    """
    system = find(data)
    states = asyncio.run(_ask_all(system))
    wants = [line for name, state in states.items() for line in _wants(name, state)]
    if as_json:
        click.echo(json.dumps({"version": system.version, "services": states, "wants": wants}))
    else:
        console().print(_table(states))
        click.echo("\n" + ("\n".join(wants) or "All is well."))
    silent = [name for name, state in states.items() if not state["reachable"]]
    if silent:
        raise Unreachable(f"No answer from: {', '.join(silent)}.")
    if wants:
        raise click.exceptions.Exit(FAILED)


def _wants(name: str, state: dict[str, Any]) -> list[str]:
    """What of a service needs somebody, and what to do."""
    found = [f"{name}: {reason}" for reason in state.get("reasons", [])]
    if not state["reachable"]:
        found.append(f"{name}: does not answer; see its log, or start it (`kinerja start {name}` if it was stopped)")
    if letters := state.get("dead_letters"):
        found.append(f"{name}: {letters} dead letters: see `kinerja dead-letters list`")
    if parked := state.get("parked"):
        found.append(
            f"{name}: {parked} messages that NATS refused: see `relay.refused` in its log, mend, `kinerja republish`"
        )
    return found


async def _ask_all(system: System) -> dict[str, dict[str, Any]]:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        answers = await asyncio.gather(*(_ask(client, system.processes(name)) for name in system.services))
    return dict(zip(system.services, answers, strict=True))


async def _ask(client: httpx.AsyncClient, urls: Sequence[str]) -> dict[str, Any]:
    """All processes of a service together: ready when all are; what they read in their one database is told once."""
    numbers: dict[str, Any] = {}
    reasons: list[str] = []
    for url in urls:
        try:
            readiness = (await client.get(f"{url}/readyz")).json()
            answer = await client.get(f"{url}/status")
        except (httpx.HTTPError, ValueError):
            return {"reachable": False, "ready": False}
        reasons += readiness["reasons"]
        numbers = (answer.json() if answer.is_success else {}) | numbers
    return {"reachable": True, "ready": not reasons, "reasons": list(dict.fromkeys(reasons)), **numbers}


def _table(states: dict[str, dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    titles = (
        "service",
        "state",
        "version",
        "outbox",
        "age s",
        "parked",
        "dead letters",
        "lag",
        "MB",
        "outside partitions",
    )
    for title in titles:
        table.add_column(
            title, justify="left" if title in ("service", "state") else "right", no_wrap=title == "service"
        )
    for name, state in states.items():
        lag = state.get("lag", {})
        numbers = (state.get(key, "") for key in ("outbox_rows", "outbox_age_seconds", "parked", "dead_letters"))
        outside, size = state.get("outside_partitions", 0), state.get("database_bytes", 0) / 1e6
        table.add_row(
            *(name, _word(state), state.get("version", ""), *map(str, numbers), str(sum(lag.values()) if lag else 0)),
            *(f"{size:,.0f}", f"[yellow]{outside:,}" if outside else "0"),
        )
    return table


def _word(state: dict[str, Any]) -> str:
    if not state["reachable"]:
        return "[red]no answer"
    return "[green]ready" if state["ready"] else "[yellow]not ready"
