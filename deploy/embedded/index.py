"""The one address to know: /services.json of the embedded system says where everything is."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


class Index(uvicorn.Server):
    """Serves `content` on 127.0.0.1:`port` and leaves the signals to whoever runs it."""

    def __init__(self, content: Mapping[str, Any], port: int) -> None:
        async def services(_: Request) -> JSONResponse:
            return JSONResponse(dict(content))

        app = Starlette(routes=[Route("/services.json", services)])
        super().__init__(uvicorn.Config(app, "127.0.0.1", port, log_config=None, access_log=False, lifespan="off"))

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing to capture."""
        yield
