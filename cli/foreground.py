"""`kinerja up` in the foreground: one screen in a terminal, plain lines elsewhere, until a signal ends it."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deploy.embedded.data import Data
from deploy.embedded.supervisor import Supervisor

_COLOURS = {"ready": "green", "starting": "yellow", "ended": "red", "stopping": "yellow", "stopped": "blue"}


class Changed(Protocol):
    """Told whenever a process starts, ends or becomes ready."""

    def __call__(self, supervisor: Supervisor) -> None: ...


def run(data: Data, port: int, **options: Any) -> None:
    """Start everything, with the supervisor's `options`, and stop it on Ctrl-C, SIGTERM or a closed terminal. DataRefused, StartError."""
    with _screen(Console()) as changed:
        asyncio.run(_until_stopped(Supervisor(data, port, changed, **options)))


async def _until_stopped(supervisor: Supervisor) -> None:
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(supervisor.run())
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        return


@contextmanager
def _screen(console: Console) -> Iterator[Changed]:
    if not console.is_terminal:
        yield _lines(console)
        return
    with Live(Text("Kinerja is starting …"), console=console, auto_refresh=False) as live:
        yield lambda supervisor: live.update(_picture(supervisor), refresh=True)


def _lines(console: Console) -> Changed:
    shown: dict[str, str] = {}

    def changed(supervisor: Supervisor) -> None:
        for process in supervisor.processes:
            if shown.get(process.name) != process.state:
                shown[process.name] = process.state
                console.print(f"{process.name}: {process.state} at {process.url}", soft_wrap=True, highlight=False)

    return changed


def _picture(supervisor: Supervisor) -> Group:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("process", "state", "address", "pid", "restarts"):
        table.add_column(title, justify="right" if title in ("pid", "restarts") else "left")
    for process in supervisor.processes:
        table.add_row(
            process.name,
            Text(process.state, style=_COLOURS[process.state]),
            process.url,
            str(process.child.pid if process.child else ""),
            str(process.restarts or ""),
        )
    base, portal = supervisor.summary["base_url"], Text(f"Portal: {supervisor.summary['portal']}/\n")
    hint = f"\nAddresses: {base}/services.json   Logs: {supervisor.data.logs}   Mails: {supervisor.data.mails}"
    return Group(Text("Kinerja", style="bold"), portal, table, Text(hint + "\nCtrl-C stops everything."))
