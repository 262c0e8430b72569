"""Alembic's entry."""

from shared.operations.migrations import run_env

run_env()
