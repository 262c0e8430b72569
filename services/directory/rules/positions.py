"""Positions: kind and level as the law names them, and the competency levels of the standard."""

from collections.abc import Mapping

from services.directory.rules.plan import Plan, Said, describe
from services.directory.rules.records import Known, Position
from shared.errors import Refusal

#: Levels (jenjang) of each kind: UU 5/2014 articles 14, 18 and 19, PP 11/2017.
LEVELS: Mapping[str, tuple[str, ...]] = {
    "JPT": ("Utama", "Madya", "Pratama"),
    "JA": ("Administrator", "Pengawas", "Pelaksana"),
    "JF": (
        "Ahli Utama",
        "Ahli Madya",
        "Ahli Muda",
        "Ahli Pertama",
        "Penyelia",
        "Mahir",
        "Terampil",
        "Pemula",
    ),
}


class PositionUnknown(Refusal):
    """There is no position with this code."""

    code = "position-unknown"
    status = 422


class PositionTwice(Refusal):
    """Two items of a batch describe one position differently."""

    code = "position-twice"
    status = 422


class LevelUnknown(Refusal):
    """The kind of position has no such level."""

    code = "level-unknown"
    status = 422


def plan_positions(known: Known, items: Mapping[int, Said]) -> Plan[Position]:
    """Items say `code` and may say `title`, `kind`, `level` and `requires` (competency code to level 1-5)."""
    keys: dict[int, str] = {index: said["code"] for index, said in items.items()}
    return describe(items, keys, _twice, lambda code, said: _position(known, code, said), believe_first=True)


def _twice() -> Refusal:
    return PositionTwice(
        "Isi jabatan ini berbeda dari baris sebelumnya: samakan. / "
        "This describes the position otherwise than an earlier item: make them agree.",
        field="code",
    )


def _position(known: Known, code: str, said: Said) -> Position:
    id = known.position_id(code)
    old = known.positions.get(id)
    values = {name: said.get(name) or getattr(old, name, None) for name in ("title", "kind", "level")}
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise PositionUnknown(
            "Jabatan belum ada: beri nama, jenis, dan jenjang untuk membuatnya. / "
            "The position is not known: give its title, kind and level to create it.",
            field=missing[0],
        )
    return Position(
        id=id,
        code=code,
        title=str(values["title"]),
        kind=str(values["kind"]),
        level=_level(str(values["kind"]), str(values["level"])),
        requires=dict(said["requires"]) if said.get("requires") is not None else dict(old.requires if old else {}),
    )


def _level(kind: str, written: str) -> str:
    wanted = " ".join(written.replace("-", " ").replace("_", " ").split()).casefold()
    for level in LEVELS[kind]:
        if level.casefold() == wanted:
            return level
    choices = ", ".join(LEVELS[kind])
    raise LevelUnknown(
        f"Jenjang {kind} adalah salah satu dari: {choices}. / The level of {kind} is one of: {choices}.", field="level"
    )
