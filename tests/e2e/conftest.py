"""One running system for all tests of this folder that do not break it."""

from collections.abc import Iterator

import pytest

from shared.testing.system import EmbeddedSystem
from tests.e2e.story import Story, play
from tests.e2e.town import Town


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSystem]:
    """Everything that `kinerja up` starts."""
    running = EmbeddedSystem(tmp_path_factory.mktemp("system") / "data")
    try:
        running.up()
        yield running
    finally:
        running.down()


@pytest.fixture(scope="session")
def town(system: EmbeddedSystem) -> Iterator[Town]:
    """The system as its users meet it."""
    visited = Town(system)
    yield visited
    visited.leave()


@pytest.fixture(scope="session")
def story(town: Town) -> Story:
    """The chain, played once."""
    return play(town)
