"""What is a NIP, and what a spreadsheet made of one."""

import pytest

from services.directory.rules.nip import NipDamaged, NipMalformed, read_nip


@pytest.mark.parametrize(
    "text",
    ["198704232010011015", " 198704232010011015 ", "19870423 201001 1 015", "'198704232010011015"],
)
def test_eighteen_digits_are_read_however_they_are_spaced(text: str) -> None:
    assert read_nip(text) == "198704232010011015"


@pytest.mark.parametrize(
    "text",
    ["1.98E+17", "1,98E+17", "1.98e17", "1.98704232010011E+17", "198704232010011000", "198704232010011015.0", "2E+17"],
)
def test_a_number_made_by_a_spreadsheet_is_named_as_such(text: str) -> None:
    with pytest.raises(NipDamaged) as refused:
        read_nip(text, "superior_nip")
    assert refused.value.facts == {"field": "superior_nip"}


@pytest.mark.parametrize(
    "text",
    ["19870423201001101", "1987042320100110155", "19870423201001101X", "", "-", "１９８７０４２３２０１００１１０１５"],
)
def test_anything_else_is_malformed_and_not_repeated(text: str) -> None:
    with pytest.raises(NipMalformed) as refused:
        read_nip(text)
    assert not text or text not in refused.value.detail
