"""A description becomes files that the real server accepts; what is wrong with one is said in a line."""

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from deploy.embedded.nats import binary
from deploy.services import service_names
from shared.messaging.streams import connect
from tests.deploy.nats.nodes import describe, login, running

_THREE = """
nodes: [{name: a, host: a.example}, {name: b, host: b.example}, {name: c, host: c.example, port: 5222}]
subscribers:
  payroll: {instansi: [kota-medan], types: [appraisal.score.changed.v1]}
"""


def render(tmp_path: Path, text: str, *more: str) -> str:
    """What is said, and how it ended."""
    file = tmp_path / "description.yaml"
    file.write_text(text)
    done = CliRunner().invoke(main, ["nats", "render", str(file), "--out", str(tmp_path / "out"), *more])
    return f"{done.exit_code} {done.output}"


def env(tmp_path: Path, user: str) -> dict[str, str]:
    lines = (tmp_path / "out" / "clients" / f"{user}.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_three_nodes_are_rendered_and_the_server_accepts_each_file(tmp_path: Path) -> None:
    assert render(tmp_path, _THREE).startswith("0 ")
    for node in "abc":
        checked = subprocess.run(
            [binary(), "-t", "--config", tmp_path / "out" / f"{node}.conf"], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
        assert (tmp_path / "out" / f"{node}.conf").stat().st_mode & 0o777 == 0o600
    assert env(tmp_path, "activity")["KINERJA_NATS_URL"] == (
        "nats://a.example:4222,nats://b.example:4222,nats://c.example:5222"
    )
    assert env(tmp_path, "admin")["KINERJA_NATS_REPLICAS"] == "3"
    users = {path.stem for path in (tmp_path / "out" / "clients").iterdir()}
    assert users == {*service_names(), "admin", "reader", "sys", "payroll"}
    for node in "abc":  # passwords stand in one file only
        assert env(tmp_path, "activity")["KINERJA_NATS_PASSWORD"] not in (tmp_path / "out" / f"{node}.conf").read_text()


def test_passwords_stay_until_they_are_rotated_and_go_with_whom_they_belonged_to(tmp_path: Path) -> None:
    render(tmp_path, _THREE)
    before = {user: env(tmp_path, user) for user in ("activity", "payroll", "admin")}
    render(tmp_path, _THREE, "--rotate", "payroll")
    assert env(tmp_path, "activity") == before["activity"]
    assert env(tmp_path, "payroll")["KINERJA_NATS_PASSWORD"] != before["payroll"]["KINERJA_NATS_PASSWORD"]
    old = env(tmp_path, "payroll")["KINERJA_NATS_PASSWORD"]
    render(tmp_path, "nodes: [{name: a, host: a.example}]")
    assert not (tmp_path / "out" / "clients" / "payroll.env").exists()
    assert not (tmp_path / "out" / "b.conf").exists()
    assert old not in (tmp_path / "out" / "passwords.conf").read_text()
    assert env(tmp_path, "activity")["KINERJA_NATS_PASSWORD"] == before["activity"]["KINERJA_NATS_PASSWORD"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nodes: [", "is no YAML"),
        ("[1]", "keys such as `subscribers`"),
        ("nodes: [{name: a, host: a}, {name: b, host: b}]", "one, three or five nodes"),
        ("subscribers: {activity: {instansi: all, types: [training.enrolment.enrolled.v1]}}", "'activity' is taken"),
        ("subscribers: {x: {instansi: all, types: [appraisal.score.changed]}}", "there are: appraisal.gap.closed.v1"),
        ("subscribers: {x: {instansi: [], types: [appraisal.score.changed.v1]}}", "subscribers.x.instansi"),
        ("subscribers: {x: {instansi: [A*], types: [appraisal.score.changed.v1]}}", "subscribers.x.instansi"),
        ("subscriber: {}", "subscriber: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_description_is_refused_in_a_line(tmp_path: Path, text: str, said: str) -> None:
    told = render(tmp_path, text)
    assert told.startswith("2 Error: ")
    assert said in told
    assert not (tmp_path / "out").exists()


def test_a_user_that_there_is_not_cannot_be_rotated(tmp_path: Path) -> None:
    assert "There is no user 'nobody'" in render(tmp_path, _THREE, "--rotate", "nobody")


async def test_a_single_server_runs_from_its_file(tmp_path: Path) -> None:
    with running(tmp_path, describe(tmp_path)):
        client = await connect(*login(tmp_path, "admin"))
        assert (await client.jetstream().account_info()).streams == 0
        await client.close()
