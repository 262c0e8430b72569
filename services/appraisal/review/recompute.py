"""Scores after facts changed: lock, then sum in new statements, then write and tell what changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.competency.gaps import recompute_gaps
from services.appraisal.locks import hold
from services.appraisal.plan.view import RESULTS
from services.appraisal.review.decider import Adjust, Command
from services.appraisal.review.facts import Key, Known, known
from services.appraisal.review.measure import indicators_of, policy_of, score
from services.appraisal.review.slice import REVIEW
from services.appraisal.review.view import CLOSED, MEASURED, ReviewRow
from shared.contracts.appraisal import ScoreChanged
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.outbox import Publication, publish_state, row_source
from shared.eventstore.rows import upsert
from shared.people.queries import Rules, instansi_rules

_AT_ONCE = 1_000
#: What does not by itself make a row another one.
_MARKS = ("version", "band_changes", "imported")
#: What of a row others learn, and may change.
_TOLD = ("state", "provisional", "percent", "recommendation", "measured", "not_measured", "rule", "rule_version")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a review is computed again: a code, the fact, and whether only imports were behind it."""

    code: str
    source: UUID | None = None
    imported: bool = False


Causes = dict[Key, Cause]


def add(causes: Causes, keys: Iterable[Key], cause: Cause) -> None:
    """Note a cause; of several for one review the one with the smallest source is named, whatever their order."""
    for key in keys:
        other = causes.get(key)
        if other is None:
            causes[key] = cause
        else:
            first = min(other, cause, key=lambda c: (c.source is None, c.source or UUID(int=0), c.code))
            causes[key] = Cause(first.code, first.source, other.imported and cause.imported)


async def recompute(
    conn: AsyncConnection, context: Context, causes: Mapping[Key, Cause], *, listed: bool = False
) -> None:
    """Compute these reviews of `context.instansi` from all facts that are there now; tell those that changed.

    `listed` opens the reviews for everybody assigned; those of the current period always are. While the directory has not
    told of the instansi nothing is computed: its facts wait.
    """
    if not causes:
        return
    await hold(conn, context.instansi, {employee for employee, _ in causes})
    rules = await instansi_rules(conn, context.instansi)
    if rules is None:
        return
    keys = sorted(causes)
    for start in range(0, len(keys), _AT_ONCE):
        await _recompute(conn, context, rules, {key: causes[key] for key in keys[start : start + _AT_ONCE]}, listed)


async def _recompute(
    conn: AsyncConnection, context: Context, rules: Rules, causes: Mapping[Key, Cause], listed: bool
) -> None:
    current = str(rules.period_of(rules.local_date(context.now)))
    changed: list[dict[str, Any]] = []
    adjusted: list[Order[Command]] = []
    for review in await known(conn, context.instansi, list(causes)):
        cause = causes[review.employee, review.period]
        row = _row(context.instansi, review, rules, listed or review.period == current)
        if row is None or not _changes(review.stored, row):
            continue
        changed.append(_marked(review.stored, row, cause))
        if review.closed is not None and row["percent"] != review.closed_percent:
            adjust = Adjust(percent=row["percent"], cause=cause.code, cause_source=cause.source)
            adjusted.append(Order(review.id, adjust))
    await upsert(conn, ReviewRow, changed)
    for outcome in await execute(conn, REVIEW, context, adjusted) if adjusted else []:
        outcome.accepted()
    await publish_state(conn, context, [_publication(row) for row in changed])
    await recompute_gaps(conn, context, rules, {row["employee"] for row in changed if row["state"] == "closed"})


def _row(instansi: str, review: Known, rules: Rules, listed: bool) -> dict[str, Any] | None:
    """The computed row without its marks; None when there is no review to open."""
    if review.closed is None:
        listed = listed or bool(review.stored and review.stored["listed"])
        expected = review.unit is not None and (listed or review.facts.some)
        if not expected and review.stored is None:
            return None
        results = RESULTS.validate_python(review.agreed or []) if expected else ()
        indicators, policy, revision = indicators_of(results), policy_of(rules.policy), review.plan_revision
    else:
        frozen = CLOSED.validate_python(review.closed)
        indicators = [(each.work_result, each.indicator) for each in frozen.indicators]
        policy, revision, listed, expected = frozen.policy, frozen.plan_revision, True, True
    measured, recommended = score(indicators, review.facts, policy)
    return {
        "instansi": instansi,
        "id": review.id,
        "employee": review.employee,
        "period": review.period,
        "state": "open" if review.closed is None else "closed",
        "listed": listed,
        "expected": expected,
        "provisional": review.closed is None,
        "percent": recommended.mean_percent,
        "recommendation": recommended.rating.value if recommended.rating else None,
        "measured": recommended.measured,
        "not_measured": recommended.not_measured,
        "waiting": review.facts.waiting if expected else 0,
        "rule": recommended.rule_id,
        "rule_version": recommended.rule_version,
        "plan_revision": revision,
        "indicators": MEASURED.dump_python(measured, mode="json"),
    }


def _changes(stored: Mapping[str, Any] | None, row: Mapping[str, Any]) -> bool:
    return stored is None or any(row[name] != was for name, was in stored.items() if name not in _MARKS)


def _marked(stored: Mapping[str, Any] | None, row: dict[str, Any], cause: Cause) -> dict[str, Any]:
    if stored is None:
        return row | {"version": 1, "band_changes": int(bool(row["recommendation"])), "imported": cause.imported}
    moved = row["recommendation"] != stored["recommendation"]
    tells = any(row[name] != stored[name] for name in _TOLD)
    return row | {
        "version": stored["version"] + 1,
        "band_changes": stored["band_changes"] + int(moved),
        "imported": cause.imported if tells else stored["imported"],
    }


def _publication(row: Mapping[str, Any]) -> Publication:
    names = ("employee", "period", *_TOLD, "band_changes", "imported")
    message = ScoreChanged(review=row["id"], **{name: row[name] for name in names})
    return Publication(row["instansi"], row_source(row["id"], "score"), message)
