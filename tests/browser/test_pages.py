"""Every page: nothing that axe-core finds, nothing that sticks out at 320 pixels, in both languages, light and dark."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESK, PHONE, Session
from tests.browser.pages import Scene, routes
from tests.portal.conftest import Office

_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_AXE = """async rules => (await axe.run(document, rules)).violations.map(
    each => each.id + ': ' + each.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | '))"""
#: What is wider than the window, but not within something that scrolls or is hidden on purpose.
_WIDE = """size => {
    document.documentElement.style.fontSize = size;
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    return [...document.body.querySelectorAll('*')].filter(each => each.getBoundingClientRect().right > room + 1)
        .filter(each => !each.closest('.scroll') || each.matches('.scroll')).map(each => each.outerHTML.slice(0, 120));
}"""
#: What is too small for a finger: a field counts with the label around it, a link within text does not.
_SMALL = """() => [...document.querySelectorAll('button, .button, input, select, textarea, summary, nav a, .chips a')]
    .map(each => [each, (each.closest('label') || each).getBoundingClientRect()])
    .filter(([, box]) => box.width && box.height < 44).map(([each, box]) => box.height + ' ' + each.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="session")
def scene(office: Office) -> Scene:
    """The office with something on every page."""
    return Scene(office)


@pytest.mark.parametrize("route", routes())
def test_a_page_is_for_everybody(signed_in: Session, scene: Scene, axe: str, route: str) -> None:
    for who, address in scene.visits(route):
        _look(signed_in, axe, who, address, 200)


def test_a_page_that_says_no_is_for_everybody_too(signed_in: Session, scene: Scene, axe: str) -> None:
    for who, address in scene.refusals():
        _look(signed_in, axe, who, address, 404)


def _look(signed_in: Session, axe: str, who: str | None, address: str, status: int) -> None:
    """On a phone in Indonesian and by daylight, at a desk in English and in the dark, and on the smallest phone."""
    page = signed_in(who, PHONE, color_scheme="light", bypass_csp=True)
    _open(page, address, status, "id")
    assert page.evaluate(_SMALL) == [], address
    _find(page, axe, address)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(DESK["viewport"])  # type: ignore[arg-type]
    _open(page, address, status, "en")
    _find(page, axe, address)
    page.set_viewport_size({"width": 320, "height": 640})
    for language in ("en", "id"):
        _open(page, address, status, language)
        for size in ("100%", "200%"):
            assert page.evaluate(_WIDE, size) == [], (address, language, size)


def _open(page: Page, address: str, status: int, language: str) -> None:
    if page.url == "about:blank" or page.locator("html").get_attribute("lang") != language:
        page.context.add_cookies([{"name": "bahasa", "value": language, "domain": "127.0.0.1", "path": "/"}])
        answer = page.goto(address)
        assert answer
        assert answer.status == status, (address, answer.status)
    assert page.locator("html").get_attribute("lang") == language


def _find(page: Page, axe: str, address: str) -> None:
    page.evaluate(axe)
    found: list[Any] = page.evaluate(_AXE, _RULES)
    assert found == [], address
