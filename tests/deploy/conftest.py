"""The running system that the tests of this folder share."""

from collections.abc import Iterator

import pytest

from shared.testing.system import EmbeddedSystem


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSystem]:
    """Tests may stop and kill what they like of it; the next one finds it ready again."""
    made = EmbeddedSystem(tmp_path_factory.mktemp("system") / "data")
    made.up()
    yield made
    made.down()
