"""`kinerja instansi export`: everything of one agency in one archive that others can read and check."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.system import CODE, Refused, chosen, data_option, database_url
from deploy.embedded.data import Data
from deploy.services import service_names
from shared.operations.export import export_instansi
from shared.runtime import VERSION

_README = """What Kinerja held of one agency (instansi).

<service>/<table>.jsonl  one row a line, as JSON in UTF-8, ordered by the table's key; times in UTC; decimals as text
manifest.json            when each service was read, up to where, and each file's rows, bytes, SHA-256 and columns
SHA256SUMS               check the files with: sha256sum -c SHA256SUMS

Each service was read in one snapshot of its database; its position in manifest.json says which. Services hear of one
another a little later: rows of heard_* tables name the version (epoch, version) of the source they know.
events is the record: every other table but texts and the directory's is made from it. texts holds what people wrote;
events name a text by its id and a hash salted with the record's salt in text_salts.
Left out: messages that wait to be sent (they are made again from the record), answers kept for repeated requests,
passwords and sessions of the portal, and secrets shared with other systems.
"""


@click.command()
@data_option
@click.argument("code", type=CODE)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--anonymous", is_flag=True, help="Events and published state only: no names, numbers, contacts, texts.")
@click.option("--service", type=click.Choice(service_names()), help="Only this service.", show_default="all")
def export(data: Data, code: str, file: Path, anonymous: bool, service: str | None) -> None:
    """Write everything of the agency CODE to the archive FILE (ZIP of JSON Lines, with counts and checksums).

    Runs beside people at work; FILE is for its owner only. With --anonymous people are opaque ids, the same ones in every file.

    Example: kinerja instansi export kota-medan kota-medan.zip
    """
    part = file.with_name(file.name + ".part")
    try:
        part.unlink(missing_ok=True)
        with open(part, "xb", opener=_for_its_owner) as written, ZipFile(written, "w", ZIP_DEFLATED) as archive:
            manifest = asyncio.run(_export(data, code, archive, chosen(service), anonymous))
            total = sum(table["rows"] for each in manifest["services"].values() for table in each["tables"].values())
            if not total:
                raise Refused(f"unknown-instansi: nothing is recorded of {code}; see `kinerja instansi list`.")
            _conclude(archive, manifest)
        with part.open("rb") as whole:
            os.fsync(whole.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    click.echo(json.dumps({"instansi": code, "file": str(file), "rows": total}))


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


async def _export(data: Data, code: str, archive: ZipFile, services: list[str], anonymous: bool) -> dict[str, Any]:
    told = {}
    columns = (SpinnerColumn(), TextColumn("{task.description}: {task.completed:,} rows"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for name in services:
            task = progress.add_task(name, total=None)

            def tell(table: str, rows: int, name: str = name, task: Any = task) -> None:
                progress.update(task, advance=rows, description=f"{name}/{table}")

            @contextmanager
            def opened(table: str, name: str = name) -> Iterator[IO[bytes]]:
                with archive.open(f"{name}/{table}.jsonl", "w", force_zip64=True) as file:
                    yield file

            url = database_url(data, name, "worker")
            told[name] = await export_instansi(url, code, opened, tell, anonymous=anonymous)
            progress.update(task, description=name)
            progress.stop_task(task)
    return {"format": "kinerja-export", "version": 1, "program": VERSION, "instansi": code, "anonymous": anonymous} | {
        "services": told
    }


def _conclude(archive: ZipFile, manifest: dict[str, Any]) -> None:
    sums = [
        f"{said['sha256']}  {service}/{table}.jsonl\n"
        for service, each in manifest["services"].items()
        for table, said in each["tables"].items()
    ]
    archive.writestr("manifest.json", json.dumps(manifest, indent=2, default=str))
    archive.writestr("SHA256SUMS", "".join(sums))
    archive.writestr("README.txt", _README)
