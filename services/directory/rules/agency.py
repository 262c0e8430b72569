"""The rules an instansi works under: each change is a new version from a day on, and the newest version wins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.directory.contract import NATIONAL_POLICY
from shared.contracts.directory import Policy
from shared.errors import Refusal


class InstansiIncomplete(Refusal):
    """A new instansi says its name, zone and first day."""

    code = "instansi-incomplete"
    status = 422


class PolicyInconsistent(Refusal):
    """The thresholds of a policy rise: meets, above, cap."""

    code = "policy-inconsistent"
    status = 422


class RulesPlanned(Refusal):
    """A change that names no first day would bring rules that are planned for later into force today."""

    code = "rules-planned"
    status = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An instansi and the newest version of its rules."""

    name: str
    zone: str
    first_day: date
    holidays: tuple[date, ...]
    policy: Policy
    effective_from: date


def agency(old: Agency | None, said: Mapping[str, Any], today: date) -> Agency:
    """The instansi as `said`; what is not said stays, or follows the national policy when the instansi is new.

    `version` of the policy rises when anything but the name changes. A change holds from `effective_from`, if not said
    from `today`, which is refused while the newest rules are planned for later; the rules of a new instansi hold at once.
    """
    values: dict[str, Any] = {
        name: said.get(name) or getattr(old, name, None) for name in ("name", "zone", "first_day")
    }
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise InstansiIncomplete(
            "Instansi baru memerlukan nama, zona waktu, dan hari pertama. / "
            "A new instansi needs name, zone and first day.",
            field=missing[0],
        )
    before = old.policy if old else NATIONAL_POLICY
    policy = before.model_copy(update=dict(said.get("policy") or {}))
    _check(policy)
    holidays = said.get("holidays")
    new = Agency(
        name=values["name"],
        zone=values["zone"],
        first_day=values["first_day"],
        holidays=tuple(sorted(set(holidays))) if holidays is not None else old.holidays if old else (),
        policy=policy,
        effective_from=said.get("effective_from") or today,
    )
    if old is None:
        return _at(new, 1, min(new.effective_from, today))
    if _rules(new) == _rules(old) and "effective_from" not in said:
        return _at(new, old.policy.version, old.effective_from)
    if "effective_from" not in said and old.effective_from > today:
        raise _planned(old)
    unchanged = _rules(new) == _rules(old) and new.effective_from == old.effective_from
    return _at(new, old.policy.version + (0 if unchanged else 1), new.effective_from)


def _planned(old: Agency) -> RulesPlanned:
    return RulesPlanned(
        "Aturan baru sudah direncanakan: sebut effective_from, pada atau sesudah harinya, atau lebih awal bila "
        "seluruh rencana maju. / New rules are planned: name effective_from, that day or later, or an earlier one to "
        "bring the whole plan forward.",
        field="effective_from",
        planned_from=old.effective_from.isoformat(),
    )


def _rules(of: Agency) -> tuple[Any, ...]:
    return of.zone, of.first_day, of.holidays, of.policy


def _at(of: Agency, version: int, effective_from: date) -> Agency:
    return Agency(
        name=of.name,
        zone=of.zone,
        first_day=of.first_day,
        holidays=of.holidays,
        policy=of.policy.model_copy(update={"version": version}),
        effective_from=effective_from,
    )


def _check(policy: Policy) -> None:
    if not policy.score_meets_percent <= policy.score_above_percent <= policy.achievement_cap_percent:
        raise PolicyInconsistent(
            "Ambang harus berurutan: sesuai, di atas, batas capaian. / "
            "Thresholds must rise: score_meets_percent, score_above_percent, achievement_cap_percent.",
            field="policy",
        )
