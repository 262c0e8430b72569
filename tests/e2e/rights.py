"""What each route of each service gives to whom; `{entry}`, `{employee}` … stand for what belongs to the person asked about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.e2e.town import filled

Kind = Literal["theirs", "batch", "seen", "own", "all", "role"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to ask a route, and who is answered.

    theirs: who is involved (GET: the person, superior, heads above, hr, auditor); strangers are refused.
    batch: the same for each item of a batch. seen: a list of whom the caller may see. own: only about the caller.
    all: everybody of the instansi. role: refused without a role that staff do not have.
    """

    kind: Kind
    query: str = ""
    body: Any = None


def _theirs(query: str = "", body: Any = None) -> Rule:
    return Rule("theirs", query, body)


def _role(body: Any = None) -> list[Rule]:
    return [Rule("role", body={} if body is None else body)]


_OWN, _SEEN, _OF_THEM = Rule("own"), Rule("seen"), _theirs("employee={employee}")
#: Catalogues and states that name nobody (or, in the tree of units, only heads) are open to all who work there.
_ALL = [Rule("all")]
_WORK = {"day": "{day}", "quantity": "1"}
_JUDGED = {"version": 1, "text": "x"}

ACTIVITY = {
    "PUT /entries/{entry}": [_theirs(body=_WORK | {"employee": "{employee}"})],
    "GET /entries/{entry}": [_theirs()],
    "POST /entries/batch": [Rule("batch", body=[_WORK | {"id": "{entry}", "employee": "{employee}"}])],
    "POST /entries/{entry}/amend": [_theirs(body=_WORK | {"version": 1})],
    "POST /entries/{entry}/withdraw": [_theirs(body={"version": 1})],
    "POST /imports/entries": _role(),
    "GET /entries": [_OF_THEM, _OWN],
    "POST /entries/{entry}/verify": [_theirs(body=_JUDGED)],
    "POST /entries/{entry}/return": [_theirs(body=_JUDGED)],
    "POST /entries/{entry}/withdraw-verification": [_theirs(body=_JUDGED)],
    "POST /verifications": [Rule("batch", body=[{"entry": "{entry}", "version": 1}])],
    # What waits for the caller: of a person who is not theirs nothing does.
    "GET /verification-queue": [_OWN, Rule("own", "person={employee}")],
    "POST /periods/{period}/seal": _role(),
    "GET /periods": _ALL,
    "PUT /service-records": _role(),
    "GET /service-records": [_theirs("officer={employee}"), _OWN],
    "POST /imports/service-records": _role(),
    "POST /surveys": _role(),
    "GET /satisfaction": _ALL,
    "GET /figures": [_OF_THEM, _OWN],
    "POST /employees/{employee}/erase-texts": _role(),
}
_PLAN = {
    "results": [
        {
            "id": "{plan}",
            "title": "x",
            "indicators": [
                {
                    "id": "{plan}",
                    "title": "x",
                    "aspect": "kuantitas",
                    "direction": "higher",
                    "measure": "quantity",
                    "unit_label": "x",
                    "target": {"kind": "number", "value": "1"},
                }
            ],
        }
    ]
}
_RATING = {"work_result": "meets", "behaviour": "meets", "text": "x"}
_STATED = {"indicator": "{plan}", "value": "1"}
APPRAISAL = {
    "GET /plans": [_SEEN, Rule("own", "waiting=true")],
    "GET /plans/{employee}/{year}": [_theirs()],
    "PUT /plans/{employee}/{year}": [_theirs(body=_PLAN)],
    "POST /plans/{employee}/{year}/agree": [_theirs(body={"revision": 1})],
    "POST /plans/{employee}/{year}/return": [_theirs(body={"revision": 1, "reason": "x"})],
    "POST /imports/plans": _role(),
    "GET /reviews": [Rule("seen", "period={period}")],
    "GET /indicators": [Rule("seen", "year={year}&employee={employee}")],
    "GET /reviews/{employee}": [_theirs("periods={period}")],
    "GET /reviews/{employee}/{period}": [_theirs()],
    "POST /reviews/{employee}/{period}/rating": [_theirs(body=_RATING)],
    "POST /reviews/{employee}/{period}/realisation": [_theirs(body=_STATED)],
    "POST /reviews/{employee}/{period}/realisation/confirm": [_theirs(body=_STATED)],
    "GET /unplaced-facts": _role(),
    "POST /periods/{period}/close": _role(),
    "GET /periods/{period}": _ALL,
    "GET /periods": _ALL,
    "POST /imports/competencies": _role(),
    "GET /competencies/{employee}": [_theirs()],
    "GET /gaps": [_OF_THEM, _SEEN],
    "POST /employees/{employee}/erase-texts": _role(),
}
DIRECTORY = {
    "PUT /instansi": _role(),
    "GET /instansi": _ALL,
    "GET /instansi/rules": _ALL,
    "POST /units/batch": _role(),
    "POST /positions/batch": _role(),
    "GET /units": _ALL,
    "GET /positions": _ALL,
    "POST /employees/lookup": _role(),
    "POST /contacts": _role(),
    # Auditors, and everybody about themselves.
    "GET /lookups": [Rule("role"), Rule("role", "employee={employee}")],
    "POST /employees/batch": _role(),
    "GET /employees": [_SEEN],
    "GET /employees/{employee}": [_theirs()],
    "PATCH /employees/{employee}": [_theirs(body={"phone": "0812000000"})],
    "GET /me": [_OWN],
    # Names of others than oneself, one's superior and one's reports are left out.
    "GET /names": [Rule("seen", "ids={employee}")],
    "POST /assignments/batch": _role(),
    "GET /assignments": [_OF_THEM],
    "POST /assignments/{assignment}/end": _role({"last_day": "{day}"}),
    "POST /assignments/{assignment}/void": _role(),
    "POST /roster/batch": _role(),
    "POST /roster/absent": _role(),
    "GET /roster": [Rule("role", "day={day}")],
    "POST /instansi/suspend": _role(),
    "POST /instansi/resume": _role(),
    "POST /reorganisation": _role(),
    "POST /units/{code}/close": _role({"last_day": "{day}"}),
    "POST /employees/{employee}/erase": _role({"purpose": "request"}),
}
NOTIFICATION = {
    "GET /notices": [_OWN],
    "GET /notices/unread-count": [_OWN],
    "POST /notices/{notice}/read": [_theirs()],
    # Ids that are not one's own notices are named as unknown and stay unread.
    "POST /notices/read": [Rule("own", body={"ids": ["{notice}"]})],
    "GET /statistics": _role(),
    "GET /preferences": [_OWN],
    "PUT /preferences": [Rule("own", body={"language": "id"})],
    "GET /settings": _role(),
    "PUT /settings": _role(),
}
_REASON, _LEVEL = {"reason": "x"}, {"level": 3, "reason": "x"}
TRAINING = {
    "POST /courses/batch": _role(),
    "GET /courses": _ALL,
    "GET /needs": [_OF_THEM, _SEEN],
    "GET /development-plans": [_OF_THEM, _SEEN, Rule("own", "waiting=true&employee={employee}")],
    "GET /development-plans/{plan}": [_theirs()],
    "POST /development-plans/{plan}/approve": [_theirs(body=_REASON)],
    "POST /development-plans/{plan}/return": [_theirs(body=_REASON)],
    "POST /development-plans/{plan}/choose": [_theirs(body={"items": [{"need": "{plan}", "course": "{plan}"}]})],
    "GET /enrolments": [_OF_THEM, _SEEN],
    "GET /enrolments/{enrolment}": [_theirs()],
    "POST /enrolments/{enrolment}/complete": [_theirs(body={"on": "{day}", "certificate": "X-1"})],
    "POST /enrolments/{enrolment}/confirm": [_theirs(body=_LEVEL | {"competency": "{competency}"})],
    "POST /enrolments/{enrolment}/cancel": [_theirs(body=_REASON)],
    "POST /competencies/{employee}/{competency}/confirm": [_theirs(body=_LEVEL)],
    "GET /employees/{employee}/jp": [_theirs()],
    "POST /imports/learning-hours": _role(),
    "POST /employees/{employee}/erase-texts": _role(),
}
_READING = [Rule("role")]
FEED = {
    "GET /events": _READING,
    "GET /event-types": _READING,
    "GET /grants": _READING,
    "PUT /grants/{system}": _role({"types": ["activity.entry.verified.v1"]}),
    "DELETE /grants/{system}": _READING,
    "GET /webhooks": _READING,
    "PUT /webhooks/{webhook}": _role({"url": "https://example.test/", "types": ["activity.entry.verified.v1"]}),
    "GET /webhooks/{webhook}": _READING,
    "DELETE /webhooks/{webhook}": _READING,
    "GET /webhooks/{webhook}/secret": _READING,
    "POST /webhooks/{webhook}/rotate-secret": _role(),
    "POST /webhooks/{webhook}/pause": _READING,
    "POST /webhooks/{webhook}/resume": _READING,
    "POST /webhooks/{webhook}/replay": _role({"since": "2026-01-01T00:00:00Z"}),
    "GET /webhooks/{webhook}/deliveries": _READING,
}
PORTAL = {
    "GET /accounts": _READING,
    "POST /accounts": _role({"nip": "198001012005011009"}),
    "POST /accounts/{employee}/link": _READING,
    "POST /accounts/{employee}/lock": _READING,
}
RIGHTS: Mapping[str, Mapping[str, Sequence[Rule]]] = {
    "activity": ACTIVITY,
    "appraisal": APPRAISAL,
    "directory": DIRECTORY,
    "feed": FEED,
    "notification": NOTIFICATION,
    "portal": PORTAL,
    "training": TRAINING,
}


@dataclass(frozen=True, slots=True)
class Request:
    """A route asked about a person."""

    kind: Kind
    service: str
    method: str
    path: str
    body: Any

    @property
    def name(self) -> str:
        """For the message of a failed assertion."""
        return f"{self.service} {self.method} {self.path}"


def requests(of: Mapping[str, Any]) -> list[Request]:
    """Every route in every way, about the person to whom `of` belongs."""
    found = []
    for service, routes in RIGHTS.items():
        for route, rules in routes.items():
            method, path = route.format(**of).split(" ", 1)
            for rule in rules:
                query = f"?{rule.query.format(**of)}" if rule.query else ""
                body = {"items": rule.body} if rule.kind == "batch" else rule.body
                found.append(Request(rule.kind, service, method, path + query, filled(body, of)))
    return found
