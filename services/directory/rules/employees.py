"""People: each is one person, by NIP or by an id in another system."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.directory.rules.plan import Plan, Said, describe
from services.directory.rules.records import Employee, Known, People
from shared.errors import Refusal

_OUTSIDE = "outside."


class IdentityMissing(Refusal):
    """A person is recognised by NIP or by an id in another system."""

    code = "identity-missing"
    status = 422


class IdentityConflict(Refusal):
    """The NIP and ids given belong to different people."""

    code = "identity-conflict"
    status = 409


class NipTwice(Refusal):
    """Two items of a batch have one NIP (or outside id) and different data."""

    code = "nip-twice"
    status = 422


class EmployeeUnknown(Refusal):
    """There is no such person in the directory."""

    code = "unknown-employee"
    status = 422


def said_of_outside(outside: Mapping[str, str]) -> dict[str, Any]:
    """Outside ids as fields of their own, so that two items may each say a different system's."""
    return {_OUTSIDE + system: id for system, id in outside.items()}


def outside_of(said: Said) -> dict[str, str]:
    """The outside ids that an item says, by system."""
    return {name.removeprefix(_OUTSIDE): value for name, value in said.items() if name.startswith(_OUTSIDE)}


def person(people: People, field: str, nip: str | None, outside: Mapping[str, str]) -> UUID | None:
    """Who is called so; None when nobody is. IdentityConflict naming `field` when these are different people."""
    found = people.find(nip, outside)
    if len(found) > 1:
        raise IdentityConflict(
            "NIP dan id ini milik orang yang berbeda: periksa keduanya. / "
            "The NIP and ids given belong to different people: check both.",
            field=field,
        )
    return found.pop() if found else None


def plan_employees(known: Known, items: Mapping[int, Said], new_ids: Mapping[int, UUID]) -> Plan[Employee]:
    """Items say `nip` or `outside.<system>`, and may say `name`, `kind`, `email`, `phone`, `language`, `active`.

    `new_ids` holds the id that each item's person gets if the directory does not know them: it must say nothing
    about the person, because it is public.
    """
    ids, refused = _identify(People(known.employees.values()), items, new_ids)
    plan = describe(items, ids, _twice, lambda id, said: _employee(known.employees.get(id), id, said))
    plan.refused |= refused
    return plan


def _identify(
    people: People, items: Mapping[int, Said], new_ids: Mapping[int, UUID]
) -> tuple[dict[int, UUID], dict[int, Refusal]]:
    """Who each item is about; items that share a NIP or an outside id are about the same person."""
    ids: dict[int, UUID] = {}
    refused: dict[int, Refusal] = {}
    for index, said in items.items():
        nip, outside = said.get("nip"), outside_of(said)
        if not nip and not outside:
            refused[index] = IdentityMissing(
                "Isi NIP atau id di sistem lain. / Give the NIP or an id in another system.", field="nip"
            )
            continue
        try:
            ids[index] = person(people, "nip", nip, outside) or new_ids[index]
        except IdentityConflict as refusal:
            refused[index] = refusal
        else:
            people.add(ids[index], nip, outside)
    return ids, refused


def _twice() -> Refusal:
    return NipTwice(
        "Orang ini disebut lebih dari sekali dengan data berbeda: samakan. / "
        "This person is described more than once and differently: make the rows agree.",
        field="nip",
    )


def _employee(old: Employee | None, id: UUID, said: Said) -> Employee:
    def value(name: str, default: Any = None) -> Any:
        told = said.get(name)
        return told if told is not None else getattr(old, name, default)

    if value("name") is None or value("kind") is None:
        raise EmployeeUnknown(
            "Pegawai belum ada: isi nama dan jenisnya untuk mendaftarkan. / "
            "The person is not known: give name and kind to register them.",
            field="name" if value("name") is None else "kind",
        )
    return Employee(
        id=id,
        kind=value("kind"),
        nip=value("nip"),
        name=value("name"),
        email=value("email"),
        phone=value("phone"),
        language=value("language", "id"),
        active=value("active", True),
        outside={**(old.outside if old else {}), **outside_of(said)},
    )
