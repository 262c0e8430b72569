"""The `kinerja` command: a table of commands, each imported only when it is used."""

from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

_COMMANDS = {
    "up": ("cli.up", "Start NATS, PostgreSQL and every service on this machine."),
    "down": ("cli.down", "Stop what `up` started."),
    "stop": ("cli.hold", "Stop one service of the embedded system and keep it stopped."),
    "start": ("cli.hold", "Start it again."),
    "demo": ("cli.demo.command", "Start everything with sample data and show the chain at work."),
    "status": ("cli.status", "Show each service: health, version, outbox, lag, dead letters."),
    "top": ("cli.top", "Watch each service and each agency, live."),
    "token": ("cli.token", "Print a development token."),
    "migrate": ("cli.steps", "Deploy step: bring the databases to this version."),
    "streams": ("cli.steps", "Deploy step: declare streams and durables."),
    "nats": ("cli.nats", "Write the configuration of NATS servers."),
    "subscribers": ("cli.subscribers", "Say which systems outside listen, and what each is given."),
    "instansi": ("cli.instansi", "Add, change and list agencies: zone, period, calendar, rules."),
    "account": ("cli.account", "Say who may sign in at the portal, and make links that set a password."),
    "reorganise": ("cli.reorganise", "Merge, split, move and close units from a day on, as a plan says."),
    "import": ("cli.import_", "Import rosters, plans, activity, competency levels and courses out of files."),
    "erase-person": ("cli.erase", "Erase names, contacts and texts of somebody who has left."),
    "events": ("cli.events", "Show the public feed, as an outside system sees it."),
    "dead-letters": ("cli.dead_letters", "List, show, retry or drop what could not be processed."),
    "republish": ("cli.record", "Refill the road from the record."),
    "rebuild": ("cli.record", "Write read models anew from the record."),
    "restored": ("cli.restored", "Deploy step: after a database was put back to an earlier point."),
    "backup": ("cli.backup", "Copy all databases of the embedded system."),
    "restore": ("cli.backup", "Put one service's database back as it is in a backup."),
    "drill": ("cli.drill", "Rehearse a restore on a second server: how long, what is lost, is it as the record says."),
    "provision": ("cli.steps", "Deploy step: give each service its database and roles."),
    "deploy": ("cli.steps", "Deploy step: migrations, streams and durables of one service."),
    "compose": ("cli.compose", "Write what the system in containers needs."),
    "kubernetes": ("cli.kubernetes", "Write the manifests for a cluster."),
    "prove": ("cli.record", "Prove that versions, read models and numbers equal the record."),
}


class _Table(click.Group):
    """Finds a command `x` as the function `x` of its module (`dead-letters` as `dead_letters`, `import` as `import_`)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _ = _COMMANDS[cmd_name]
        function = cmd_name.replace("-", "_") + "_" * iskeyword(cmd_name)
        command = getattr(import_module(module), function)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; whatever keeps it from working is told in a line."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            from cli.system import explained  # what it needs is imported only for this

            told = explained(error, ctx)
            if told is None:
                raise
            raise told from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the table, so that `--help` need not import everything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.command(cls=_Table, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="kinerja")
def main() -> None:
    """Performance management for civil servants, as services.

    Exit codes: 0 all done, 1 some of it failed or differs, 2 wrong usage, 3 some rows were refused, 4 the system does not
    answer.
    """


if __name__ == "__main__":
    main(prog_name="kinerja")
