"""A small kecamatan, entered through the API: a camat over two heads of section, each over their people."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.directory.conftest import Call

NIPS = {
    "camat": "197001011995011001",
    "kasi": "198001012005011001",
    "siti": "199001012015012001",
    "budi": "199101012015011002",
    "other": "198501012010011003",
    "rudi": "199201012016011004",
}
_POSTS = {
    "camat": ("1", "CAMAT", "JA", "Administrator", None),
    "kasi": ("1.1", "KASI", "JA", "Pengawas", "camat"),
    "siti": ("1.1", "STAF", "JA", "Pelaksana", "kasi"),
    "budi": ("1.1", "STAF", "JA", "Pelaksana", "kasi"),
    "other": ("1.2", "KASI", "JA", "Pengawas", "camat"),
    "rudi": ("1.2", "STAF", "JA", "Pelaksana", "other"),
}
START = (datetime.now(UTC) - timedelta(days=100)).date()


@dataclass(frozen=True, slots=True)
class World:
    """Ids by the short names of people, and the way to call."""

    call: Call
    ids: dict[str, UUID]

    async def by(self, who: str, method: str, path: str, body: Any = None, *roles: str) -> Any:
        """Call as a person, staff unless roles are given."""
        return await self.call(method, path, body, roles=roles or ("staff",), employee=self.ids[who])


def row(who: str) -> dict[str, Any]:
    """The roster's row of one of them."""
    unit, position, kind, level, superior = _POSTS[who]
    parent = {} if unit == "1" else {"unit_parent_code": "1"}
    return parent | {
        "nip": NIPS[who],
        "name": f"Nama {who.title()}",
        "kind": "PNS",
        "email": f"{who}@example.org",
        "outside": {"simpeg": f"id-{who}"},
        "unit_code": unit,
        "unit_name": f"Unit {unit}",
        "unit_head": True if position in {"CAMAT", "KASI"} else None,
        "position_code": position,
        "position_title": position.title(),
        "position_kind": kind,
        "position_level": level,
        "superior_nip": NIPS[superior] if superior else None,
        "valid_from": START.isoformat(),
    }


async def build_world(call: Call) -> World:
    """Enter everybody; superiors stand last."""
    people = list(reversed(_POSTS))
    answer = (await call("POST", "/roster/batch", {"items": [row(who) for who in people]})).json()
    assert answer["created"] == len(people), answer
    return World(call, {who: UUID(result["id"]) for who, result in zip(people, answer["results"], strict=True)})
