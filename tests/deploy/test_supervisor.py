"""`kinerja up` keeps everything alive, stops everything, and says what to do when it cannot start."""

import json
import os
import signal
import smtplib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import httpx
import jwt
from nats.js.errors import NotFoundError

from deploy.embedded.data import FORMAT
from deploy.embedded.ports import Ports
from deploy.embedded.process import claim_ports, wait_until
from deploy.services import service_names
from shared.messaging.streams import connect
from shared.testing.system import EmbeddedSystem, kinerja
from shared.testing.waiting import until

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 90


def _pids(system: EmbeddedSystem) -> set[int]:
    return {process["pid"] for process in system.processes().values()}


def _gone(pids: set[int]) -> Callable[[], bool]:
    def gone() -> bool:
        return not any(Path(f"/proc/{pid}").exists() for pid in pids)

    return gone


def test_every_process_that_is_killed_comes_back_with_its_new_process_id(system: EmbeddedSystem) -> None:
    before = system.processes()
    for process in before.values():
        os.kill(process["pid"], signal.SIGKILL)

    def back() -> bool:
        now = system.processes()
        return system.ready() and all(now[name]["pid"] != before[name]["pid"] for name in before)

    assert wait_until(back, _PATIENCE)
    assert [process["restarts"] for process in system.processes().values()] == [1] * len(before)


def test_services_json_names_every_service_and_nats(system: EmbeddedSystem) -> None:
    found = httpx.get(f"http://127.0.0.1:{system.base}/services.json").json()
    names = [
        "activity",
        "appraisal",
        "directory",
        "notification",
        "training",
        "feed",
        "portal",
    ]  # where others know them
    assert found["services"] == {name: f"http://127.0.0.1:{system.base + 1 + n}" for n, name in enumerate(names)}
    assert found["nats"] == f"nats://127.0.0.1:{system.base + 20}"


def test_status_in_json_has_every_service_ready(system: EmbeddedSystem) -> None:
    assert wait_until(system.ready, _PATIENCE)
    done = kinerja("status", "--json", "--data", system.data.root)
    names = sorted(path.parent.name for path in (_ROOT / "services").glob("*/app.py"))
    assert done.returncode == 0
    assert {name: state["ready"] for name, state in json.loads(done.stdout)["services"].items()} == dict.fromkeys(
        names, True
    )


def test_the_system_is_found_by_its_address_too(system: EmbeddedSystem) -> None:
    done = kinerja("status", "--json", KINERJA_URL=f"http://127.0.0.1:{system.base}")
    assert done.returncode == 0
    assert json.loads(done.stdout)["version"]


def test_the_deploy_steps_may_be_run_again(system: EmbeddedSystem) -> None:
    for step in (("migrate",), ("streams", "apply")):
        done = kinerja(*step, "--data", system.data.root)
        assert (done.returncode, done.stderr) == (0, "")


async def test_streams_and_durables_that_somebody_took_away_are_declared_again(system: EmbeddedSystem) -> None:
    login = (f"nats://127.0.0.1:{system.base + 20}", "admin", system.data.nats_secret("admin"))
    client = await connect(*login)
    js = client.jetstream()
    before = {info.name for info in await js.consumers_info("ACTIVITY")}
    await js.delete_stream("ACTIVITY")
    [durable, *_] = [info.name for info in await js.consumers_info("DIRECTORY")]
    await js.delete_consumer("DIRECTORY", str(durable))

    async def back() -> bool:
        try:
            ours = {info.name for info in await js.consumers_info("ACTIVITY")}
            return ours == before and bool(await js.consumer_info("DIRECTORY", str(durable)))
        except NotFoundError:
            return False

    await until(back)
    await client.close()
    assert wait_until(system.ready, _PATIENCE)


def test_three_further_workers_of_each_service_have_a_port_of_their_own_within_the_block() -> None:
    ports = Ports(10_000, service_names(), 3)
    given = [ports.of(service, number) for number in range(4) for service in service_names()]
    taken = {*given, ports.base, ports.nats, ports.postgres, ports.mail}
    assert len(taken) == len(given) + 4
    assert taken <= set(range(10_000, 10_050))


def test_more_workers_than_there_are_ports_for_is_wrong_usage(tmp_path: Path) -> None:
    done = kinerja("up", "--data", tmp_path, "--workers", 4)
    assert done.returncode == 2
    assert "--workers" in done.stderr


def test_a_mail_is_kept_as_a_file_with_its_recipients(system: EmbeddedSystem) -> None:
    with smtplib.SMTP("127.0.0.1", system.base + 22) as client:
        client.sendmail("kinerja@example.test", ["a@example.test", "b@example.test"], "Subject: Halo\r\n\r\nIsi.\r\n")
    (mail,) = system.data.mails.glob("*.eml")
    assert mail.read_bytes() == b"X-Envelope-To: a@example.test, b@example.test\r\nSubject: Halo\r\n\r\nIsi.\r\n"


def test_a_development_token_carries_what_was_asked_for_and_the_systems_signature(system: EmbeddedSystem) -> None:
    person = "01920000-0000-7000-8000-000000000001"
    asked = ("--instansi", "medan", "--employee", person, "--role", "staff", "--role", "hr", "--hours", "2")
    done = kinerja("token", "--data", system.data.root, *asked)
    key = jwt.PyJWKSet.from_json(system.data.jwks.read_text()).keys[0]
    claims = jwt.decode(done.stdout.strip(), key, algorithms=["EdDSA"], audience="kinerja")
    assert (claims["iss"], claims["instansi"], claims["roles"]) == ("kinerja-development", "medan", ["staff", "hr"])
    assert (claims["sub"], claims["employee"]) == (person, person)
    assert 7100 < claims["exp"] - time.time() < 7300


def test_postgres_and_its_secrets_are_for_this_machine_and_user_only(system: EmbeddedSystem) -> None:
    for secret in ("secrets.json", "keys/signing.pem", "keys/system-token", "keys/jwks.json"):
        assert (system.data.root / secret).stat().st_mode & 0o077 == 0
    assert system.data.root.stat().st_mode & 0o077 == 0
    addresses = subprocess.run(["cat", "/proc/net/tcp"], capture_output=True, text=True, check=True).stdout
    listening = {line.split()[1] for line in addresses.splitlines()[1:] if line.split()[3] == "0A"}
    assert f"0100007F:{system.base + 21:04X}" in listening
    assert f"00000000:{system.base + 21:04X}" not in listening


def test_a_second_up_on_the_same_data_says_that_it_runs(system: EmbeddedSystem) -> None:
    done = kinerja("up", "--data", system.data.root, "--port", claim_ports().start)
    assert done.returncode == 2
    assert "already runs" in done.stderr
    assert "kinerja down" in done.stderr


def test_a_busy_port_is_named(system: EmbeddedSystem, tmp_path: Path) -> None:
    done = kinerja("up", "--data", tmp_path / "other", "--port", system.base)
    assert done.returncode == 2
    assert f"Port {system.base} (for services.json) is used" in done.stderr
    assert "--port" in done.stderr


def test_a_killed_supervisor_leaves_nothing_running_and_the_data_in_order(system: EmbeddedSystem) -> None:
    children, holder = _pids(system), system.data.holder()
    assert holder
    os.kill(holder, signal.SIGKILL)
    assert wait_until(_gone({holder, *children}), _PATIENCE)
    system.up()
    assert wait_until(system.ready, _PATIENCE)


async def test_down_stops_everything_and_the_next_up_finds_its_data_and_what_was_to_stay_stopped(
    system: EmbeddedSystem,
) -> None:
    system.data.hold("training", held=True)
    secret = (system.data.root / "postgres" / "superuser-password").read_text()
    address = f"postgresql://postgres:{secret}@127.0.0.1:{system.base + 21}/postgres"
    connection = await asyncpg.connect(address)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    await connection.close()
    children = _pids(system)
    done = kinerja("down", "--data", system.data.root)
    assert (done.returncode, done.stdout) == (0, "Stopped.\n")
    assert _gone(children)()
    assert kinerja("status", "--data", system.data.root).returncode == 4
    system.up()
    connection = await asyncpg.connect(address)
    assert await connection.fetchval("SELECT n FROM kept") == 7
    await connection.close()
    assert system.processes()["training"]["state"] == "stopped"
    system.data.hold("training", held=False)
    assert wait_until(system.ready, _PATIENCE)


def test_data_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "VERSION").write_text(f"{FORMAT + 1}\n")
    done = kinerja("up", "--data", tmp_path)
    assert done.returncode == 2
    assert "newer version" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["VERSION"]


def test_a_directory_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    done = kinerja("up", "--data", tmp_path)
    assert done.returncode == 2
    assert "holds something else" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_detached_up_that_cannot_start_passes_the_reason_on(tmp_path: Path) -> None:
    (tmp_path / "VERSION").write_text(f"{FORMAT + 1}\n")
    done = kinerja("up", "--data", tmp_path, "--detach")
    assert done.returncode == 2
    assert "newer version" in done.stderr


def test_an_address_where_nothing_answers_is_unreachable() -> None:
    done = kinerja("status", KINERJA_URL="http://127.0.0.1:9")
    assert done.returncode == 4
    assert "http://127.0.0.1:9 does not answer" in done.stderr


def test_staff_without_an_employee_is_wrong_usage(tmp_path: Path) -> None:
    done = kinerja("token", "--data", tmp_path, "--instansi", "medan", "--role", "staff")
    assert done.returncode == 2
    assert "--employee" in done.stderr
