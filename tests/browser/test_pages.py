"""Every page: nothing that axe-core finds, nothing that sticks out at 320 pixels, in both languages, light and dark."""

from typing import Any

import pytest

from tests.browser.conftest import DESK, PHONE, Session

#: Pages with who looks at them; `None` is nobody.
PAGES = [
    ("masuk", None),
    ("hari-ini", "budi"),
    ("kinerja", "budi"),
    ("kotak-masuk", "budi"),
    ("verifikasi", "camat"),
    ("hari-ini", "audi"),
]
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_FIND = """async rules => (await axe.run(document, rules)).violations.map(
    each => each.id + ': ' + each.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | '))"""


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(("address", "who"), PAGES)
def test_axe_finds_nothing(signed_in: Session, axe: str, address: str, who: str | None, language: str) -> None:
    for device, scheme in ((PHONE, "light"), (DESK, "dark")):
        page = signed_in(who, device, color_scheme=scheme, bypass_csp=True)
        page.set_extra_http_headers({"Accept-Language": language})
        page.goto(address)
        page.evaluate(axe)
        found: list[Any] = page.evaluate(_FIND, _RULES)
        assert found == [], (address, language, scheme)


@pytest.mark.parametrize(("address", "who"), PAGES)
def test_nothing_sticks_out_on_the_smallest_phone_with_text_at_twice_its_size(
    signed_in: Session, address: str, who: str | None
) -> None:
    page = signed_in(who, {"viewport": {"width": 320, "height": 640}})
    page.goto(address)
    for size in ("100%", "200%"):
        page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 320, (address, size)
