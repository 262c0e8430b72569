"""Authorisation: no business route without a token of its instansi, and roles where they are asked for."""

import httpx
import pytest

from tests.shared.web.conftest import SITI, Token

WHO = "/api/v1/medan/things/whoami"


async def test_the_caller_reaches_the_route(client: httpx.AsyncClient, token: Token) -> None:
    answer = await client.get(WHO, headers=token("staff", "leader"))
    assert answer.status_code == 200
    assert answer.json() == {"employee": str(SITI), "roles": ["leader", "staff"], "id": str(SITI)}


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic x"}, {"Authorization": "Bearer"}])
@pytest.mark.parametrize("path", ["/whoami", "", "/5", "/fail/defect"])
async def test_no_route_answers_without_a_token_also_where_its_author_asked_for_none(
    client: httpx.AsyncClient, header: dict[str, str], path: str
) -> None:
    answer = await client.get("/api/v1/medan/things" + path, headers=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "token-missing")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="kinerja"'


async def test_a_refused_token_says_why(client: httpx.AsyncClient, token: Token) -> None:
    answer = await client.get(WHO, headers=token(aud="payroll"))
    assert (answer.status_code, answer.json()["code"]) == (401, "token-invalid")
    assert "audience kinerja" in answer.json()["detail"]
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path", ["/whoami", "", "/5", "/fail/defect", "/fail/not-a-number"])
async def test_a_token_of_another_instansi_is_refused_everywhere(
    client: httpx.AsyncClient, token: Token, path: str
) -> None:
    answer = await client.get("/api/v1/medan/things" + path, headers=token("hr", "system", instansi="jambi"))
    assert (answer.status_code, answer.json()["code"]) == (403, "other-instansi")


async def test_a_system_for_every_instansi_acts_in_that_of_the_path(client: httpx.AsyncClient, token: Token) -> None:
    everywhere = token("system", instansi="*", employee=None)
    for instansi in ("medan", "jambi"):
        answer = await client.get(f"/api/v1/{instansi}/things/hr", headers=everywhere)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("roles", "employee"), [(["hr"], None), (["system", "auditor"], None), (["system"], str(SITI))]
)
async def test_only_a_system_and_nobody_else_may_act_in_every_instansi(
    client: httpx.AsyncClient, token: Token, roles: list[str], employee: str | None
) -> None:
    answer = await client.get(WHO, headers=token(*roles, instansi="*", employee=employee))
    assert (answer.status_code, answer.json()["code"]) == (401, "token-invalid")


async def test_the_other_instansi_is_noticed_before_the_body_is_judged(client: httpx.AsyncClient, token: Token) -> None:
    answer = await client.post("/api/v1/medan/things/batch", json={}, headers=token(instansi="jambi"))
    assert answer.json()["code"] == "other-instansi"


@pytest.mark.parametrize("instansi", ["Medan", "kota_medan", "a" * 64])
async def test_an_impossible_instansi_is_refused(client: httpx.AsyncClient, token: Token, instansi: str) -> None:
    answer = await client.get(f"/api/v1/{instansi}/things/whoami", headers=token())
    assert answer.json()["code"] == "invalid-input"
    assert answer.json()["errors"][0]["field"] == "instansi"


@pytest.mark.parametrize(("roles", "status"), [(["hr"], 200), (["system"], 200), (["staff", "leader"], 403)])
async def test_a_role_is_required_where_the_route_says_so(
    client: httpx.AsyncClient, token: Token, roles: list[str], status: int
) -> None:
    answer = await client.get("/api/v1/medan/things/hr", headers=token(*roles))
    assert answer.status_code == status
    if status == 403:
        assert (answer.json()["code"], answer.json()["roles"]) == ("role-required", ["hr", "system"])


async def test_an_auditor_without_another_role_only_reads(client: httpx.AsyncClient, token: Token) -> None:
    things = "/api/v1/medan/things"
    assert (await client.get(f"{things}/whoami", headers=token("auditor"))).status_code == 200
    answer = await client.post(f"{things}/batch", json={"items": []}, headers=token("auditor"))
    assert (answer.status_code, answer.json()["code"]) == (403, "role-required")
    answer = await client.post(f"{things}/batch", json={"items": []}, headers=token("auditor", "staff"))
    assert answer.status_code == 200


async def test_acting_as_an_employee_needs_one(client: httpx.AsyncClient, token: Token) -> None:
    own = "/api/v1/medan/things/own"
    assert (await client.get(own, headers=token())).json() == str(SITI)
    answer = await client.get(own, headers=token("system", employee=None))
    assert (answer.status_code, answer.json()["code"]) == (403, "employee-required")
