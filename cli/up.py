"""`kinerja up`: the embedded system."""

import subprocess
import sys
import time

import click

from cli.system import Unreachable, data_option
from deploy.embedded.data import Data
from deploy.embedded.process import StartError

_START_SECONDS = 300
_MOST_WORKERS = 3


@click.command()
@data_option
@click.option("--port", default=8700, show_default=True, type=click.IntRange(1024, 65500), help="First of the ports.")
@click.option(
    "--workers",
    default=0,
    show_default=True,
    type=click.IntRange(0, _MOST_WORKERS),
    help="So many further workers of each service, which hear and send beside it.",
)
@click.option("--detach", is_flag=True, help="Return when everything is ready and leave it running.")
def up(data: Data, port: int, workers: int, detach: bool) -> None:
    """Start NATS, PostgreSQL and every service on this machine.

    Example: kinerja up --data ./trial --port 9100
    """
    if detach:
        _detach(data, port, workers)
        return
    try:
        with data.claimed():
            from cli.foreground import run  # imports every service: seconds that a refusal need not take

            run(data, port, further_workers=workers)
    except StartError as error:
        raise Unreachable(str(error)) from error


def _detach(data: Data, port: int, workers: int) -> None:
    data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    data.logs.mkdir(mode=0o700, exist_ok=True)
    log = data.logs / "supervisor.log"
    chosen = ("--data", str(data.root)) if data.option == "--data" else ()  # else it has the variable too
    with log.open("ab") as output:
        before = output.tell()
        child = subprocess.Popen(
            [
                *(sys.executable, "-m", "cli.main", "up"),
                *(*chosen, "--port", str(port), "--workers", str(workers)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    end = time.monotonic() + _START_SECONDS
    while child.poll() is None and not _all_ready(data, child.pid, workers) and time.monotonic() < end:
        time.sleep(0.1)
    if child.poll() is not None:
        click.echo(log.read_bytes()[before:].decode(errors="replace").rstrip(), err=True)
        raise click.exceptions.Exit(child.returncode)
    if not _all_ready(data, child.pid, workers):
        child.terminate()
        run = data.run() or {"processes": {}}
        late = ", ".join(
            name for name, process in run["processes"].items() if process["state"] not in ("ready", "stopped")
        )
        raise Unreachable(f"Not ready within {_START_SECONDS} seconds: {late or 'the servers'}; see {data.logs}.")
    portal = (data.run() or {})["portal"]
    click.echo(f"Kinerja runs. Portal: {portal}/")
    click.echo(f"Services: http://127.0.0.1:{port}/services.json (stop all with `kinerja down --data {data.root}`)")


def _all_ready(data: Data, pid: int, workers: int) -> bool:
    run = data.run()
    if run is None or run["pid"] != pid:
        return False
    processes = run["processes"].values()
    expected = (1 + workers) * len(run["services"]) + 2
    return len(processes) == expected and all(process["state"] in ("ready", "stopped") for process in processes)
