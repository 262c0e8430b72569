"""python -m bench.idle_api --only api: the application of a service whose one handler does nothing."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from services.activity.entry.api import Told
from services.activity.entry.bodies import NewEntry
from shared.runtime import Service, main
from shared.web.auth import CallerDep, employee_of
from shared.web.concurrency import etag
from shared.web.edge import ContextDep

_router = APIRouter()


@_router.put("/entries/{entry}")
async def log_one(entry: UUID, body: NewEntry, caller: CallerDep, context: ContextDep, response: Response) -> Told:
    """Parsed, authorised and answered as an entry that is logged; nothing is done in between."""
    employee_of(caller)
    response.headers["ETag"] = etag(1)
    response.status_code = 201
    return Told(id=entry, version=1, status="waiting", late=False)


SERVICE = Service(name="idle", title="Kinerja: idle", routers=[_router])

if __name__ == "__main__":
    main(SERVICE)
