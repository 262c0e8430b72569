"""An agency in a running system, as somebody at the command line meets it."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner, Result

from cli.main import main
from shared.testing.system import EmbeddedSystem

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
HEAD, NURSE = "197203141997032001", "199107222019032003"
ROSTER = (
    *("nip", "name", "kind", "unit_code", "unit_name", "position_code", "position_title", "position_kind"),
    *("position_level", "superior_nip", "assignment_kind", "valid_from", "valid_to"),
)


class Office:
    """One agency of its own in the running system, and the command line in a folder of its own."""

    def __init__(self, system: EmbeddedSystem, code: str) -> None:
        self.system, self.code = system, code

    def run(self, *arguments: object, **environment: str) -> Result:
        """A `kinerja` command on this system."""
        asked = [*map(str, arguments), "--data", str(self.system.data.root)]
        clean: dict[str, str | None] = {name: None for name in os.environ if name.startswith("KINERJA_")}
        return CliRunner().invoke(main, asked, env=clean | environment)

    def bring(self, kind: str, file: Path, *more: object, **environment: str) -> Result:
        """An import for this agency."""
        return self.run("import", kind, file, "--instansi", self.code, "--json", *more, **environment)

    def get(self, service: str, path: str, **params: Any) -> Any:
        """What a service answers hr."""
        with self.system.client(service, self.code, "hr") as client:
            return client.get(path, params=params).raise_for_status().json()

    def client(self, employee: str, service: str) -> httpx.Client:
        """A client of one service with the token of one of its people, staff."""
        return self.system.client(service, self.code, "staff", employee=employee)

    def person(self, nip: str) -> Any:
        """The directory's record of a person."""
        [found] = self.get("directory", "/employees", q=nip)["items"]
        return found

    def traces(self) -> Any:
        """How much is recorded about this agency."""
        return [
            len(self.get(service, path, limit=200)["items"])
            for service, path in (("directory", "/employees"), ("directory", "/units"), ("activity", "/entries"))
        ]


def said(done: Result, code: int = 0) -> dict[str, Any]:
    """The last line of a command that ended so."""
    assert done.exit_code == code, done.output
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def outcome(done: Result, code: int = 0) -> tuple[int, int, int]:
    told = said(done, code)
    return told["accepted"], told["unchanged"], told["refused"]


def refused(file: str) -> list[tuple[int, str]]:
    """Rows and codes in a file of refused rows."""
    with Path(file).open(encoding="utf-8-sig", newline="") as rows:
        return [(int(row["row"]), row["code"]) for row in csv.DictReader(rows)]


def written(name: str, heading: Any, *rows: Any) -> Path:
    with Path(name).open("w", newline="") as file:
        csv.writer(file).writerows([heading, *rows])
    return Path(name)
