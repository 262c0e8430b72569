"""Plans as clients write and read them."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from services.appraisal.bodies import Amount, Source
from services.appraisal.plan.events import Aspect, Indicator, Measure, WorkResult
from services.appraisal.rules.achievement import (
    Direction,
    NumberTarget,
    PercentTarget,
    RangeTarget,
    Target,
    ZeroRule,
)
from shared.eventstore.texts import Text
from shared.web.fields import Body, Code, Words


class NumberBody(Body):
    """An amount or a percentage."""

    kind: Literal["number", "percent"]
    value: Amount

    def target(self) -> Target:
        """As a rule takes it."""
        return NumberTarget(self.value) if self.kind == "number" else PercentTarget(self.value)


class RangeBody(Body):
    """From `lo` to `hi`, both included."""

    kind: Literal["range"]
    lo: Amount
    hi: Amount

    def target(self) -> Target:
        """As a rule takes it."""
        return RangeTarget(self.lo, self.hi)


class IndicatorBody(Body):
    """One indicator (IKI); its target is for one review period."""

    id: UUID
    title: Words
    aspect: Aspect
    target: Annotated[NumberBody | RangeBody, Field(discriminator="kind")]
    direction: Direction
    measure: Measure
    unit_label: Code
    zero_rule: ZeroRule | None = None
    maximum_target: bool = False
    product: Code | None = None
    competency: Code | None = None

    def indicator(self, titles: Mapping[str, Text]) -> Indicator:
        """As a fact, the title replaced by where it is kept."""
        return Indicator(
            id=self.id,
            title=titles[self.title],
            aspect=self.aspect,
            target=self.target.target(),
            direction=self.direction,
            measure=self.measure,
            unit_label=self.unit_label,
            zero_rule=self.zero_rule,
            maximum_target=self.maximum_target,
            product=self.product,
            competency=self.competency,
        )


class WorkResultBody(Body):
    """One work result (RHK)."""

    id: UUID
    title: Words
    indicators: Annotated[list[IndicatorBody], Field(min_length=1, max_length=50)]


Results = Annotated[list[WorkResultBody], Field(min_length=1, max_length=50)]


class Proposal(Body):
    """What one side proposes."""

    results: Results


class Agreement(Body):
    """The revision that was seen and is agreed."""

    revision: int = Field(ge=1)


class ReturnBody(Body):
    """The revision that was seen, and why it is sent back."""

    revision: int = Field(ge=1)
    reason: Words


class ImportedPlan(Body):
    """A plan agreed in another system."""

    employee: UUID
    year: int = Field(ge=2000, le=2999)
    source: Source
    results: Results


def titles_of(results: Iterable[WorkResultBody]) -> set[str]:
    """All texts that have to be kept."""
    return {r.title for r in results} | {i.title for r in results for i in r.indicators}


def facts_of(results: Iterable[WorkResultBody], titles: Mapping[str, Text]) -> tuple[WorkResult, ...]:
    """The work results as facts."""
    return tuple(
        WorkResult(id=r.id, title=titles[r.title], indicators=tuple(i.indicator(titles) for i in r.indicators))
        for r in results
    )


def text_ids(results: Iterable[Mapping[str, Any]]) -> set[UUID]:
    """The texts that stored work results refer to."""
    return {UUID(r["title"]["id"]) for r in results} | {
        UUID(i["title"]["id"]) for r in results for i in r["indicators"]
    }


def with_titles(results: Iterable[Mapping[str, Any]] | None, texts: Mapping[UUID, str]) -> list[dict[str, Any]] | None:
    """Stored work results as people read them; an erased title is None."""
    if results is None:
        return None
    return [
        {
            **result,
            "title": texts.get(UUID(result["title"]["id"])),
            "indicators": [
                {**indicator, "title": texts.get(UUID(indicator["title"]["id"]))} for indicator in result["indicators"]
            ],
        }
        for result in results
    ]
