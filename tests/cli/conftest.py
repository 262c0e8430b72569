"""Agencies in the running system, and a folder of its own for each test."""

from pathlib import Path

import pytest

from shared.testing.system import EmbeddedSystem
from tests.cli.office import SAMPLES, Office, outcome


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _agency(system: EmbeddedSystem, code: str, folder: Path) -> Office:
    office = Office(system, code)
    file = folder / f"{code}.yaml"
    file.write_text((SAMPLES / "instansi.yaml").read_text().replace("kota-contoh", code))
    assert office.run("instansi", "add", file).stdout == f"{code}: created\n"
    return office


@pytest.fixture(scope="session")
def office(running_system: EmbeddedSystem, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An agency with the people, plans and courses of samples/."""
    made = _agency(running_system, "kota-contoh", tmp_path_factory.mktemp("office"))
    for kind, rows in (("roster", 3), ("plans", 2), ("competencies", 2), ("courses", 3), ("activity", 2)):
        assert outcome(made.bring(kind, SAMPLES / f"{kind}.csv")) == (rows, 0, 0)
    return made


@pytest.fixture
def empty(running_system: EmbeddedSystem, tmp_path: Path) -> Office:
    """An agency without anybody."""
    return _agency(running_system, f"kota-{tmp_path.name[-40:].replace('_', '-').lower()}", tmp_path)
