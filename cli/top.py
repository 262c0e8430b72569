"""`kinerja top`: what every service and every agency does now, live."""

import asyncio
import contextlib
import json
import socket
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import click
import httpx
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli import measured
from cli.measured import Look
from cli.system import Refused, System, Unreachable, console, data_option, find
from deploy.embedded.data import Data
from shared.web.tokens import EVERY_INSTANSI, Role

_COLUMNS = {
    "requests_per_second": "requests/s",
    "errors_per_second": "errors/s",
    "p95_ms": "p95 ms",
    "published_per_second": "sent/s",
    "handled_per_second": "heard/s",
    "outbox_rows": "outbox",
    "outbox_age_seconds": "age s",
    "lag": "lag",
    "dead_letters": "dead",
    "memory_bytes": "MB",
}
_INSIDE = "`docker compose run --rm kinerja top`"
#: Known figures in this order, then whatever else services tell.
_FIGURES = {
    "entries_minute": "entries/min",
    "entries_today": "today",
    "waiting_verification": "to verify",
    "scores_minute": "scores/min",
    "periods_waiting": "periods waiting",
    "mails_waiting": "mails",
    "outbox": "outbox",
}


@click.command()
@data_option
@click.option("--once", is_flag=True, help="Look twice, print, and end.")
@click.option("--json", "as_json", is_flag=True, help="With --once: one JSON object instead of tables.")
@click.option("--every", type=click.FloatRange(0.5, 60), default=2.0, show_default=True, help="Seconds between looks.")
@click.option(
    "--rows", type=click.IntRange(1, 1000), default=20, show_default=True, help="Agencies shown, the busiest first."
)
def top(data: Data, once: bool, as_json: bool, every: float, rows: int) -> None:
    """Watch each service (rates, p95, outbox, lag, dead letters, memory) and each agency (entries, what waits).

    Example: kinerja top --once --json
    """
    if as_json and not once:
        raise click.UsageError("--json needs --once.")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_watch(find(data), once, as_json, every, rows))


async def _watch(system: System, once: bool, as_json: bool, every: float, rows: int) -> None:
    token = system.token(EVERY_INSTANSI, [Role.SYSTEM])
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(timeout=10, trust_env=False, headers=headers) as http:
        before = await _looks(http, system)
        if once:
            await asyncio.sleep(every)
            picture = await _picture(http, system, before, await _looks(http, system))
            click.echo(json.dumps(picture)) if as_json else console().print(_screen(picture, rows))
            if silent := [name for name, state in picture["services"].items() if not state]:
                raise Unreachable(f"No answer from: {', '.join(silent)}.")
            return
        with Live(Text("Looking …"), auto_refresh=False, screen=True) as live:
            while True:
                await asyncio.sleep(every)
                now = await _looks(http, system)
                live.update(_screen(await _picture(http, system, before, now), rows), refresh=True)
                before = now


async def _looks(http: httpx.AsyncClient, system: System) -> dict[str, dict[str, Look]]:
    """Of each service, by address of a process; those that do not answer are missing."""

    async def look(url: str) -> tuple[str, Look] | None:
        try:
            answer = await http.get(f"{url}/metrics")
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise Refused(f"{url} shows its metrics only inside: {_INSIDE}.")
            return url, Look(answer.raise_for_status().text)
        except httpx.HTTPError:
            return None

    async def looks(name: str) -> dict[str, Look]:
        urls = await _replicas(system, name) or system.processes(name)
        return dict(filter(None, await asyncio.gather(*map(look, urls))))

    return dict(zip(system.services, await asyncio.gather(*map(looks, system.services)), strict=True))


async def _replicas(system: System, service: str) -> list[str]:
    """Every process behind a proxy, asked for anew as they come and go; none where their names are not known."""
    found = []
    for url in (httpx.URL(each.format(service=service)) for each in system.metrics):
        with contextlib.suppress(socket.gaierror):
            known = await asyncio.get_running_loop().getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
            found += [str(url.copy_with(host=address[0])) for *_, address in known]
    return found


async def _picture(
    http: httpx.AsyncClient, system: System, before: dict[str, dict[str, Look]], now: dict[str, dict[str, Look]]
) -> dict[str, Any]:
    services = {}
    for name, looks in now.items():
        pairs = [(before[name].get(url, look), look) for url, look in looks.items()]
        services[name] = measured.service(pairs) if pairs else {}
    by_instansi: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for figures in await asyncio.gather(*(_figures(http, system.processes(name)) for name in system.services)):
        for instansi, told in figures.items():
            for figure, value in told.items():
                by_instansi[instansi][figure] += value
    picture = {"at": datetime.now(UTC).isoformat(), "services": services, "instansi": by_instansi}
    if system.metrics and not any([await _replicas(system, name) for name in system.services]):
        picture["hidden"] = (
            f"Requests are not shown: the processes that answer them are reached only inside: {_INSIDE}."
        )
    return picture


async def _figures(http: httpx.AsyncClient, urls: list[str]) -> dict[str, dict[str, int]]:
    """Of the first process that tells any: all of a service read the same database."""
    for url in urls:
        try:
            answer = await http.get(f"{url}/operations/instansi")
        except httpx.HTTPError:
            continue
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise click.UsageError(answer.json()["detail"])
        if answer.is_success and (told := dict(answer.json()["instansi"])):
            return told
    return {}


def _screen(picture: dict[str, Any], rows: int) -> Group:
    hidden = Text(picture.get("hidden", ""), "yellow")
    return Group(_services(picture["services"]), hidden, _agencies(picture["instansi"], rows))


def _services(services: dict[str, dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("service", no_wrap=True)
    for title in _COLUMNS.values():
        table.add_column(title, justify="right")
    for name, state in services.items():
        table.add_row(name, *(_cell(key, state.get(key)) for key in _COLUMNS) if state else [Text("no answer", "red")])
    return table


def _cell(key: str, value: Any) -> Text:
    if value is None:
        return Text("–", "dim")
    written = f"{value / 1e6:,.0f}" if key == "memory_bytes" else f"{value:,.1f}" if value % 1 else f"{value:,.0f}"
    alarming = value and key in ("errors_per_second", "dead_letters")
    return Text(written, "red" if alarming else "" if value else "dim")


def _agencies(by_instansi: dict[str, dict[str, int]], rows: int) -> Table:
    told = {figure for figures in by_instansi.values() for figure in figures}
    shown = {**_FIGURES, **{name: name.replace("_", " ") for name in sorted(told - _FIGURES.keys())}}
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("agency", no_wrap=True)
    for title in shown.values():
        table.add_column(title, justify="right")
    busiest = sorted(by_instansi, key=lambda code: ([-by_instansi[code].get(figure, 0) for figure in shown], code))
    for code in busiest[:rows]:
        table.add_row(code, *(_cell(figure, by_instansi[code].get(figure, 0)) for figure in shown))
    if len(busiest) > rows:
        table.add_row(Text(f"… and {len(busiest) - rows} more: --rows", "dim"))
    return table
