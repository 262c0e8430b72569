"""Alembic's entry for this service."""

from shared.eventstore.migrations import run_env

run_env()
