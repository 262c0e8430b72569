"""Scores after facts changed: lock, then sum in new statements, then write and tell what changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.competency.gaps import recompute_gaps
from services.appraisal.locks import hold_each
from services.appraisal.plan.view import RESULTS
from services.appraisal.review.decider import Adjust, Command
from services.appraisal.review.facts import Key, Known, Place, known
from services.appraisal.review.measure import indicators_of, policy_of, score
from services.appraisal.review.slice import REVIEW
from services.appraisal.review.view import CLOSED, MEASURED, ReviewRow
from shared.contracts.appraisal import ScoreChanged
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.outbox import Publication, publish_state, row_source
from shared.eventstore.rows import upsert
from shared.people.queries import Rules, rules_of

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
#: By instansi, who acts and which reviews are to be computed.
Work = Mapping[str, tuple[Context, Causes]]


def add(causes: Causes, keys: Iterable[Key], cause: Cause) -> None:
    """Note a cause; of several for one review the one with the smallest source is named, whatever their order."""
    for key in keys:
        other = causes.get(key)
        if other is None:
            causes[key] = cause
        else:
            first = min(other, cause, key=lambda c: (c.source is None, c.source or UUID(int=0), c.code))
            causes[key] = Cause(first.code, first.source, other.imported and cause.imported)


async def recompute(conn: AsyncConnection, context: Context, causes: Causes, *, listed: bool = False) -> None:
    """Compute these reviews of `context.instansi` from all facts that are there now; tell those that changed.

    `listed` opens the reviews for everybody assigned; those of the current period always are. While the directory has not
    told of the instansi nothing is computed: its facts wait.
    """
    await recompute_each(conn, {context.instansi: (context, causes)}, listed=listed)


async def recompute_each(conn: AsyncConnection, work: Work, *, listed: bool = False) -> None:
    """The same for several instansi, in as many statements as for one."""
    people = {instansi: {employee for employee, _ in causes} for instansi, (_, causes) in work.items() if causes}
    if not people:
        return
    await hold_each(conn, people)
    rules = await rules_of(conn, people)
    places = sorted((instansi, *key) for instansi in rules for key in work[instansi][1])
    for start in range(0, len(places), _AT_ONCE):
        await _recompute(conn, work, rules, places[start : start + _AT_ONCE], listed)


async def _recompute(
    conn: AsyncConnection, work: Work, rules: Mapping[str, Rules], places: Sequence[Place], listed: bool
) -> None:
    current = {code: str(rule.period_of(rule.local_date(work[code][0].now))) for code, rule in rules.items()}
    changed: list[dict[str, Any]] = []
    adjusted: dict[str, list[Order[Command]]] = defaultdict(list)
    for review in await known(conn, places):
        instansi, cause = review.instansi, work[review.instansi][1][review.employee, review.period]
        row = _row(review, rules[instansi], listed or review.period == current[instansi])
        if row is None or not _changes(review.stored, row):
            continue
        changed.append(_marked(review.stored, row, cause))
        if review.closed is not None and row["percent"] != review.closed_percent:
            adjust = Adjust(percent=row["percent"], cause=cause.code, cause_source=cause.source)
            adjusted[instansi].append(Order(review.id, adjust))
    await upsert(conn, ReviewRow, changed)
    for instansi, orders in adjusted.items():
        for outcome in await execute(conn, REVIEW, work[instansi][0], orders):
            outcome.accepted()
    contexts = {instansi: context for instansi, (context, _) in work.items()}
    await publish_state(conn, contexts, [_publication(row) for row in changed])
    for instansi, rule in rules.items():
        closed = {row["employee"] for row in changed if row["instansi"] == instansi and row["state"] == "closed"}
        await recompute_gaps(conn, contexts[instansi], rule, closed)


def _row(review: Known, rules: Rules, listed: bool) -> dict[str, Any] | None:
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
        "instansi": review.instansi,
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
