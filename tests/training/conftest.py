"""The training service's database as each of its roles sees it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.eventstore.database import Database
from shared.testing.infrastructure import Databases


@pytest.fixture
def addresses(databases: Databases) -> Any:
    """Addresses of a fresh migrated database."""
    return databases("training")


@pytest.fixture
async def worker(addresses: Any) -> AsyncIterator[Database]:
    """The database as the worker sees it."""
    db = Database(addresses.url("worker"))
    yield db
    await db.close()


@pytest.fixture
async def api(addresses: Any) -> AsyncIterator[Database]:
    """The database as the api sees it."""
    db = Database(addresses.url("api"))
    yield db
    await db.close()
