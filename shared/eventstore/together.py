"""Single commands that come at the same time share a transaction, and with it one wait for the disk."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Refusal
from shared.eventstore.database import Database, is_outage

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")

MOST = 200


class Together(Generic[I, R]):
    """While a transaction of an instansi is under way its next items gather, and go together in the one after it.

    Nobody waits when nothing is under way, and nobody is answered before the commit. Whoever leaves takes at most their
    own item along. What fails as a group is carried out one by one, so that an item that breaks costs the others nothing.
    """

    def __init__(self, work: Callable[[AsyncConnection, Sequence[I]], Awaitable[Sequence[R | Refusal]]]) -> None:
        """`work` carries out items of one instansi, each accepted or refused by itself; of a refused one nothing stays."""
        self._work = work
        self._waiting: dict[tuple[Database, str], list[tuple[I, asyncio.Future[R]]]] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def do(self, db: Database, instansi: str, item: I) -> R:
        """What became of the item, once that is durable; or its refusal raised."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        gathered = self._waiting.get((db, instansi))
        if gathered is not None:
            gathered.append((item, answer))
        else:
            self._waiting[db, instansi] = [(item, answer)]
            # In a context of its own: the log lines of a group are not those of whoever came first.
            task = asyncio.create_task(self._carry_out(db, instansi), context=Context())
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return await answer

    async def _carry_out(self, db: Database, instansi: str) -> None:
        try:
            while gathered := self._waiting[db, instansi]:
                self._waiting[db, instansi] = gathered[MOST:]
                await self._group(db, instansi, gathered[:MOST])
        finally:
            for _, answer in self._waiting.pop((db, instansi)):
                answer.cancel()

    async def _group(self, db: Database, instansi: str, gathered: Sequence[tuple[I, asyncio.Future[R]]]) -> None:
        group = [(item, answer) for item, answer in gathered if not answer.done()]
        done: Sequence[R | Exception] = []
        try:
            if group:
                done = await db.run(lambda conn: self._work(conn, [item for item, _ in group]), instansi)
        except Exception as error:  # noqa: BLE001 - it is handed to whoever waits for the answer
            if len(group) > 1 and not is_outage(error):
                for one in group:
                    await self._group(db, instansi, [one])
                return
            done = [error] * len(group)
        except BaseException:
            for _, answer in group:
                answer.cancel()
            raise
        for (_, answer), result in zip(group, done, strict=True):
            if answer.done():  # the caller left meanwhile
                continue
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)
