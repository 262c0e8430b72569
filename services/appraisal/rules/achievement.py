"""Achievement of one indicator (capaian IKI) by PermenPANRB 8/2021: evidence, never itself a rating.

All amounts are `Decimal` in the indicator's own unit; percentages are in percent points (61.95 is 61.95 %).
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Literal, assert_never

from shared.errors import Refusal
from shared.rule import Rule

CAPAIAN_IKI = Rule("permenpanrb-8-2021.capaian-iki", "1", "PermenPANRB 8/2021 hlm. 99 dan 110 (capaian IKI)")
ZERO_TARGET = Rule("policy.zero-target", "1", "Kebijakan instansi: target nol tercapai bila realisasi nol")

LARGEST_AMOUNT = Decimal("1E15")
_STEP = Decimal("0.000001")
_HUNDRED = Decimal(100)


class Direction(StrEnum):
    """Whether more is better (kondisi normal) or less is (kondisi khusus: time, cost, errors)."""

    HIGHER = "higher"
    LOWER = "lower"


class ZeroRule(StrEnum):
    """How a target of zero is judged: 100 % when nothing above zero was realised, else 0 %."""

    MEETS_IF_ZERO = "meets_if_zero"


@dataclass(frozen=True, slots=True)
class NumberTarget:
    """A plain amount, in the indicator's unit."""

    value: Decimal
    kind: Literal["number"] = "number"


@dataclass(frozen=True, slots=True)
class PercentTarget:
    """A percentage; target and realisation are both in percent points."""

    value: Decimal
    kind: Literal["percent"] = "percent"


@dataclass(frozen=True, slots=True)
class RangeTarget:
    """Anything from `lo` to `hi`, both included."""

    lo: Decimal
    hi: Decimal
    kind: Literal["range"] = "range"


Target = NumberTarget | PercentTarget | RangeTarget


class InvalidTarget(Refusal):
    """The target cannot be measured against; the message says what to change."""

    code = "invalid-target"
    status = 422


class ZeroTargetNeedsRule(Refusal):
    """A share of zero has no meaning, so a target of zero must say how it is judged."""

    code = "zero-target-needs-rule"
    status = 422


class InvalidRealisation(Refusal):
    """The realisation is not a finite, credible number."""

    code = "invalid-realisation"
    status = 422


@dataclass(frozen=True, slots=True)
class Achievement:
    """How far one target was reached.

    `percent` is unrounded (28 significant digits); `rounded` is in whole percent, half up, as forms show it
    and categories are chosen by. `formula` names the line of the regulation that was used.
    """

    percent: Decimal
    rounded: int
    formula: str
    rule_id: str
    rule_version: str
    source: str


def check_target(target: Target, direction: Direction, zero_rule: ZeroRule | None = None) -> None:
    """Refuse a target that `achievement` could not use; made for the moment a plan is proposed.

    Raises InvalidTarget, or ZeroTargetNeedsRule for a lower-is-better zero without a rule.
    """
    match target:
        case NumberTarget(value) | PercentTarget(value):
            _check_amount(value)
            if value == 0:
                _check_zero(direction, zero_rule)
        case RangeTarget(lo, hi):
            _check_amount(lo)
            _check_amount(hi)
            if lo >= hi:
                raise InvalidTarget(
                    "Batas bawah harus di bawah batas atas. / The low end must be below the high end.",
                    lo=str(lo),
                    hi=str(hi),
                )
        case _:
            assert_never(target)


def achievement(
    target: Target, direction: Direction, realisation: Decimal | None, zero_rule: ZeroRule | None = None
) -> Achievement | None:
    """Measure a realisation against a target; no realisation is "not measured" (None), never zero.

    Legal source: PermenPANRB 8/2021 p. 99 and 110. Normal: realisation / target; special (lower is better):
    1 + (1 - realisation / target). Outside a range its nearer end is the target. Three points are policy, as
    the text is silent: inside a range is 100 %, a zero target follows `zero_rule` (used for nothing else),
    the result never falls below 0 %. It has no upper limit here: caps belong to what uses it.

    Raises what `check_target` raises, and InvalidRealisation for NaN, infinity or an absurd size.
    """
    check_target(target, direction, zero_rule)
    if realisation is None:
        return None
    if not realisation.is_finite() or abs(realisation) > LARGEST_AMOUNT:
        raise InvalidRealisation(
            f"Realisasi harus bilangan paling besar {LARGEST_AMOUNT:f}. / "
            f"The realisation must be a number of at most {LARGEST_AMOUNT:f}.",
            realisation=str(realisation),
        )
    match target:
        case NumberTarget(value) | PercentTarget(value):
            if value == 0:
                met = _HUNDRED if realisation <= 0 else Decimal(0)
                return _result(met, "policy-meets-if-zero", ZERO_TARGET)
            return _result(_share(value, direction, realisation), f"8/2021-{_condition(direction)}")
        case RangeTarget(lo, hi):
            if lo <= realisation <= hi:
                return _result(_HUNDRED, "8/2021-range-inside")
            nearer = hi if realisation > hi else lo
            return _result(_share(nearer, direction, realisation), f"8/2021-range-{_condition(direction)}")
        case _:
            assert_never(target)


def _share(target: Decimal, direction: Direction, realisation: Decimal) -> Decimal:
    if target == 0:  # a negative realisation below a range from zero: no share exists, only better or worse
        return Decimal(0) if direction is Direction.HIGHER else _HUNDRED
    share = _HUNDRED * realisation / target
    match direction:
        case Direction.HIGHER:
            return max(share, Decimal(0))
        case Direction.LOWER:
            return max(2 * _HUNDRED - share, Decimal(0))
        case _:
            assert_never(direction)


def _condition(direction: Direction) -> str:
    return "normal" if direction is Direction.HIGHER else "special"


def _result(percent: Decimal, formula: str, rule: Rule = CAPAIAN_IKI) -> Achievement:
    return Achievement(percent, whole_percent(percent), formula, rule.id, rule.version, rule.source)


def whole_percent(percent: Decimal) -> int:
    """Round half up to whole percent."""
    return int(percent.to_integral_value(ROUND_HALF_UP))


def two_decimals(percent: Decimal) -> Decimal:
    """Round half up to two decimals, as percentages are shown; without exponent or trailing zeros."""
    rounded = percent.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded.normalize()


def _check_amount(value: Decimal) -> None:
    if not value.is_finite() or not 0 <= value <= LARGEST_AMOUNT or value != value.quantize(_STEP):
        raise InvalidTarget(
            f"Target harus 0 sampai {LARGEST_AMOUNT:f}, paling banyak 6 desimal. / "
            f"A target must be 0 to {LARGEST_AMOUNT:f} with at most 6 decimals.",
            target=str(value),
        )


def _check_zero(direction: Direction, zero_rule: ZeroRule | None) -> None:
    if direction is Direction.HIGHER:
        raise InvalidTarget(
            "Target nol tidak berarti bila makin tinggi makin baik: isi target di atas nol. / "
            "A target of zero means nothing when higher is better: set a target above zero."
        )
    if zero_rule is None:
        raise ZeroTargetNeedsRule(
            "Target nol memerlukan aturan: pilih meets_if_zero atau isi target di atas nol. / "
            "A target of zero needs a rule: choose meets_if_zero or set a target above zero."
        )
