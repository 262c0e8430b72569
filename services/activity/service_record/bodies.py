"""What callers send about service records."""

from uuid import UUID

from services.activity.bodies import SourceBody
from shared.web.fields import Body, Code, Moment


class RecordBody(Body):
    """One public-service transaction as it is now; `completed` is left out while it is open."""

    id: UUID
    product: Code
    officer: UUID
    unit: UUID | None = None
    started: Moment
    due: Moment | None = None
    completed: Moment | None = None


class ImportedRecord(RecordBody):
    """A transaction as another system recorded it."""

    source: SourceBody
