"""What callers send about entries."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.activity.bodies import SourceBody
from services.activity.entry.events import Verdict
from shared.web.fields import DECIMAL_ONLY, Body, Code, Day, Moment, Whole, Words

#: 0 to a million, at most four decimals.
Quantity = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=4, allow_inf_nan=False), DECIMAL_ONLY]
Minutes = Annotated[Whole, Field(ge=1, le=1440)]
Version = Annotated[Whole, Field(ge=1, description="the version that was seen")]


class EntryContent(Body):
    """What was done on a day (local to the instansi); `done_at` is the device's time of an entry made offline."""

    day: Day
    indicator: UUID | None = None
    quantity: Quantity
    minutes: Minutes | None = None
    activity: Code | None = None
    description: Words | None = None
    done_at: Moment | None = None


class NewEntry(EntryContent):
    """An entry under the id of its address."""

    employee: UUID | None = Field(None, description="oneself; may be left out")


class LoggedEntry(NewEntry):
    """An entry in a batch, under a UUIDv7 that the client made."""

    id: UUID


class AmendedEntry(EntryContent):
    """The whole corrected content."""

    version: Version | None = None


class Withdrawal(Body):
    """Which version is taken back."""

    version: Version | None = None


class ImportedEntry(EntryContent):
    """A fact as another system recorded it."""

    id: UUID
    employee: UUID
    unit: UUID | None = None
    source: SourceBody


class Judgement(Body):
    """A decision about one version; the text is required for `below`, a return, and a decision by hr."""

    version: Version | None = None
    text: Words | None = None


class Verification(Judgement):
    """Confirm as meeting or as below expectation."""

    verdict: Verdict = "meets"


class BatchedVerification(Body):
    """One decision of many."""

    entry: UUID
    version: Version
    action: Literal["verify", "return"] = "verify"
    verdict: Verdict = "meets"
    text: Words | None = None
