"""A Prometheus that looks at the watched system."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.embedded.process import claim_ports
from tests.e2e.town import until
from tests.watching.day import Day, day

__all__ = ["day", "prometheus"]

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "monitoring"


def tool(name: str) -> str:
    """Where a program of Debian's package prometheus is; the test fails without it."""
    found = shutil.which(name)
    assert found, f"{name} is missing: run deploy/ci/install.sh, or apt install prometheus"
    return found


class Prometheus:
    """Answers queries."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=30)

    def get(self, path: str, **asked: str) -> Any:
        """What its API answers; AssertionError with its words when that is an error."""
        answer = self._http.get(path, params=asked).json()
        assert answer["status"] == "success", f"{asked}: {answer['error']}"
        return answer["data"]

    def query(self, written: str) -> list[Any]:
        """The series of an instant query."""
        return list(self.get("/query", query=written)["result"])

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            return self._http.get("/status/runtimeinfo").is_success
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="session")
def prometheus(day: Day, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It has looked at every process at least three times, and people asked for something meanwhile."""
    folder = tmp_path_factory.mktemp("prometheus")
    written = (FOLDER / "embedded.yml").read_text().replace("127.0.0.1:8700", f"127.0.0.1:{day.town.system.base}")
    written = re.sub(r"_interval: \w+", "_interval: 1s", written)
    (folder / "prometheus.yml").write_text(written)
    shutil.copy(FOLDER / "alerts.yml", folder)
    port = claim_ports().start
    command = [tool("prometheus"), "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{port}"], cwd=folder, stdout=log, stderr=log
        )
    try:
        server = Prometheus(f"http://127.0.0.1:{port}")
        until(lambda: child.poll() is not None or server.is_up())
        assert child.poll() is None, (folder / "log").read_text()

        def looked() -> bool:
            day.agency.do("rosma", "activity", "GET", "/entries")
            counts = server.query('min(count_over_time(up{job="kinerja"}[5m]))')
            up = server.query('count(up{job="kinerja"} == 1)')
            return bool(counts and float(counts[0]["value"][1]) >= 3 and float(up[0]["value"][1]) == len(day.town.urls))

        until(looked)
        yield server
    finally:
        child.terminate()
        child.wait()
