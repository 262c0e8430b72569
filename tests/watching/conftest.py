"""The watched system."""

from tests.watching.day import day

__all__ = ["day"]
