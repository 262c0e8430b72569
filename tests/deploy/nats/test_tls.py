"""Connections are secret, and each side knows whom it speaks to."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from nats.errors import Error as NatsError

from cli.main import main
from shared.messaging.streams import connect
from shared.messaging.subscriber import new_broker, stop_broker
from tests.deploy.nats.authority import Authority
from tests.deploy.nats.nodes import describe, login, running

_SERVICE = """
import asyncio, sys
from shared.messaging.subscriber import new_broker
asyncio.run(new_broker(*sys.argv[1:4], "activity").connect())
"""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "pki")


@pytest.fixture(params=[False, True], ids=["server", "both"])
def verify(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def folder(tmp_path: Path, authority: Authority, verify: bool) -> Iterator[Path]:
    """Rendered files, with the server running."""
    certificate, key = authority.certify("nats-1")
    tls = {"certificate": str(certificate), "key": str(key), "authority": str(authority.file), "verify": verify}
    with running(tmp_path, describe(tmp_path, tls=tls)):
        yield tmp_path


@pytest.mark.parametrize("verify", [False], indirect=True)
async def test_services_and_commands_connect_by_the_authority_that_they_know(
    folder: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINERJA_NATS_CA", str(authority.file))
    assert login(folder, "admin")[0].startswith("tls://")
    admin = await connect(*login(folder, "admin"))
    await admin.jetstream().add_stream(name="ACTIVITY", subjects=["kinerja.*.activity.>"])
    await admin.close()
    url, user, password = login(folder, "activity")
    broker = new_broker(url, user, password, user)
    client = await broker.connect()
    assert (await client.jetstream().publish("kinerja.medan.activity.entry.verified.v1", b"1", timeout=10)).seq == 1
    await stop_broker(broker)


@pytest.mark.parametrize("verify", [False], indirect=True)
async def test_a_server_of_another_authority_is_refused_and_the_reason_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINERJA_NATS_CA", str(Authority(folder / "other").file))
    url, user, password = login(folder, "admin")
    environment = {"KINERJA_NATS_URL": url, "KINERJA_NATS_USER": user, "KINERJA_NATS_PASSWORD": password}
    told = await asyncio.to_thread(CliRunner().invoke, main, ["streams", "apply", "activity"], env=environment)
    assert told.exit_code == 4
    assert "KINERJA_NATS_CA" in told.stderr
    command = [sys.executable, "-c", _SERVICE, *login(folder, "activity")]
    service = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=120)
    assert service.returncode == 70  # whoever runs it starts it again
    assert "certificate verify failed" in service.stdout + service.stderr


@pytest.mark.parametrize("verify", [True], indirect=True)
async def test_a_server_that_verifies_lets_in_who_shows_a_certificate_of_the_authority(
    folder: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINERJA_NATS_CA", str(authority.file))
    with pytest.raises((NatsError, OSError)):
        await connect(*login(folder, "admin"))
    certificate, key = authority.certify("activity")
    monkeypatch.setenv("KINERJA_NATS_CERTIFICATE", str(certificate))
    monkeypatch.setenv("KINERJA_NATS_KEY", str(key))
    client = await connect(*login(folder, "admin"))
    assert client.is_connected
    await client.close()
