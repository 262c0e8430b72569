"""Pictures of every page, on a phone and at a desk, in both languages: `python -m tests.browser.screenshots [folder]`."""

import re
import shutil
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from shared.testing.system import EmbeddedSystem
from tests.browser.conftest import DESK, OPTIONS, PHONE, cookies_of
from tests.browser.pages import Scene, routes
from tests.e2e.town import Town
from tests.portal.conftest import CODE, Office

_DEVICES: dict[str, dict[str, Any]] = {"phone": PHONE, "desk": DESK}
_HEAD = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Pages</title>'
    "<style>body{font:1rem sans-serif}figure{display:inline-block;vertical-align:top;margin:1rem}"
    "img{max-height:40rem;border:1px solid}</style>"
)


def take(chromium: Browser, scene: Scene, folder: Path) -> Iterator[str]:
    """Take the pictures; the names of their files."""
    visits = [visit for route in routes() for visit in scene.visits(route)] + scene.refusals()
    for kind, device in _DEVICES.items():
        for language in ("id", "en"):
            for number, (who, address) in enumerate(visits):
                url = f"{scene.office.url}/i/{CODE}/"
                context = chromium.new_context(
                    base_url=url, locale=language, color_scheme="dark" if language == "en" else "light", **device
                )
                context.add_cookies(cookies_of(scene.office, who))
                page = context.new_page()
                page.goto(address)
                words = re.sub(r"[^a-z]+", "-", re.sub(r"[0-9a-f]{8}-[0-9a-f-]+|sandi/.*", "", address)).strip("-")
                name = f"{number:02}-{words or 'sandi'}-{who or 'nobody'}-{kind}-{language}.png"
                page.screenshot(path=folder / name, full_page=True)
                context.close()
                yield name


def main(folder: Path) -> None:
    """Start a system of its own, and take pictures of the office of the tests."""
    path = shutil.which("chromium") or sys.exit("Chromium is needed (Debian: apt install chromium).")
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as root, sync_playwright() as playwright:
        system = EmbeddedSystem(Path(root) / "data")
        try:
            system.up()
            town = Town(system)
            office = Office(town)
            office.found()
            chromium = playwright.chromium.launch(executable_path=path, args=OPTIONS)
            taken = sorted(take(chromium, Scene(office), folder))
            chromium.close()
            town.leave()
        finally:
            system.down()
    shown = (
        f'<figure><img src="{escape(name)}" alt=""><figcaption>{escape(name)}</figcaption></figure>' for name in taken
    )
    (folder / "index.html").write_text(_HEAD + "\n".join(shown))
    print(f"{len(taken)} pictures: {folder / 'index.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ".kinerja/screenshots"))
