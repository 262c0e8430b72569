"""Every sentence of the portal is there in English too."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from services.portal import texts
from services.portal.texts import CATALOGUES
from shared.web.messages import Language

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


def test_no_template_has_a_style_or_a_script_of_its_own() -> None:
    for template in Path(_PORTAL).rglob("*.html"):
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script>", template.read_text()), template.name
