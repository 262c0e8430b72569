"""`kinerja down`: stop the embedded system."""

import os
import signal

import click

from cli.system import Unreachable, data_option
from deploy.embedded.data import Data
from deploy.embedded.process import wait_until

_STOP_SECONDS = 60


@click.command()
@data_option
def down(data: Data) -> None:
    """Stop what `kinerja up` started on this data.

    Example: kinerja down --data ./trial
    """
    holder = data.holder()
    if holder is None:
        click.echo(f"Nothing runs on {data.root}.")
        return
    os.kill(holder, signal.SIGTERM)
    if not wait_until(lambda: data.holder() is None, _STOP_SECONDS):
        raise Unreachable(f"Process {holder} did not stop within {_STOP_SECONDS} seconds; see {data.logs}.")
    click.echo("Stopped.")
