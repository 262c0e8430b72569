"""`kinerja status`: how every service does."""

import asyncio
import json
from typing import Any

import click
import httpx
from rich.console import Console
from rich.table import Table

from cli.system import System, Unreachable, data_option, find
from deploy.embedded.data import Data


@click.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def status(data: Data, as_json: bool) -> None:
    """Show each service: health, version, outbox, consumer lag, dead letters, size, events that no partition was made for.

    Example: kinerja status --json
    """
    system = find(data)
    states = asyncio.run(_ask_all(system))
    if as_json:
        click.echo(json.dumps({"version": system.version, "services": states}))
    else:
        Console().print(_table(states))
    silent = [name for name, state in states.items() if not state["reachable"]]
    if silent:
        raise Unreachable(f"No answer from: {', '.join(silent)}.")


async def _ask_all(system: System) -> dict[str, dict[str, Any]]:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        answers = await asyncio.gather(*(_ask(client, url) for url in system.services.values()))
    return dict(zip(system.services, answers, strict=True))


async def _ask(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    try:
        readiness = (await client.get(f"{url}/readyz")).json()
        answer = await client.get(f"{url}/status")
    except (httpx.HTTPError, ValueError):
        return {"reachable": False, "ready": False}
    numbers = answer.json() if answer.is_success else {}
    return {"reachable": True, **readiness, **numbers}


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
        table.add_column(title, justify="left" if title in ("service", "state") else "right")
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
    return "[green]ready" if state["ready"] else "[yellow]not ready: " + "; ".join(state.get("reasons", []))
