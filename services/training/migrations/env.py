"""Alembic's entry; the owner's connection comes from shared.operations.migrations."""

from shared.operations.migrations import run_env

run_env()
