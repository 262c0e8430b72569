"""The service as a process of its own, killed in the middle of an import: nothing lost, nothing twice, everybody told."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
from sqlalchemy import text

from deploy.embedded.nats import Nats
from deploy.embedded.process import free_port
from services.directory.proof import published_is_recorded
from shared.eventstore.database import Database
from shared.messaging.streams import apply, connect
from shared.testing.waiting import until
from shared.web.development import jwks_of
from tests.directory.conftest import KEY, MEDAN, bearer

_ROOT = Path(__file__).resolve().parents[2]
_PEOPLE = 400


def rows() -> list[dict[str, Any]]:
    """Four hundred clerks under one head, who stands last."""
    head = f"19800101200501{_PEOPLE + 1001:04}"
    return [
        {
            "nip": f"19800101200501{n + 1002:04}" if n < _PEOPLE - 1 else head,
            "name": f"Pegawai {n}",
            "kind": "PNS",
            "unit_code": f"U{n % 7}",
            "unit_name": f"Unit {n % 7}",
            "position_code": "P",
            "position_title": "Pelaksana",
            "position_kind": "JA",
            "position_level": "Pelaksana",
            "superior_nip": head if n < _PEOPLE - 1 else None,
            "valid_from": "2026-01-01",
        }
        for n in range(_PEOPLE)
    ]


@asynccontextmanager
async def running(environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """The service, answering; killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.directory",
        cwd=_ROOT,
        env=os.environ | environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def answers() -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                return (await client.get(f"{_address(environment)}/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    try:
        await until(answers, seconds=60)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            await process.wait()


def _address(environment: dict[str, str]) -> str:
    return f"http://127.0.0.1:{environment['KINERJA_PORT']}"


async def enter(environment: dict[str, str], items: list[dict[str, Any]]) -> list[str]:
    """Enter rows of the roster in batches of fifty, those that wait once more at the end."""
    async with httpx.AsyncClient(base_url=_address(environment), trust_env=False, timeout=30) as client:
        answers: dict[int, str] = {}
        for start in [*range(0, _PEOPLE, 50), *range(0, _PEOPLE, 50)]:
            body = {"items": items[start : start + 50]}
            answer = await client.post("/api/v1/medan/roster/batch", json=body, headers=bearer("hr"))
            for offset, result in enumerate(answer.json()["results"]):
                answers[start + offset] = result.get("code") or result["status"]
        return [answers[index] for index in range(_PEOPLE)]


async def on_the_road(nats: Nats) -> dict[str, tuple[int, Any]]:
    """The newest version and content of each source in the stream."""
    client = await connect(nats.url)
    newest: dict[str, tuple[int, Any]] = {}
    js = client.jetstream()
    info = await js.stream_info("DIRECTORY")
    for sequence in range(1, info.state.last_seq + 1):
        message = orjson.loads((await js.get_msg("DIRECTORY", sequence)).data or b"{}")
        newest[message["subject"]] = max(
            newest.get(message["subject"], (0, None)), (message["sourceversion"], message["data"]), key=lambda v: v[0]
        )
    await client.close()
    return newest


async def test_killed_in_an_import_it_loses_nothing_and_the_road_ends_equal_to_the_record(
    addresses: Any, worker: Database, nats_server: Nats, tmp_path: Path
) -> None:
    (tmp_path / "jwks.json").write_bytes(jwks_of(KEY))
    environment = {
        "KINERJA_ENVIRONMENT": "embedded",
        "KINERJA_PORT": str(free_port()),
        "KINERJA_DATABASE_URL_API": addresses.url("api"),
        "KINERJA_DATABASE_URL_WORKER": addresses.url("worker"),
        "KINERJA_NATS_URL": nats_server.url,
        "KINERJA_JWKS": str(tmp_path / "jwks.json"),
    }
    client = await connect(nats_server.url)
    await apply(client.jetstream(), ["directory"], ())
    await client.close()
    async with running(environment) as process:
        async with httpx.AsyncClient(base_url=_address(environment), trust_env=False, timeout=30) as http:
            assert (await http.put("/api/v1/medan/instansi", json=MEDAN, headers=bearer("system"))).status_code == 201
        entering = asyncio.create_task(enter(environment, rows()))

        async def half() -> bool:
            async with worker.transaction() as conn:
                return bool((await conn.execute(text("SELECT count(*) > 100 FROM employees"))).scalar_one())

        await until(half, seconds=60)
        process.send_signal(signal.SIGKILL)
        await asyncio.gather(entering, return_exceptions=True)
    async with running(environment):
        assert set(await enter(environment, rows())) == {"unchanged"}

        async def sent() -> bool:
            async with worker.transaction() as conn:
                return bool((await conn.execute(text("SELECT count(*) = 0 FROM outbox"))).scalar_one())

        await until(sent, seconds=60)
    async with worker.transaction() as conn:
        published = (await conn.execute(text("SELECT source, version, content FROM published"))).all()
        assert (await conn.execute(text("SELECT count(*) FROM employees"))).scalar_one() == _PEOPLE
        assert (await conn.execute(text("SELECT count(*), max(version) FROM assignments"))).one() == (_PEOPLE, 1)
    assert await published_is_recorded(worker, None) == []
    assert await on_the_road(nats_server) == {str(source): (version, content) for source, version, content in published}
