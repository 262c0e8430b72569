"""Alembic's entry point for this service's database."""

from shared.operations.migrations import run_env

run_env()
