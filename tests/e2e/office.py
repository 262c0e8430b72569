"""A small office that tests may treat badly: a superior, two officers and hr; its last month is sealed."""

from dataclasses import dataclass
from typing import Any

from shared.ids import fresh_id
from tests.e2e.story import plan
from tests.e2e.town import Agency, Town, entry, until


@dataclass(frozen=True, slots=True)
class Office:
    """Ids of what there is; `entry` is Ani's, logged today with the quantity 3, and waits."""

    agency: Agency
    nips: dict[str, str]
    unit: str
    indicator: str
    entry: str


def open_office(town: Town, code: str) -> Office:
    """Found it, agree Ani's plan, seal the last month, log one entry; everybody has heard of everything."""
    agency = Agency(town, code, roles={"hana": ("staff", "hr")})
    nips = {"boss": "197001011995011001", "ani": "199001012015012001"}
    nips |= {"budi": "199101012015011002", "hana": "198501012010012003"}
    post = {
        "unit_code": "A",
        "unit_name": "A",
        "position_title": "x",
        "position_kind": "JA",
        "position_level": "Pelaksana",
    }
    roster: dict[str, dict[str, Any]] = {
        who: post
        | {"nip": nip, "name": f"Pegawai {who.title()}", "position_code": "STAF", "superior_nip": nips["boss"]}
        for who, nip in nips.items()
    }
    roster["boss"] |= {"position_code": "KABAG", "position_level": "Administrator", "superior_nip": None}
    policy = {"verification_grace_working_days": 0, "daily_summary_at": "23:59"}
    agency.found({"name": "Kota Uji", "policy": policy}, roster)
    standard = {"code": "STAF", "requires": {"komunikasi": 3}}
    agency.do("hana", "directory", "POST", "/positions/batch", {"items": [standard]})
    [unit] = agency.do("hana", "directory", "GET", "/units")["items"]
    indicator = str(fresh_id())
    source = {"source": {"system": "e-kinerja", "file_hash": "a" * 64}}
    skp = plan(indicator) | source | {"employee": agency.people["ani"], "year": agency.today.year}
    asked = ("hana", "appraisal", "POST", "/imports/plans", {"items": [skp]})
    until(lambda: "unknown-employee" not in agency.ask(*asked).text)
    agency.do("hana", "activity", "POST", f"/periods/{agency.last_month}/seal")
    item = entry(agency.today, "3", indicator)
    log = ("ani", "activity", "POST", "/entries/batch", {"items": [item]})
    until(lambda: "unknown-indicator" not in agency.ask(*log).text)
    town.settle()
    return Office(agency, nips, unit["id"], indicator, item["id"])
