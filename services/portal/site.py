"""Everything of the portal that is not under /api: pages, their style and scripts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.routing import Route

from services.portal import static_files
from services.portal.account import pages as account
from services.portal.account.secrets import keyed
from services.portal.backend import ISSUER, Backend
from services.portal.development import pages as development
from services.portal.front import pages as front
from services.portal.hr import pages as hr
from services.portal.inbox import pages as inbox
from services.portal.live import pages as live
from services.portal.offline import pages as offline
from services.portal.performance import pages as performance
from services.portal.survey import pages as survey
from services.portal.team import pages as team
from services.portal.today import pages as today
from services.portal.verify import pages as verify
from services.portal.visit import Page
from shared.web.settings import Settings
from shared.web.tokens import DEVELOPMENT_ISSUER

#: Every folder with pages.
_PAGES = (account, today, performance, development, inbox, verify, offline, live, team, hr, survey, front)


@asynccontextmanager
async def site(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    """The pages, added to the service."""
    addresses = dict(pair.split("=", 1) for pair in settings.services if "=" in pair)
    assert settings.portal_key_file is not None
    issuer = DEVELOPMENT_ISSUER if settings.environment == "embedded" else ISSUER
    backend = Backend(addresses, settings.portal_key_file, issuer)
    app.state.backend, app.state.settings = backend, settings
    app.state.portal_key = keyed(settings.portal_key_file.read_bytes(), "portal")
    for part in _PAGES:
        router = APIRouter(route_class=Page, prefix="/i/{instansi}", include_in_schema=False)
        part.add(router)
        app.include_router(router)
    app.include_router(front.router)
    app.include_router(offline.front)
    app.router.routes.append(Route("/static/{version}/{name}", static_files.serve))
    async with live.telling(app, app.state.db):
        yield
    await backend.close()
