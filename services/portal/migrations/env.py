"""Alembic's entry for this service."""

from shared.operations.migrations import run_env

run_env()
