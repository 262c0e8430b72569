"""An archive holds what the tables hold, can be checked by anybody, and without people when asked so."""

import asyncio
import hashlib
import json
from pathlib import Path
from zipfile import ZipFile

import asyncpg
import pytest

from deploy.embedded.ports import Ports
from deploy.services import service_names
from tests.cli.office import HEAD, Office, said


def _counted(office: Office) -> dict[str, int]:
    """Rows of this agency by file, counted table by table."""

    async def count(service: str) -> dict[str, int]:
        ports = Ports(office.system.base, [])
        url = office.system.data.database(service, ports.postgres).url("worker").replace("+asyncpg", "")
        conn = await asyncpg.connect(url)
        try:
            tables = await conn.fetch(
                "SELECT table_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)"
                " WHERE table_schema = 'public' AND column_name = 'instansi' AND table_type = 'BASE TABLE'"
                " AND table_name !~ '^(events|inbox)_' AND table_name NOT IN ('outbox', 'idempotency', 'session', 'invitation')"
            )
            return {
                f"{service}/{name}.jsonl": await conn.fetchval(
                    f"SELECT count(*) FROM {name} WHERE instansi = $1", office.code
                )
                for (name,) in tables
            }
        finally:
            await conn.close()

    found: dict[str, int] = {}
    for service in service_names():
        found |= asyncio.run(count(service))
    return found


def test_the_archive_holds_every_row_and_its_checksums_fit(office: Office) -> None:
    before = _counted(office)
    done = office.run("instansi", "export", office.code, "office.zip")
    assert said(done)["rows"] == sum(before.values()) > 50
    assert not Path("office.zip.part").exists()
    assert Path("office.zip").stat().st_mode & 0o777 == 0o600, "it says who people are"
    with ZipFile("office.zip") as archive:
        lines = {name: archive.read(name).splitlines() for name in archive.namelist() if name.endswith(".jsonl")}
        assert {name: len(found) for name, found in lines.items()} == before
        sums = dict(line.split("  ")[::-1] for line in archive.read("SHA256SUMS").decode().splitlines())
        assert {name: hashlib.sha256(archive.read(name)).hexdigest() for name in lines} == sums
        manifest = json.loads(archive.read("manifest.json"))
        assert "sha256sum -c SHA256SUMS" in archive.read("README.txt").decode()
    people = [json.loads(line) for line in lines["directory/employees.jsonl"]]
    assert HEAD in [person["nip"] for person in people]
    quantities = [json.loads(line)["quantity"] for line in lines["activity/entry.jsonl"]]
    assert quantities
    assert all(isinstance(quantity, str) for quantity in quantities), "a decimal would be read as a float"
    position = manifest["services"]["activity"]
    assert (position["epoch"], position["tables"]["entry"]["columns"]["quantity"]) == (1, "numeric")
    assert {"taken_at", "snapshot", "not_yet_told"} <= position.keys()


def test_the_anonymous_archive_names_nobody(office: Office) -> None:
    said(office.run("instansi", "export", office.code, "nobody.zip", "--anonymous"))
    with ZipFile("nobody.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".jsonl")]
        content = b"".join(archive.read(name) for name in names).decode()
    assert {name.split("/")[1] for name in names} == {"events.jsonl", "published.jsonl"}
    people = office.get("directory", "/employees")["items"]
    personal = {person[field] for person in people for field in ("nip", "name", "email") if person[field]}
    assert len(personal) >= 6
    assert [word for word in personal if word in content] == []


@pytest.mark.parametrize("code", ["kota-tiada"])
def test_an_agency_of_which_nothing_is_known_makes_no_file(office: Office, code: str) -> None:
    done = office.run("instansi", "export", code, "none.zip")
    assert (done.exit_code, "unknown-instansi" in done.stderr) == (2, True)
    assert list(Path().iterdir()) == []
