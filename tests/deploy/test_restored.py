"""One service's database is put back while the rest of the system goes on, by the commands of the how-to."""

import json
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

import cli.restored
from cli.main import main
from deploy.embedded.data import Data, DataRefused
from deploy.embedded.ports import Ports
from deploy.nats.access import ADMIN
from deploy.services import service_names
from shared.testing.system import EmbeddedSystem


def _run(*arguments: object) -> Result:
    """A command, in this process: the imports of each would take longer than its work."""
    return CliRunner().invoke(main, [str(each) for each in arguments])


def _done(*arguments: object) -> str:
    done = _run(*arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def _add(system: EmbeddedSystem, folder: Path, code: str) -> None:
    file = folder / f"{code}.yaml"
    file.write_text(f"instansi: {code}\nname: Kota {code}\nzone: Asia/Jakarta\nfirst_day: 2026-01-01\n")
    _done("instansi", "add", file, "--data", system.data.root)


def _states(system: EmbeddedSystem) -> dict[str, str]:
    return {name: process["state"] for name, process in system.processes().items()}


def _addresses(system: EmbeddedSystem, service: str) -> dict[str, str]:
    server = system.processes()["postgres"]["port"]
    urls = {role: system.data.database(service, server).url(role) for role in ("owner", "worker")}
    nats = {"URL": system.processes()["nats"]["url"], "USER": ADMIN, "PASSWORD": system.data.nats_secret(ADMIN)}
    return {f"KINERJA_DATABASE_URL_{role.upper()}": url for role, url in urls.items()} | {
        f"KINERJA_NATS_{name}": value for name, value in nats.items()
    }


def test_a_directory_that_was_put_back_is_believed_by_all_and_what_it_lost_is_listed(
    system: EmbeddedSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ("--data", system.data.root)
    _add(system, tmp_path, "kept")
    _done("backup", tmp_path / "base", *data)
    _add(system, tmp_path, "lost")

    # The rehearsal: on another server, from the same backup, while everything runs.
    drilled = json.loads(_done("drill", "--backup", tmp_path / "base", "--json", *data))
    outcomes = drilled["services"]
    assert {name: each["differences"] for name, each in outcomes.items()} == {name: [] for name in service_names()}
    assert {name: each["epoch"] for name, each in outcomes.items()} == dict.fromkeys(service_names(), 2)
    assert outcomes["directory"]["lost"] >= 1
    assert drilled["seconds"].keys() == {"copy", "recover", "prove"}

    refused = _run("restore", "directory", "--backup", tmp_path / "base", *data)
    assert (refused.exit_code, "kinerja stop directory" in refused.output) == (2, True)

    _done("stop", "directory", *data)
    assert _states(system).pop("directory") == "stopped"
    assert {state for name, state in _states(system).items() if name != "directory"} == {"ready"}
    silent = _run("status", *data)
    assert (silent.exit_code, "directory: does not answer" in silent.output) == (4, True), silent.output
    assert "All is well" not in silent.output
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{Ports(system.base, service_names()).url('directory')}/healthz", trust_env=False)
    _done("restore", "directory", "--backup", tmp_path / "base", *data)
    refused = _run("start", "directory", *data)
    assert (refused.exit_code, "kinerja restored directory >> lost.jsonl" in refused.output) == (2, True)

    # It need not wait two minutes until the road forgets the ids of what was lost.
    monkeypatch.setattr(cli.restored, "DUPLICATE_WINDOW_SECONDS", 0)
    lost = [json.loads(line) for line in _done("restored", "directory", *data).splitlines()]
    assert len(lost) == outcomes["directory"]["lost"]
    assert {fact["instansi"] for fact in lost} == {"lost"}

    # As where there is no such data directory: with addresses, and as NATS's admin. Done again it loses nothing more.
    for name, value in _addresses(system, "directory").items():
        monkeypatch.setenv(name, value)
    assert _done("restored", "directory", *data) == ""
    told = _done("events", "--json", *data)
    monkeypatch.undo()
    assert sorted(told.splitlines()) == sorted(_done("events", "--json", *data).splitlines()) != []

    _done("start", "directory", *data)
    assert set(_states(system).values()) == {"ready"}
    found = json.loads(_done("instansi", "list", "--json", *data))
    assert [each["instansi"] for each in found] == ["kept"]
    assert _done("prove", *data).count("as the record says") == len(service_names())

    # Life goes on, and the next restore would be the fourth epoch.
    _add(system, tmp_path, "later")
    again = json.loads(_done("drill", "--json", *data))
    assert again["services"]["directory"]["epoch"] == 4
    assert again["services"]["directory"]["lost"] == 0


def test_a_backup_without_its_log_comes_back_at_one_moment_only(tmp_path: Path) -> None:
    asked = ("--backup", tmp_path, "--until", "2026-11-20T09:30:00")
    done = _run("drill", *asked, "--data", tmp_path / "nothing")
    assert (done.exit_code, "--until needs --archive" in done.output) == (2, True)


def test_a_service_whose_database_is_being_put_back_is_neither_started_nor_put_back_twice(tmp_path: Path) -> None:
    data = Data(tmp_path)
    with pytest.raises(DataRefused, match="kinerja stop activity"), data.kept_held("activity"):
        pass
    data.hold("activity", held=True)
    with data.kept_held("activity"):
        with pytest.raises(DataRefused, match="being restored"), data.kept_held("activity"):
            pass
        with pytest.raises(DataRefused, match="being restored"):
            data.hold("activity", held=False)
        data.note_restore("activity", unknown=True)
    with pytest.raises(DataRefused, match="kinerja restored activity"):
        data.hold("activity", held=False)
    assert data.is_held("activity")
    data.note_restore("activity", unknown=False)
    data.hold("activity", held=False)
    assert not data.is_held("activity")


def test_a_service_of_a_system_that_does_not_run_cannot_be_stopped(tmp_path: Path) -> None:
    done = _run("stop", "activity", "--data", tmp_path)
    assert (done.exit_code, "kinerja up" in done.output) == (4, True)
