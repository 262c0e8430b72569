"""The portal in a real browser: Debian's Chromium, driven by Playwright. Run by `make test-browser`."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.portal.conftest import CODE, PASSWORD, PEOPLE, Office, office, town

__all__ = ["office", "town"]
_HERE = Path(__file__).parent
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1280, "height": 800}}
OPTIONS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
Session = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; each has windows of its own."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("Chromium is needed (Debian: apt install chromium).")
    expect.set_options(timeout=60_000)  # a busy machine is slow; no test is about that
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker, as a script."""
    if shutil.which("npm") is None:
        pytest.fail("npm is needed (Debian: apt install npm).")
    done = subprocess.run(["npm", "ci", "--silent"], cwd=_HERE / "axe", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or done.stdout
    return (_HERE / "axe/node_modules/axe-core/axe.min.js").read_text()


@pytest.fixture
def signed_in(chromium: Browser, office: Office) -> Iterator[Session]:
    """Opens a window in which one of the office's people is signed in, or nobody; what the browser complains of fails the test."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def open_(who: str | None, device: dict[str, Any] = PHONE, **more: Any) -> Page:
        context = chromium.new_context(base_url=f"{office.url}/i/{CODE}/", locale="id-ID", **device, **more)
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # What cannot be had, on purpose or not, is an error to the console, too; of that only style and scripts count.
        page.on("console", lambda told: complaints.append(told.text) if _matters(told) else None)
        page.on("response", lambda got: complaints.append(got.url) if "/static/" in got.url and not got.ok else None)
        context.add_cookies(cookies_of(office, who))
        return page

    yield open_
    for context in opened:
        context.close()
    assert complaints == []


def cookies_of(office: Office, who: str | None) -> list[Any]:
    """What the browser of somebody who signed in holds; of nobody nothing."""
    held = office.sign_in(who).http.cookies.jar if who else ()
    return [{"name": each.name, "value": str(each.value), "url": office.url} for each in held]


def _matters(told: ConsoleMessage) -> bool:
    return told.type == "error" and not told.text.startswith("Failed to load resource")


@contextmanager
def slowly(page: Page) -> Iterator[None]:
    """An old phone on a bad connection: 400 kbit/s, 400 ms each way and back, a processor four times slower."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    speed = {"latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000, "offline": False}
    session.send("Network.emulateNetworkConditions", speed)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    yield
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    session.detach()


def password_of(who: str) -> tuple[str, str]:
    """What one of the people types to sign in."""
    return PEOPLE[who][1], PASSWORD
