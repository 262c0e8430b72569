"""A process that is told to end: unready first, then deaf, and nobody who was let in goes without an answer."""

import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from deploy.embedded.process import free_port, spawn, wait_until
from shared.eventstore.registry import UnknownEvent

_PROCESS = """
import asyncio, sys
from shared.observability.logging import configure_logging
from shared.web.app import create_app
from shared.web.serving import is_stopping, serve
from shared.web.settings import Settings

async def readiness():
    return ["told to end"] if is_stopping(app) else []

async def nothing():
    return {}

app = create_app(name="x", title="x", version="1", routers=[], tokens=None, readiness=readiness, status=nothing)

@app.get("/slow")
async def slow():
    print("in hand", flush=True)
    await asyncio.sleep(2)
    return "done"

configure_logging("x", "INFO")
serve(app, Settings(port=int(sys.argv[1]), drain_seconds=float(sys.argv[2])))
"""


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.parametrize("drain", ["60", "0"])
def test_told_to_end_it_turns_unready_takes_what_comes_for_a_while_and_finishes_what_it_has(
    tmp_path: Path, drain: str
) -> None:
    port, log = free_port(), tmp_path / "log"
    url, command = f"http://127.0.0.1:{port}", [sys.executable, "-c", _PROCESS, str(port)]
    child = spawn([*command, drain], log)
    assert wait_until(lambda: _answers(url), 60), log.read_text()
    pool = ThreadPoolExecutor(1)
    slow = pool.submit(httpx.get, f"{url}/slow", trust_env=False, timeout=60)
    assert wait_until(lambda: "in hand" in log.read_text(), 60)
    child.send_signal(signal.SIGTERM)
    if drain != "0":
        with httpx.Client(trust_env=False) as client:
            assert wait_until(lambda: client.get(f"{url}/readyz").status_code == 503, 60)
            late = client.get(f"{url}/readyz")
        assert late.json()["reasons"] == ["told to end"]
        assert late.headers["connection"] == "close", "the next request is to go elsewhere"
        child.send_signal(signal.SIGTERM)  # again: it does not wait out the minute
    assert slow.result(60).json() == "done"
    assert child.wait(50) == -signal.SIGTERM, "in order, and not killed"
    assert "Application shutdown complete" in log.read_text()


async def test_a_record_that_only_a_newer_version_can_read_asks_to_come_back(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    @app.get("/newer")
    async def newer() -> None:
        raise UnknownEvent("unknown event entry.doubled: this program is older than the data")

    answer = await client.get("/newer")
    assert (answer.status_code, answer.json()["code"]) == (503, "record-newer")
    assert answer.headers["retry-after"] == "5"
