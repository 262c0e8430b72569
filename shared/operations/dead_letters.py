"""What people do with messages that could not be processed: look, retry from the row, drop; all of it on record."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.database import Database, is_outage
from shared.messaging.dead_letters import reason_of, said
from shared.messaging.delivery import hand_over
from shared.messaging.envelope import decode
from shared.messaging.streams import Subscription

_WANTED = """
(CAST(:ids AS bigint[]) IS NULL OR id = ANY(:ids)) AND (:settled OR settled_at IS NULL)
AND (CAST(:durable AS text) IS NULL OR durable = :durable) AND (CAST(:instansi AS text) IS NULL OR instansi = :instansi)
AND (CAST(:reason AS text) IS NULL OR reason = :reason)
AND (CAST(:since AS timestamptz) IS NULL OR created_at >= :since)
AND (CAST(:before AS bigint) IS NULL OR id < :before)
AND starts_with(substring(subject FROM '^kinerja[.][^.]*[.](.*)'), :type)
"""
_FIND = text(f"SELECT id FROM dead_letters WHERE {_WANTED} ORDER BY id")
_LIST = text(f"""
SELECT id, durable, instansi, subject, event_id, reason, error, tries, created_at, settled, settled_at
FROM dead_letters WHERE {_WANTED} ORDER BY id DESC LIMIT :limit
""")
_HISTORY = text("""
SELECT letter, durable, action, who, why, at, outcome FROM dead_letter_actions
WHERE (CAST(:letter AS bigint) IS NULL OR letter = :letter) AND (CAST(:since AS timestamptz) IS NULL OR at >= :since)
ORDER BY id DESC LIMIT :limit
""")
_TAKE = text("SELECT * FROM dead_letters WHERE id = :id AND settled_at IS NULL FOR UPDATE SKIP LOCKED")
_NOTED = """
INSERT INTO dead_letter_actions (letter, durable, action, who, why, outcome)
SELECT id, durable, '{action}', :who, :why, {outcome} FROM done RETURNING letter
"""
_SETTLED = (
    "WITH done AS (UPDATE dead_letters SET settled_at = now(), settled = '{how}' WHERE {which} RETURNING id, durable)"
)
_RETRIED = text(_SETTLED.format(how="retried", which="id = :id") + _NOTED.format(action="retry", outcome="'done'"))
_DROP = text(
    _SETTLED.format(how="dropped", which=f"settled_at IS NULL AND {_WANTED}")
    + _NOTED.format(action="drop", outcome="'done'")
)
_READABLE = text("""
SELECT id FROM dead_letters WHERE settled_at IS NULL AND reason = 'version'
AND durable || ' ' || substring(subject FROM '^kinerja[.][^.]*[.](.*)') = ANY(:read) ORDER BY id
""")
_FAILED = text(
    "WITH done AS (UPDATE dead_letters SET tries = tries + 1, error = :error, trace = :trace, reason = :reason"
    " WHERE id = :id AND settled_at IS NULL RETURNING id, durable)" + _NOTED.format(action="retry", outcome=":error")
)


class NoSuchDeadLetter(LookupError):
    """There is no open dead letter of this id."""


class StillDead(Exception):
    """The message failed again; it stays, with the new error."""


class Unheard(StillDead):
    """No handler hears the durable any more."""


@dataclass(frozen=True, slots=True)
class By:
    """Who acts on dead letters, and why."""

    who: str
    why: str | None = None


_UPGRADE = By("worker", "another version of the service left it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which dead letters: those that match everything given. `type` is how the type begins, such as activity.entry."""

    ids: list[int] | None = None
    durable: str | None = None
    instansi: str | None = None
    reason: str | None = None
    type: str = ""
    since: datetime | None = None
    before: int | None = None
    settled: bool = False


async def found(db: Database, wanted: Wanted) -> list[int]:
    """The ids of the wanted letters, the oldest first."""
    async with db.transaction() as conn:
        return list((await conn.execute(_FIND, asdict(wanted))).scalars())


async def listed(db: Database, wanted: Wanted | None = None, *, limit: int = 100) -> list[dict[str, Any]]:
    """The newest wanted letters, without their payloads."""
    async with db.transaction() as conn:
        rows = await conn.execute(_LIST, asdict(wanted or Wanted()) | {"limit": limit})
        return [dict(row) for row in rows.mappings()]


async def shown(db: Database, letter: int) -> dict[str, Any]:
    """One dead letter whole, with what was done about it; raises NoSuchDeadLetter."""
    async with db.transaction() as conn:
        row = (await conn.execute(text("SELECT * FROM dead_letters WHERE id = :id"), {"id": letter})).mappings().first()
    if row is None:
        raise NoSuchDeadLetter(f"no dead letter {letter}")
    return dict(row) | {"actions": await history(db, letter=letter)}


async def history(
    db: Database, *, letter: int | None = None, since: datetime | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """The newest retries and drops: letter, durable, action, who, why, when, outcome."""
    async with db.transaction() as conn:
        rows = await conn.execute(_HISTORY, {"letter": letter, "since": since, "limit": limit})
        return [dict(row) for row in rows.mappings()]


async def retry(db: Database, subscriptions: Sequence[Subscription], letter: int, by: By) -> None:
    """Run the handler from the row and settle it, in one transaction: whoever is killed meanwhile did nothing of it.

    Raises NoSuchDeadLetter when it is settled or in somebody else's hands, Unheard, and StillDead when it fails again:
    then the row has the new error and one try more. An outage is raised as it is and counts as no try.
    """

    async def work(conn: AsyncConnection) -> None:
        row = (await conn.execute(_TAKE, {"id": letter})).mappings().first()
        if row is None:
            raise NoSuchDeadLetter(f"dead letter {letter} is settled, or somebody is at it")
        subscription = next((s for s in subscriptions if s.durable == row["durable"]), None)
        if subscription is None:
            raise Unheard(f"nothing hears {row['durable']} any more: drop it")
        trace = row["headers"].get("traceparent")
        message = decode(bytes(row["payload"]), row["subject"], subscription.messages, trace)
        await hand_over(conn, subscription, [message])
        await conn.execute(_RETRIED, asdict(by) | {"id": letter})

    try:
        await db.run(work)
    except (NoSuchDeadLetter, Unheard):
        raise
    except Exception as error:
        if is_outage(error) and not (isinstance(error, TimeoutError) and await db.answers()):
            raise
        async with db.transaction() as conn:
            await conn.execute(_FAILED, asdict(by) | said(error) | {"id": letter, "reason": reason_of(error)})
        raise StillDead(str(error) or repr(error)) from error


class Leftovers:
    """What another version of the service could not process and this one reads. A process tries each letter once."""

    def __init__(self, subscriptions: Sequence[Subscription]) -> None:
        self._subscriptions, self._failed = subscriptions, set[int]()

    async def process(self, db: Database) -> None:
        """Retry those that wait; one that fails here in its handler is from then on a dead letter like others."""
        read = [
            f"{each.durable} {m.subject('*').split('.', 2)[2]}" for each in self._subscriptions for m in each.messages
        ]
        async with db.transaction() as conn:
            waiting = (await conn.execute(_READABLE, {"read": read})).scalars().all()
        for letter in waiting:
            if letter not in self._failed:
                try:
                    await retry(db, self._subscriptions, letter, _UPGRADE)
                except NoSuchDeadLetter:  # another process is at it
                    continue
                except StillDead:
                    self._failed.add(letter)


async def drop(db: Database, wanted: Wanted, by: By) -> list[int]:
    """Give the wanted letters up; their rows stay, settled. Returns those that were still open."""
    async with db.transaction() as conn:
        return list((await conn.execute(_DROP, asdict(wanted) | asdict(by))).scalars())
