"""The agency itself: PUT by a system, read by everybody who works in it."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory.instansi import queries
from services.directory.rules.agency import Agency, agency
from services.directory.store import InstansiUnknown, changed_by
from shared.calendar import local_date, zone_of
from shared.contracts.directory import Policy
from shared.errors import StaleVersion
from shared.eventstore.decider import Context
from shared.eventstore.outbox import publish_state
from shared.web.auth import requires
from shared.web.concurrency import IfMatch, etag
from shared.web.edge import AnytimeDbDep, ContextDep, DbDep
from shared.web.fields import Body, Day, Line, Number, Whole
from shared.web.paging import Page, PagingDep

router = APIRouter(prefix="/instansi", tags=["instansi"])

SYSTEM = Depends(requires("system"))

Percent = Annotated[Number, Field(ge=0, le=1000, max_digits=6, decimal_places=2)]
Days = Annotated[Whole, Field(ge=0, le=366)]


def _zone(name: str) -> str:
    try:
        return zone_of(name).key
    except ValueError as unknown:
        raise ValueError(
            "pakai WIB, WITA, WIT, UTC, atau nama IANA seperti Asia/Jakarta / "
            "use WIB, WITA, WIT, UTC or an IANA name like Asia/Jakarta"
        ) from unknown


class PolicyIn(Body):
    """What an instansi decides otherwise than before (at first: than the national policy)."""

    period_kind: Literal["month", "quarter"] | None = None
    late_after_working_days: Days | None = None
    verification_grace_working_days: Days | None = None
    gap_threshold_percent: Percent | None = None
    score_above_percent: Percent | None = None
    score_meets_percent: Percent | None = None
    achievement_cap_percent: Percent | None = None
    daily_summary_at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = None


class InstansiIn(Body):
    """An instansi; what is left out stays as it is."""

    name: Line | None = None
    zone: Annotated[str, AfterValidator(_zone)] | None = None
    first_day: Day | None = None
    holidays: Annotated[list[Day], Field(max_length=3000)] | None = None
    policy: PolicyIn | None = None
    effective_from: Day | None = Field(None, description="first day of this change; default: today")


class RulesVersion(BaseModel):
    """What was decided, from which day it holds, when and by whom it was recorded."""

    version: int
    effective_from: date
    zone: str
    first_day: date
    holidays: list[date]
    policy: Policy
    recorded_at: datetime
    recorded_by: str


class InstansiOut(BaseModel):
    """An instansi and the rules in force now; `planned` is the newest version when it holds later."""

    instansi: str
    name: str
    suspended: bool
    rules: RulesVersion
    planned: RulesVersion | None = None


class Suspended(BaseModel):
    """Whether the instansi is suspended, and whether that was new."""

    instansi: str
    suspended: bool
    status: Literal["changed", "unchanged"]


class Changed(BaseModel):
    """What became of a PUT, and the newest version of the rules."""

    instansi: str
    status: Literal["created", "changed", "unchanged"]
    version: int


@router.put("", dependencies=[SYSTEM])
async def put_instansi(
    body: InstansiIn,
    expected: IfMatch,
    context: ContextDep,
    db: DbDep,
    response: Response,
) -> Changed:
    """Register the instansi of the path, or change it. If-Match: the newest version of its rules that you saw."""
    said: dict[str, Any] = body.model_dump(exclude_none=True)

    async def work(conn: AsyncConnection) -> Changed:
        return await _put(conn, context, said, expected)

    changed = await db.run(work, context.instansi)
    response.headers["ETag"] = etag(changed.version)
    response.status_code = 201 if changed.status == "created" else 200
    return changed


async def _put(conn: AsyncConnection, context: Context, said: dict[str, Any], expected: int | None) -> Changed:
    await queries.hold(conn, context.instansi)
    old = await queries.newest(conn, context.instansi)
    version = old.policy.version if old else 0
    if expected is not None and expected != version:
        raise StaleVersion("Data sudah berubah: muat ulang lalu ulangi. / Reload and try again.", version=version)
    zone = str(said.get("zone") or (old.zone if old else "UTC"))
    new = agency(old, said, local_date(context.now, zone))
    if new != old:
        await queries.keep(conn, context.instansi, old, new, _midnight(new), changed_by(context))
        await publish_state(conn, context, await queries.rules_in_force(conn, context.instansi))
    status: Literal["created", "changed", "unchanged"] = (
        "created" if old is None else "unchanged" if new == old else "changed"
    )
    return Changed(instansi=context.instansi, status=status, version=new.policy.version)


@router.post("/suspend", dependencies=[SYSTEM])
async def suspend(context: ContextDep, db: AnytimeDbDep) -> Suspended:
    """From within two seconds on no service accepts a command of the instansi; it is read as before."""
    return await db.run(lambda conn: _suspend(conn, context, suspended=True), context.instansi)


@router.post("/resume", dependencies=[SYSTEM])
async def resume(context: ContextDep, db: AnytimeDbDep) -> Suspended:
    """Commands are accepted again; jobs and mails go on where they stopped."""
    return await db.run(lambda conn: _suspend(conn, context, suspended=False), context.instansi)


async def _suspend(conn: AsyncConnection, context: Context, *, suspended: bool) -> Suspended:
    await queries.hold(conn, context.instansi)
    await _name(conn, context)
    changed = await queries.suspend(conn, context.instansi, suspended, changed_by(context))
    if changed:
        await publish_state(conn, context, await queries.rules_in_force(conn, context.instansi))
    return Suspended(instansi=context.instansi, suspended=suspended, status="changed" if changed else "unchanged")


async def _name(conn: AsyncConnection, context: Context) -> str:
    name = await queries.name_of(conn, context.instansi)
    if name is None:
        raise InstansiUnknown("Instansi belum terdaftar. / The instansi is not registered.")
    return name


def _midnight(of: Agency) -> datetime:
    return datetime.combine(of.effective_from, time(), zone_of(of.zone)).astimezone(UTC)


@router.get("")
async def get_instansi(context: ContextDep, db: DbDep, response: Response) -> InstansiOut:
    """The instansi and its rules."""
    async with db.transaction(context.instansi) as conn:
        name = await _name(conn, context)
        [newest] = await queries.rules(conn, context.instansi, limit=1)
        suspended = await queries.is_suspended(conn, context.instansi)
        in_force = await queries.version_in_force(conn, context.instansi)
        now = newest if in_force == newest["version"] else await queries.rules_version(conn, context.instansi, in_force)
    response.headers["ETag"] = etag(newest["version"])
    return InstansiOut(
        instansi=context.instansi,
        name=name,
        suspended=suspended,
        rules=RulesVersion(**now),
        planned=RulesVersion(**newest) if now is not newest else None,
    )


@router.get("/rules")
async def get_rules(context: ContextDep, db: DbDep, paging: PagingDep) -> Page[RulesVersion]:
    """Every version of the rules, the newest first."""
    after = paging.after(int)
    async with db.transaction(context.instansi) as conn:
        found = await queries.rules(conn, context.instansi, before=after[0] if after else None, limit=paging.limit + 1)
    return paging.page([RulesVersion(**row) for row in found], lambda row: (row.version,))
