"""Every route refuses the token of another instansi, and writes nothing for it."""

from fastapi.routing import APIRoute

from services.activity.app import SERVICE
from shared.ids import fresh_id
from tests.activity.conftest import Activity
from tests.activity.people import HADI


async def test_every_route_refuses_the_token_of_another_instansi_and_none_at_all(activity: Activity) -> None:
    routes = [route for router in SERVICE.routers for route in router.routes if isinstance(route, APIRoute)]
    assert len(routes) >= 20
    every_role = ("staff", "hr", "leader", "auditor", "system")
    foreign = activity.as_(HADI, *every_role, instansi="jambi")
    for route in routes:
        path = "/api/v1/medan" + route.path.replace("{entry}", str(fresh_id())).replace("{period}", "2024-03")
        for method in route.methods or ():
            answer = await activity.client.request(method, path, headers=foreign, json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "other-instansi"), path
            answer = await activity.client.request(method, path, json={})
            assert (answer.status_code, answer.json()["code"]) == (401, "token-missing"), path
    assert await activity.rows("SELECT 1 FROM events UNION ALL SELECT 1 FROM activity_period") == []
