"""Plans come twice, late and out of order; the newest version decides which indicators are known."""

from itertools import permutations

from services.activity.hears_appraisal.handlers import known_indicators
from tests.activity.conftest import Activity
from tests.activity.people import BUDI, SITI, known, plan

OLD, KEPT, NEW = known("old indicator"), known("kept indicator"), known("new indicator")


async def test_the_newest_version_of_a_plan_counts_in_any_order_and_any_split(activity: Activity) -> None:
    messages = [plan(BUDI, OLD), plan(BUDI, OLD, KEPT, version=2), plan(BUDI, KEPT, NEW, version=3)]
    for order in permutations(messages):
        async with activity.worker.transaction() as conn:
            await conn.exec_driver_sql("DELETE FROM heard_plan WHERE employee = $1", (BUDI,))
        await activity.hear_plans(*order[:1])
        await activity.hear_plans(*order[1:], order[0])
        async with activity.worker.transaction() as conn:
            known_now = await known_indicators(conn, "medan", [BUDI])
        assert known_now == {(BUDI, KEPT), (BUDI, NEW)}


async def test_only_the_indicators_of_the_people_asked_for_are_known(activity: Activity) -> None:
    await activity.hear_plans(plan(BUDI, OLD))
    async with activity.worker.transaction() as conn:
        assert await known_indicators(conn, "medan", []) == set()
        assert {who for who, _ in await known_indicators(conn, "medan", [SITI])} == {SITI}
        assert await known_indicators(conn, "jambi", [SITI, BUDI]) == set()
