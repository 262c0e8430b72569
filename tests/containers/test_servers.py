"""Tests on servers in containers: a killed run leaves nothing for long, and a run without Docker fails and says why."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import docker
import pytest

from shared.testing import containers

_ROOT = Path(__file__).resolve().parents[2]
_STARTS_ONE = """
import pathlib, sys, time
from shared.testing.containers import ContainerNats

server = ContainerNats(pathlib.Path(sys.argv[1]))
server.start()
print(server.container.get_container_id(), flush=True)
time.sleep(600)
"""


def _there(client: Any, container: str) -> bool:
    return container in [each.id for each in client.containers.list(all=True, ignore_removed=True)]


def test_what_a_killed_run_left_behind_is_removed_by_the_next_and_what_runs_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINERJA_TEST_SERVERS", "containers")
    containers.prepare()
    runs = subprocess.Popen([sys.executable, "-c", _STARTS_ONE, tmp_path], cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    assert runs.stdout is not None
    client, container = docker.from_env(), runs.stdout.readline().strip()
    containers.prepare.__wrapped__()
    assert _there(client, container), "its run is at work"
    runs.send_signal(signal.SIGKILL)
    runs.wait()
    containers.prepare.__wrapped__()
    assert not _there(client, container)
    client.close()


def test_without_docker_the_run_fails_and_says_so() -> None:
    environment = os.environ | {"KINERJA_TEST_SERVERS": "containers", "DOCKER_HOST": "unix:///nowhere.sock"}
    command = [sys.executable, "-m", "pytest", "-q", "tests/shared/eventstore/test_execute.py"]
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Docker refuses to answer" in done.stdout
    assert "passed" not in done.stdout
