"""The running system as the tests of this folder meet it, and the story they look at."""

from collections.abc import Iterator

import pytest

from shared.testing.system import EmbeddedSystem
from tests.e2e.story import Story, play
from tests.e2e.town import Town


@pytest.fixture(scope="session")
def town(running_system: EmbeddedSystem) -> Iterator[Town]:
    """The system as its users meet it."""
    visited = Town(running_system)
    yield visited
    visited.leave()


@pytest.fixture(scope="session")
def story(town: Town) -> Story:
    """The chain, played once."""
    return play(town)
