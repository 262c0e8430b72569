"""Category and value of one indicator (nilai capaian IKI), numeric regime of PermenPANRB 8/2021."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from services.appraisal.rules.achievement import InvalidRealisation
from shared.rule import Rule

NILAI_IKI = Rule("permenpanrb-8-2021.nilai-iki", "1", "PermenPANRB 8/2021 hlm. 101 (kategori dan nilai IKI)")


class Category(StrEnum):
    """Category of the numeric regimes (PermenPANRB 8/2021, PP 30/2019)."""

    SANGAT_BAIK = "sangat_baik"
    BAIK = "baik"
    CUKUP = "cukup"
    KURANG = "kurang"
    SANGAT_KURANG = "sangat_kurang"

    @property
    def label(self) -> str:
        """Indonesian term as printed on forms."""
        return self.value.replace("_", " ").title()


@dataclass(frozen=True, slots=True)
class IndicatorValue:
    """Category and unrounded value (0 to 120) of one capaian IKI."""

    category: Category
    value: Decimal
    rule_id: str
    rule_version: str
    source: str


def indicator_value(percent: int, *, maximum_target: bool = False) -> IndicatorValue:
    """Category and value of a capaian IKI in whole percent (`Achievement.rounded`).

    Legal source: PermenPANRB 8/2021 p. 101. `maximum_target` says that 100 % is the most that can be reached:
    reaching it is then Sangat Baik, 120. The line of 101-110 % is read off the pattern of the others (page
    100 was not seen); what lies above it has a value but no name there and is called Sangat Baik too.

    Raises InvalidRealisation below 0.
    """
    if percent < 0:
        raise InvalidRealisation("Capaian paling sedikit 0 %. / An achievement is at least 0 %.", percent=percent)
    category, value = _category_and_value(percent, maximum_target)
    return IndicatorValue(category, value, NILAI_IKI.id, NILAI_IKI.version, NILAI_IKI.source)


def _category_and_value(percent: int, maximum_target: bool) -> tuple[Category, Decimal]:
    if percent > 110 or (maximum_target and percent >= 100):
        return Category.SANGAT_BAIK, Decimal(120)
    if percent > 100:
        return Category.SANGAT_BAIK, 110 + Decimal(10 * (percent - 101)) / 9
    if percent == 100:
        return Category.BAIK, Decimal(109)
    if percent >= 80:
        return Category.CUKUP, Decimal(70 + (percent - 80))
    if percent >= 60:
        return Category.KURANG, Decimal(50 + (percent - 60))
    return Category.SANGAT_KURANG, Decimal(49 * percent) / 59
