"""A running system with the story of a whole chain, and the programs of others that look at it. Run by `make test-outside`."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import story, town

__all__ = ["story", "town"]
_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def node() -> str:
    """Node.js, with the packages of both folders installed as their lock files say."""
    found = shutil.which("node")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout if found else "v0"
    if found is None or shutil.which("npm") is None or int(version[1:].split(".")[0]) < 20:
        pytest.fail("Node.js 20 or newer and npm are needed (Debian 13: nodejs and npm).")
    for folder in ("examples/node", "tests/outside/asyncapi"):
        done = subprocess.run(
            ["npm", "ci", "--silent"], cwd=_ROOT / folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"npm ci in {folder}: {done.stderr or done.stdout}"
    return found
