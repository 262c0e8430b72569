"""Work that is not to be kept is done, answered, and gone."""

from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute, load
from shared.ids import fresh_id
from tests.shared.eventstore.counter import COUNTER, Add


async def test_work_that_is_not_kept_is_answered_and_leaves_nothing(api: Database, context: Context) -> None:
    stream = fresh_id()
    [outcome] = await api.run(
        lambda conn: execute(conn, COUNTER, context, [Order(stream, Add(3))]), "medan", keep=False
    )
    assert (outcome.version, outcome.state.total) == (1, 3)
    async with api.transaction("medan") as conn:
        assert (await load(conn, COUNTER, "medan", stream))[0] == 0
