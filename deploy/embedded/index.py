"""The one address to know: where everything is (/services.json), the portal first, and pages about what there is to call and to hear."""

import contextlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.web.asyncapi import feed
from shared.web.pages import messages_page, page


class Index(uvicorn.Server):
    """Serves `content` on 127.0.0.1:`port` and leaves the signals to whoever runs it."""

    def __init__(self, content: Mapping[str, Any], port: int) -> None:
        async def services(_: Request) -> JSONResponse:
            return JSONResponse(dict(content))

        async def front(_: Request) -> Response:
            return page("Kinerja", _front(content["portal"], content["services"]))

        async def told(_: Request) -> Response:
            return JSONResponse(feed(content["version"]))

        async def told_page(_: Request) -> Response:
            return messages_page(feed(content["version"]), "/asyncapi.json")

        async def targets(_: Request) -> JSONResponse:
            return JSONResponse(_targets(content))

        routes = [
            Route("/", front),
            Route("/prometheus.json", targets),
            Route("/services.json", services),
            Route("/asyncapi.json", told),
            Route("/asyncapi", told_page),
        ]
        app = Starlette(routes=routes)
        super().__init__(uvicorn.Config(app, "127.0.0.1", port, log_config=None, access_log=False, lifespan="off"))

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing to capture."""
        yield


def _targets(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every process of every service, as Prometheus asks for what it is to look at."""
    urls = {service: [url, *content["workers"][service]] for service, url in content["services"].items()}
    return [
        {"targets": [url.removeprefix("http://") for url in found], "labels": {"service": service}}
        for service, found in sorted(urls.items())
    ]


def _front(portal: str, services: Mapping[str, str]) -> str:
    rows = "".join(
        f'<tr><th>{escape(name)}</th><td><a href="{escape(url)}/docs">what can be asked</a></td>'
        f'<td><a href="{escape(url)}/asyncapi">what it tells and hears</a></td>'
        f'<td><a href="{escape(url)}/status">status</a></td></tr>'
        for name, url in sorted(services.items())
    )
    return (
        f'<p>People sign in at the <a href="{escape(portal)}/">portal: {escape(portal)}</a></p>'
        '<p><a href="/asyncapi">The public feed</a>: every message, with meaning, example and schema.</p>'
        f'<table>{rows}</table><p><a href="/services.json">Addresses for programs</a></p>'
    )
