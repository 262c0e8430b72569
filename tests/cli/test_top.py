"""`kinerja top` of a system behind a proxy: it looks at every replica, and says so where it cannot."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import main

_KNOWN = socket.getaddrinfo


@contextmanager
def _serving(host: str, port: int, answers: dict[str, str]) -> Iterator[int]:
    """A server with these texts by path, any other is not found; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path in answers else 404)
            self.end_headers()
            self.wfile.write(answers.get(self.path, "").encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _process(megabytes: int, more: str = "") -> dict[str, str]:
    return {"/metrics": f"process_resident_memory_bytes {megabytes}e6\n{more}"}


class _Answering(dict[str, str]):
    """The metrics of a process that answers a hundred requests between two looks: 90 within 10 ms, the others within 20."""

    looks = 0

    def get(self, path: str, default: str = "") -> str:  # type: ignore[override]
        self.looks += 1
        buckets = {"0.01": 90, "0.02": 100, "+Inf": 100}
        lines = [f'_bucket{{status="2xx",le="{bound}"}} {count * self.looks}' for bound, count in buckets.items()]
        lines.append(f'_count{{status="2xx"}} {100 * self.looks}')
        return super().get(path, default) + "".join(f"kinerja_http_seconds{line}\n" for line in lines)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A system of one service as the proxy's inside describes it: two replicas of its API and a worker, by two names."""
    with ExitStack() as running:
        port = running.enter_context(_serving("127.0.0.2", 0, _Answering(_process(20))))
        running.enter_context(_serving("127.0.0.3", port, _process(30)))
        running.enter_context(_serving("127.0.0.4", port, _process(40, "kinerja_dead_letters 7\n")))
        index: dict[str, str] = {"/activity/metrics": _process(40)["/metrics"]}
        index["/activity/operations/instansi"] = json.dumps({"instansi": {"medan": {"entries_today": 5}}})
        base = f"http://127.0.0.1:{running.enter_context(_serving('127.0.0.1', 0, index))}"
        told = {"version": "1", "nats": "", "services": {"activity": f"{base}/activity"}}
        told |= {"metrics": [f"http://{{service}}-{half}:{port}" for half in ("api", "worker")]}
        index["/services.json"] = json.dumps(told)
        monkeypatch.setenv("KINERJA_URL", base)
        monkeypatch.setenv("KINERJA_TOKEN", "any")
        yield index


def _names(monkeypatch: pytest.MonkeyPatch, known: dict[str, list[str]]) -> None:
    """What the resolver of the containers would say."""

    def resolve(host: Any, port: Any, *more: Any, **options: Any) -> Any:
        if not str(host).startswith("activity-"):
            return _KNOWN(host, port, *more, **options)
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [each for address in known[host] for each in _KNOWN(address, port, *more, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def _top(*words: str) -> Result:
    return CliRunner().invoke(main, ["top", "--once", "--every", "0.5", *words])


def test_every_replica_behind_the_proxy_counts(proxy: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    _names(monkeypatch, {"activity-api": ["127.0.0.2", "127.0.0.3"], "activity-worker": ["127.0.0.4"]})
    picture = json.loads(_top("--json").stdout)
    told = picture["services"]["activity"]
    assert (told["processes"], told["memory_bytes"], told["dead_letters"]) == (3, 90_000_000, 7)
    assert told["requests_per_second"] > 0
    assert told["p95_ms"] == 15.0  # the 95th of 100 is in the middle of the slower ten
    assert picture["instansi"] == {"medan": {"entries_today": 5}}
    assert "hidden" not in picture


def test_where_the_processes_are_not_reached_it_says_what_is_not_shown(
    proxy: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _names(monkeypatch, {})
    picture = json.loads(_top("--json").stdout)
    assert picture["services"]["activity"]["memory_bytes"] == 40_000_000
    assert "docker compose run --rm kinerja top" in picture["hidden"]
    assert "Requests are not shown" in _top().stdout


def test_where_metrics_are_kept_inside_it_says_so(proxy: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    _names(monkeypatch, {})
    del proxy["/activity/metrics"]
    done = _top()
    assert (done.exit_code, "docker compose run --rm kinerja top" in done.stderr) == (2, True)
