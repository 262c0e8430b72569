"""Alembic's entry point for this service's database."""

from shared.eventstore.migrations import run_env

run_env()
