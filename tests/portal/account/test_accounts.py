"""Who may give accounts to whom."""

from tests.portal.conftest import PEOPLE, Office


def test_hr_makes_accounts_and_links_but_neither_gives_nor_takes_nor_enters_those_that_see_everybody(
    office: Office,
) -> None:
    def put(who: str, whom: str, **roles: list[str]) -> tuple[int, str]:
        answer = office.agency.ask(who, "portal", "POST", "/accounts", {"nip": PEOPLE[whom][1]} | roles)
        return answer.status_code, answer.json().get("employee", "")

    assert put("budi", "ani")[0] == 403
    status, ani = put("hana", "ani", roles=["leader"])
    assert status == 200
    assert office.agency.ask("hana", "portal", "POST", f"/accounts/{ani}/link", {}).status_code == 200
    assert put("hana", "ani", roles=["hr"])[0] == 403
    assert put("hana", "ani", roles=[])[0] == 200

    audi = put("system", "audi", roles=["auditor"])[1]
    assert put("hana", "audi", roles=[])[0] == 403
    assert put("hana", "audi") == (200, audi)
    for what in ("link", "lock"):
        assert office.agency.ask("hana", "portal", "POST", f"/accounts/{audi}/{what}", {}).status_code == 403
    held = {each["employee"]: each["roles"] for each in office.agency.ask("hana", "portal", "GET", "/accounts").json()}
    assert held[audi] == ["auditor"]
