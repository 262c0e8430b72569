"""The store's fixtures serve the messaging tests too."""

from tests.shared.eventstore.conftest import api, bare, context, worker

__all__ = ["api", "bare", "context", "worker"]
