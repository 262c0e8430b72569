"""What bodies of this service have in common."""

from typing import Annotated

from pydantic import Field

from services.activity.source import Source
from shared.web.fields import Body, Code, Whole


class SourceBody(Body):
    """Where an imported fact comes from."""

    system: Code
    file_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file, hex")]
    row: Annotated[Whole, Field(ge=1)]

    def as_source(self) -> Source:
        """The same as a fact."""
        return Source(system=self.system, file_hash=self.file_hash, row=self.row)
