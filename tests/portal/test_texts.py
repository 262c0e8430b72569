"""Every sentence of the portal is there in English too."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from services.portal import texts
from services.portal.texts import CATALOGUES
from shared.web.messages import Language
from tests.portal.conftest import Office

_PORTAL = CATALOGUES.parent
_METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
_PLACES = re.compile(r"%(?:\((\w+)\))?[sd]")


def _sentences() -> set[str]:
    options = {"**.html": {"trimmed": "true"}}
    words = {"_": None, "N_": None, "t": None, "ngettext": (1, 2), "gettext": None}
    found = extract_from_dir(_PORTAL, _METHODS, options, keywords=words)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def test_every_sentence_has_its_english_and_nothing_is_translated_that_nobody_says() -> None:
    known: dict[str, object] = {}
    for path in (CATALOGUES / "en").glob("*.po"):
        with path.open("rb") as file:
            here = {(m.id if isinstance(m.id, str) else m.id[0]): m.string for m in read_po(file, locale="en") if m.id}
        assert known.keys() & here.keys() == set(), (
            f"{path.name} says what another file says: common.po has what pages share"
        )
        known |= here
    said = _sentences()
    assert said - {sentence for sentence, english in known.items() if english} == set()
    assert set(known) - said == set()
    for sentence, english in known.items():
        assert set(_PLACES.findall(sentence)) == set(_PLACES.findall(str(english))), sentence


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        ("id", ("Senin, 2 Maret 2026", "Maret 2026", "1.234,5")),
        ("en", ("Monday, 2 March 2026", "March 2026", "1,234.5")),
    ],
)
def test_days_months_and_numbers_are_written_as_people_write_them(language: Language, wanted: tuple[str, ...]) -> None:
    written = texts.day("2026-03-02", language), texts.month("2026-03", language), texts.number("1234.50", language)
    assert written == wanted


@pytest.mark.parametrize(
    ("written", "language", "taken"),
    [
        ("2,5", "id", "2.5"),
        ("2.5", "id", "2.5"),
        ("1.200", "id", "1200"),
        ("12.345.678,25", "id", "12345678.25"),
        ("0.125", "id", "0.125"),
        ("1,200", "en", "1200"),
        ("1,200.5", "en", "1200.5"),
        ("1.200", "en", "1.200"),
        ("banyak", "id", "banyak"),
    ],
)
def test_a_number_is_taken_as_the_pages_of_its_language_write_it(written: str, language: Language, taken: str) -> None:
    assert texts.plain(written, language) == taken


def test_no_template_has_a_style_or_a_script_of_its_own() -> None:
    for template in Path(_PORTAL).rglob("*.html"):
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script>", template.read_text()), template.name


def test_whoever_reads_english_changes_nothing_for_whoever_reads_indonesian(office: Office) -> None:
    english = office.browser()
    english.http.headers["Accept-Language"] = "en"
    assert "Sign in" in english.get("masuk").text
    for _ in range(2):
        assert "Masuk" in office.browser().get("masuk").text
        assert "Sign in" in english.get("masuk").text
