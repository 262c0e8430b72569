"""Alembic's entry."""

from shared.eventstore.migrations import run_env

run_env()
