"""The numeric regimes that older records were made under: PP 30/2019, and PP 46/2011 with PerKa BKN 1/2013.

Values are unrounded; `rounded` beside them is to 2 decimals, half up, as forms show it.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from services.appraisal.rules.achievement import LARGEST_AMOUNT
from services.appraisal.rules.indicator_value import Category
from shared.errors import Refusal
from shared.rule import Rule

PP_30_2019 = Rule("pp-30-2019.nilai-kinerja", "1", "PP 30/2019 Pasal 41")
PP_46_CONVERSION = Rule("pp-46-2011.konversi", "1", "Konversi nilai PP 46/2011 ke skala PP 30/2019 (tahun 2021)")
PERKA_ACTIVITY = Rule("perka-bkn-1-2013.capaian-skp", "1", "PerKa BKN 1/2013 (capaian kegiatan SKP)")
PERKA_FINAL = Rule("perka-bkn-1-2013.nilai-prestasi", "1", "PP 46/2011 dan PerKa BKN 1/2013 (60 % SKP, 40 % perilaku)")

LARGEST_VALUE = Decimal(120)
_HUNDRED = Decimal(100)
_SMALLEST_TARGET = Decimal("0.000001")
_CENT = Decimal("0.01")


class InvalidScore(Refusal):
    """A score lies outside the scale of its regime."""

    code = "invalid-score"
    status = 422


class Weighting(StrEnum):
    """Who appraised behaviour: the superior alone (70/30), or peers and subordinates too (60/40)."""

    SUPERIOR_ONLY = "superior_only"
    WITH_PEERS = "with_peers"


@dataclass(frozen=True, slots=True)
class NumericValue:
    """A value of a numeric regime with the rule that gave it."""

    value: Decimal
    rounded: Decimal
    rule_id: str
    rule_version: str
    source: str


@dataclass(frozen=True, slots=True)
class FinalValue(NumericValue):
    """A final value of PP 30/2019 with its predikat."""

    category: Category


def final_value(skp: Decimal, behaviour: Decimal, weighting: Weighting, *, new_idea: bool) -> FinalValue:
    """Nilai kinerja by PP 30/2019 Art. 41; an SKP value above 120 counts as 120.

    Bands are applied to the unrounded value, as the article leaves no gap between them. Sangat Baik also
    needs a new idea that benefits organisation or state; Kurang and Sangat Kurang part at 50 (not in the
    article's text that was read). Raises InvalidScore for an SKP value below 0 or a behaviour value outside
    0 to 120.
    """
    _check("SKP", skp)
    _check("perilaku", behaviour, LARGEST_VALUE)
    share = Decimal("0.7") if weighting is Weighting.SUPERIOR_ONLY else Decimal("0.6")
    value = share * min(skp, LARGEST_VALUE) + (1 - share) * behaviour
    rule = PP_30_2019
    return FinalValue(value, _rounded(value), rule.id, rule.version, rule.source, _band(value, new_idea))


def _band(value: Decimal, new_idea: bool) -> Category:
    if value >= 110 and new_idea:
        return Category.SANGAT_BAIK
    if value >= 90:
        return Category.BAIK
    if value >= 70:
        return Category.CUKUP
    return Category.KURANG if value >= 50 else Category.SANGAT_KURANG


def from_pp46(value: Decimal) -> NumericValue:
    """A value of PP 46/2011 on the scale of PP 30/2019, as converted for 2021.

    The table is known from programs in use, not from a regulation, and is for whole numbers. Between two of
    its bands a fraction follows the lower band's line, but never beyond the start of the next band, so that
    a better value is never converted to a worse one; 99 and more is 120. Raises InvalidScore below 0.
    """
    _check("PP 46/2011", value)
    return _numeric(_converted(value), PP_46_CONVERSION)


def _converted(n: Decimal) -> Decimal:
    if n >= 99:
        return LARGEST_VALUE
    if n >= 91:
        return 110 + (n - 91) * 10 / 8
    if n >= 76:
        return min(90 + (n - 76) * 19 / 14, Decimal(110))
    if n >= 61:
        return min(70 + (n - 61) * 19 / 14, Decimal(90))
    if n >= 51:
        return min(50 + (n - 51) * 19 / 9, Decimal(70))
    return n * 49 / 50


@dataclass(frozen=True, slots=True)
class Aspect:
    """Target and realisation of one aspect of an activity, in one unit."""

    target: Decimal
    realised: Decimal


@dataclass(frozen=True, slots=True)
class ActivityValue(NumericValue):
    """Nilai capaian of one SKP activity of PerKa BKN 1/2013, with the aspects it is the mean of."""

    quantity: Decimal
    quality: Decimal
    time: Decimal
    cost: Decimal | None


def activity_value(quantity: Aspect, quality: Aspect, time: Aspect, cost: Aspect | None = None) -> ActivityValue:
    """Nilai capaian of one activity by PerKa BKN 1/2013: the mean of 3 aspects, or 4 with cost.

    An activity of which nothing was realised scores 0 for time and cost. The formula has no floor: a very
    late activity scores below 0. Raises InvalidScore for a target of 0 or less, or a realisation below 0.
    """
    for aspect in (quantity, quality, time, cost):
        if aspect is not None:
            _check_aspect(aspect)
    done = quantity.realised > 0
    quantity_score, quality_score = _share(quantity), _share(quality)
    time_score = _saving(time) if done else Decimal(0)
    cost_score = None if cost is None else _saving(cost) if done else Decimal(0)
    scores = [quantity_score, quality_score, time_score] + ([] if cost_score is None else [cost_score])
    value = sum(scores, Decimal(0)) / len(scores)
    rule = PERKA_ACTIVITY
    return ActivityValue(
        value,
        _rounded(value),
        rule.id,
        rule.version,
        rule.source,
        quantity_score,
        quality_score,
        time_score,
        cost_score,
    )


def pp46_value(skp: Decimal, behaviour: Decimal) -> NumericValue:
    """Nilai prestasi kerja by PP 46/2011: 60 % SKP and 40 % behaviour. Raises InvalidScore below 0."""
    _check("SKP", skp)
    _check("perilaku", behaviour)
    return _numeric(Decimal("0.6") * skp + Decimal("0.4") * behaviour, PERKA_FINAL)


def _share(aspect: Aspect) -> Decimal:
    return _HUNDRED * aspect.realised / aspect.target


def _saving(aspect: Aspect) -> Decimal:
    score = _HUNDRED * (Decimal("1.76") * aspect.target - aspect.realised) / aspect.target
    saved_at_most_24_percent = _HUNDRED * aspect.realised >= 76 * aspect.target
    return score if saved_at_most_24_percent else 76 - (score - 100)


def _numeric(value: Decimal, rule: Rule) -> NumericValue:
    return NumericValue(value, _rounded(value), rule.id, rule.version, rule.source)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)


def _check(name: str, value: Decimal, largest: Decimal = Decimal(1000)) -> None:
    if not value.is_finite() or not 0 <= value <= largest:
        raise InvalidScore(
            f"Nilai {name} harus 0 sampai {largest}. / The value ({name}) must be 0 to {largest}.",
            value=str(value),
        )


def _check_aspect(aspect: Aspect) -> None:
    for amount in (aspect.target, aspect.realised):
        if not amount.is_finite() or not 0 <= amount <= LARGEST_AMOUNT:
            raise InvalidScore(
                f"Isi 0 sampai {LARGEST_AMOUNT:f}. / It must be 0 to {LARGEST_AMOUNT:f}.", value=str(amount)
            )
    if aspect.target < _SMALLEST_TARGET:
        raise InvalidScore("Target harus di atas nol. / The target must be above zero.", value=str(aspect.target))
