"""Every refusal of this service has a title in both languages."""

import services.activity.app  # noqa: F401 - brings in every refusal
from services.activity.wording import TITLES
from shared.errors import Refusal

#: Never reaches a caller: the sums are those of the answers that were checked.
INSIDE = {"invalid-survey-sums"}


def test_every_refusal_has_a_title() -> None:
    own = {cls.code for cls in Refusal.__subclasses__() if cls.__module__.startswith("services.activity")}
    assert own - INSIDE == set(TITLES)
    assert all(wording.id and wording.en and wording.id != wording.en for wording in TITLES.values())
