"""Every refusal of this service has a title in both languages."""

from collections.abc import Iterator

import services.appraisal.app  # noqa: F401 - brings in every refusal
from services.appraisal.wording import TITLES
from shared.errors import Refusal

#: Rules over stored or configured numbers that no request carries.
INSIDE = {"invalid-competency-level", "invalid-count", "invalid-policy", "invalid-score"}


def _below(cls: type[Refusal]) -> Iterator[type[Refusal]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _below(sub)


def test_every_refusal_has_a_title() -> None:
    own = {cls.code for cls in _below(Refusal) if cls.__module__.startswith("services.appraisal")}
    assert own - INSIDE == set(TITLES)
    assert all(wording.id and wording.en and wording.id != wording.en for wording in TITLES.values())
