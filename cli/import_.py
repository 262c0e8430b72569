"""`kinerja import`: rosters, plans, activity, competency levels and courses out of files."""

import json
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import click

from cli.importing import activity, competencies, courses, plans, roster
from cli.importing.job import Job
from cli.importing.journal import Journal
from cli.importing.mapping import OWN, OWN_REQUIRED, Mapping, load
from cli.importing.sender import Sender
from cli.importing.table import FileRefused, Row, digest, read, write
from cli.importing.tally import Tally, report
from cli.system import CODE, REFUSED_ROWS, Refused, data_option, find
from deploy.embedded.data import Data

_KINDS: dict[str, ModuleType] = {"roster": roster, "plans": plans, "competencies": competencies, "courses": courses}
_ACTIVITY = "activity"


@click.command("import")
@data_option
@click.argument("kind", type=click.Choice([*_KINDS, _ACTIVITY]))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--instansi", type=CODE, help="The agency the rows are about.")
@click.option(
    "--mapping", type=click.Path(path_type=Path), help="YAML: what the columns of another system's export mean."
)
@click.option("--dry-run", is_flag=True, help="Show what would be new, changed, unchanged and absent; change nothing.")
@click.option("--template", is_flag=True, help="Write FILE (.csv or .xlsx) with nothing but the heading.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object: rows, accepted, unchanged, refused, …")
def import_(
    data: Data,
    kind: str,
    file: Path,
    instansi: str | None,
    mapping: Path | None,
    dry_run: bool,
    template: bool,
    as_json: bool,
) -> None:
    """Import the rows of FILE (CSV, also gzipped, or XLSX).

    The same file again changes nothing; an import that was interrupted goes on where it stopped. Refused rows are
    written to <name>.refused.csv with their numbers and reasons, and the exit code is 3.

    Uses KINERJA_TOKEN with the role hr (system to register an agency), else a development token.

    Example: kinerja import roster roster.xlsx --instansi kota-medan --dry-run
    """
    if mapping is not None and kind != _ACTIVITY:
        raise click.UsageError(f"--mapping is for activity; {kind} has the columns that --template writes.")
    try:
        meaning = load(mapping) if mapping else OWN
        if template:
            _write_template(file, kind, meaning)
            return
        if instansi is None:
            raise click.UsageError("--instansi says which agency the rows are about.")
        _import(data, kind, file, instansi, meaning, dry_run, as_json)
    except FileRefused as refused:
        raise Refused(str(refused)) from refused


def _import(data: Data, kind: str, file: Path, instansi: str, mapping: Mapping, dry_run: bool, as_json: bool) -> None:
    file_hash = digest(file)
    rows = mapping.cleaned(read(file, _required(kind, mapping)))
    system = find(data)
    asked = json.dumps([system.url, kind, instansi, file_hash, mapping.model_dump_json()])
    journal = Journal(data.root / "imports" / f"{sha256(asked.encode()).hexdigest()}.jsonl")
    tally = Tally(rows=len(rows), dry_run=dry_run)
    sender = Sender(system, instansi, system.token(instansi, ["hr"]), journal, dry_run=dry_run)
    job = Job(rows, file_hash, sender, tally)
    if kind == _ACTIVITY:
        activity.run(job, mapping)
    else:
        _note_unread(kind, rows)
        _KINDS[kind].run(job)
    if not dry_run:
        journal.close()
    report(tally, file, as_json=as_json)
    if tally.refused:
        raise click.exceptions.Exit(REFUSED_ROWS)


def _required(kind: str, mapping: Mapping) -> list[str]:
    if kind != _ACTIVITY:
        return list(_KINDS[kind].REQUIRED)
    return list(OWN_REQUIRED) if mapping is OWN else mapping.columns()


def _note_unread(kind: str, rows: list[Row]) -> None:
    unread = sorted({name for row in rows[:1] for name in row.values} - set(_KINDS[kind].COLUMNS))
    if unread:
        click.echo(f"Columns that are not read: {', '.join(unread)}", err=True)


def _write_template(file: Path, kind: str, mapping: Mapping) -> None:
    if file.exists():
        raise FileRefused("file-exists", f"{file} exists; name a new file for the template.")
    write(file, list(mapping.columns() if kind == _ACTIVITY else _KINDS[kind].COLUMNS))
    click.echo(f"Written: {file}")
