"""Where a fact that was taken over comes from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The system that made it, the hash of its file, and the row."""

    system: str
    file_hash: str
    row: int
