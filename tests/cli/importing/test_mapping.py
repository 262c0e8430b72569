"""A mapping says what an export's columns mean; a wrong one is refused with the key to change."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.importing import mapping
from cli.importing.mapping import OWN, OWN_REQUIRED, Mapping
from cli.importing.table import FileRefused, Row

SAMPLE = Path(__file__).resolve().parents[3] / "samples" / "permit-office.yaml"


def changed(**more: Any) -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load(SAMPLE.read_text())
    return said | more


def load(folder: Path, said: Any) -> Mapping:
    path = folder / "mapping.yaml"
    path.write_text(said if isinstance(said, str) else yaml.safe_dump(said, sort_keys=False))
    return mapping.load(path)


def test_the_sample_names_the_columns_it_reads() -> None:
    assert sorted(mapping.load(SAMPLE).columns()) == [
        "case:concept:name",
        "case:deadline",
        "case:enddate",
        "case:responsible",
        "case:startdate",
        "concept:instance",
        "concept:name",
        "org:group",
        "org:resource",
        "time:timestamp",
    ]


def test_words_for_nothing_become_nothing() -> None:
    [row] = mapping.load(SAMPLE).cleaned([Row(2, {"org:group": "EMPTY", "org:resource": "Resource01"})])
    assert (row.number, row["org:group"], row["org:resource"]) == (2, "", "Resource01")


def test_a_cell_is_a_column_or_the_same_for_every_row(tmp_path: Path) -> None:
    said = changed()
    said["entries"] |= {"quantity": {"constant": 2}, "minutes": "spent"}
    entries = load(tmp_path, said).entries
    assert entries is not None
    row = Row(2, {"spent": "30"})
    assert [mapping.cell(row, where) for where in (entries.quantity, entries.minutes, None)] == ["2", "30", ""]


def test_targets_are_exact_numbers(tmp_path: Path) -> None:
    said = changed()
    said["plan"]["indicators"]["duration"]["target"] = 7.35
    said["plan"]["indicators"]["on-time"]["target"] = "97,5"
    plan = load(tmp_path, said).plan
    assert plan is not None
    assert [i.target for i in plan.indicators.values()] == [Decimal(20), Decimal("97.5"), Decimal("7.35")]


def test_the_columns_of_our_own_template_are_all_read() -> None:
    assert set(OWN_REQUIRED) < set(OWN.columns())
    assert OWN.columns() == [
        *("reference", "nip", "day", "activity", "unit_code", "quantity", "minutes", "description", "indicator")
    ]


def _without(key: str) -> dict[str, Any]:
    return {name: value for name, value in changed().items() if name != key}


def _in(part: str, **more: Any) -> dict[str, Any]:
    return changed(**{part: changed()[part] | more})


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("a: [", "no readable YAML"),
        ("", "mapping: is to have keys"),
        (changed(colour="red"), "colour: is not known; remove it or correct its name"),
        (changed(system="Permit Office"), "system: String should match"),
        (changed(zone="Amsterdam"), "zone: Value error, No time zone 'Amsterdam'"),
        (_without("people"), "people: is missing"),
        (_without("zone"), "an instansi needs the zone"),
        (
            {k: v for k, v in changed().items() if k not in ("entries", "service_records")},
            "say entries, service_records",
        ),
        (_in("entries", employee="who"), "people.columns must hold who"),
        (_in("entries", indicator={"constant": "speed"}), "entries.indicator 'speed' is no indicator of the plan"),
        (_in("entries", quantity={"constant": None}), "entries.quantity"),
        (_in("entries", identity=None), "entries.identity: is to be text; put it in quotes"),
        (_in("instansi", first_day="soon"), "instansi.first_day"),
        (_in("people", called_by="nip"), "register is for people called_by id"),
        (_in("plan", indicators={}), "plan.indicators"),
    ],
)
def test_a_wrong_mapping_is_refused_with_the_key_to_change(tmp_path: Path, said: Any, says: str) -> None:
    with pytest.raises(FileRefused) as refused:
        load(tmp_path, said)
    assert refused.value.code == "mapping-malformed"
    assert says in str(refused.value)


def test_an_ambiguous_target_is_refused(tmp_path: Path) -> None:
    said = changed()
    said["plan"]["indicators"]["on-time"]["target"] = "1.234"
    with pytest.raises(FileRefused, match="may mean 1234 or"):
        load(tmp_path, said)


def test_a_mapping_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="file-unreadable"):
        mapping.load(tmp_path / "none.yaml")
