"""Alembic's entry; the owner's connection comes from shared.eventstore.migrations."""

from shared.eventstore.migrations import run_env

run_env()
