"""A service that answers what a test says: for what a real one does only on a bad day."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cli.system import System
from deploy.embedded.data import Data

#: Takes method, path with query, and body; gives status and JSON.
Answering = Callable[[str, str, Any], tuple[int, Any]]


@contextmanager
def answering(answer: Answering, data: Data) -> Iterator[System]:
    """A system whose every service answers so."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            status, body = answer(self.command, self.path, json.loads(self.rfile.read(length) or "null"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_GET = do_POST = _serve

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield System(url, dict.fromkeys(("directory", "activity", "appraisal", "training"), url), "", "0", data)
    finally:
        server.shutdown()
        server.server_close()
