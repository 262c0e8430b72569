"""`kinerja stop` and `kinerja start`: one service of the embedded system."""

import time

import click

from cli.system import Unreachable, data_option
from deploy.embedded.data import Data
from deploy.services import service_names

_SECONDS = 300
_service = click.argument("service", type=click.Choice(service_names()))


@click.command()
@data_option
@_service
def stop(data: Data, service: str) -> None:
    """Stop SERVICE, API and workers, and keep it stopped, also over `down` and `up`. The rest of the system goes on.

    It finishes what it has in hand. Returns when it is stopped.

    Example: kinerja stop activity
    """
    _hold(data, service, held=True)
    click.echo(f"{service}: stopped (`kinerja start {service}` starts it again)")


@click.command()
@data_option
@_service
def start(data: Data, service: str) -> None:
    """Start SERVICE again. Returns when it is ready.

    Example: kinerja start activity
    """
    _hold(data, service, held=False)
    click.echo(f"{service}: ready")


def _hold(data: Data, service: str, held: bool) -> None:
    if data.holder() is None:
        raise Unreachable(f"Nothing runs on {data.root}; start it with `kinerja up`.")
    data.hold(service, held)
    end, wanted = time.monotonic() + _SECONDS, "stopped" if held else "ready"
    while not all(state == wanted for state in _states(data, service)):
        if time.monotonic() > end:
            raise Unreachable(f"{service} is not {wanted} after {_SECONDS} seconds; see {data.logs}.")
        time.sleep(0.1)


def is_stopped(data: Data, service: str) -> bool:
    """Whether a service of the running system is to be stopped, and has ended."""
    return data.is_held(service) and all(state == "stopped" for state in _states(data, service))


def _states(data: Data, service: str) -> list[str]:
    """Those of the service itself and of its further workers."""
    processes = (data.run() or {"processes": {}})["processes"]
    return [
        each["state"] for name, each in processes.items() if name == service or name.startswith(f"{service}-worker-")
    ]
