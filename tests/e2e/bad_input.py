"""Requests that must be refused, what each is answered, and who sends it; `{ani}`, `{today}` … stand for what there is."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Bad:
    """`what` is wrong. `item`: the body is one item of a batch, which is refused by itself; `raw`: the bytes sent."""

    what: str
    who: str
    route: str
    body: Any
    status: int
    code: str
    item: bool = False
    raw: bytes | None = None
    headers: dict[str, str] | None = None


_WORK = {"day": "{today}", "quantity": "1"}
_ITEM = _WORK | {"id": "{new}"}
_LOG, _BATCH, _VERIFY = "PUT /entries/{new}", "POST /entries/batch", "POST /entries/{entry}/verify"
_JSON = {"Content-Type": "application/json"}


def _log(what: str, code: str, status: int = 422, *, who: str = "ani", **content: Any) -> Bad:
    return Bad(what, who, _LOG, _WORK | content, status, code)


def _raw(what: str, raw: bytes, status: int, code: str, **headers: str) -> Bad:
    kind = {"Content-Type": headers["kind"]} if headers else _JSON
    return Bad(what, "ani", _LOG, None, status, code, raw=raw, headers=kind)


def _judge(what: str, who: str, status: int, code: str, route: str = _VERIFY, **body: Any) -> Bad:
    return Bad(what, who, route, {"version": 1} | body, status, code)


_ANSWER = {"id": "{new}", "unit": "{unit}", "given_at": "{today}T00:00:00Z", "scores": [4] * 9}
_RECORD = {"id": "{new}", "product": "ktp", "officer": "{ani}", "started": "{today}T00:00:00Z"}
_FACT = _ITEM | {"employee": "{ani}", "source": {"system": "lama", "file_hash": "a" * 64, "row": 1}}
_NOBODY, _BACKWARDS = _FACT | {"employee": "{ghost}"}, _RECORD | {"completed": "{closed}-20T00:00:00Z"}

ACTIVITY = [
    _log("an unknown employee", "unknown-employee", who="ghost"),
    _log("an unknown indicator", "unknown-indicator", indicator="{new}"),
    _log("somebody else's indicator", "unknown-indicator", who="budi", indicator="{indicator}"),
    _log("somebody else's work", "forbidden", 403, employee="{budi}"),
    _log("a future day", "future-date", day="{later}"),
    _log("a future time of the device", "future-date", done_at="{later}T00:00:00Z"),
    _log("a day before the agency's first", "before-first-day", day="2020-01-01"),
    _log("a closed period", "period-closed", 409, day="{closed}-15"),
    _log("a negative quantity", "invalid-input", quantity="-1"),
    _log("an absurd quantity", "invalid-input", quantity="1000001"),
    _log("a quantity that is no number", "invalid-input", quantity="NaN"),
    _log("an infinite quantity", "invalid-input", quantity="Infinity"),
    _log("a quantity in words", "invalid-input", quantity="satu"),
    _log("a quantity that is true", "invalid-input", quantity=True),
    _log("too many decimals", "invalid-input", quantity="0.00001"),
    _log("a day that does not exist", "invalid-input", day="2026-02-30"),
    _log("a day as a number", "invalid-input", day=20260301),
    _log("no day", "invalid-input", day=None),
    _log("minutes as text", "invalid-input", minutes="30"),
    _log("more minutes than a day has", "invalid-input", minutes=1441),
    _log("an unknown field", "invalid-input", mood="senang"),
    _log("a description that is too long", "invalid-input", description="x" * 4001),
    _log("U+0000", "nul-character", description="a\0b"),
    Bad("U+0000 in a name of a field", "ani", _LOG, _WORK | {"a\0b": 1}, 422, "nul-character"),
    Bad("an id that is no UUIDv7", "ani", "PUT /entries/{random}", _WORK, 422, "id-not-uuid7"),
    Bad("an id that is none", "ani", "PUT /entries/satu", _WORK, 422, "invalid-input"),
    Bad("an id with other content", "ani", "PUT /entries/{entry}", _WORK, 409, "id-used-with-other-content"),
    _raw("half a JSON", b'{"day":', 400, "malformed-json"),
    _raw("NaN", b'{"day": "2026-11-02", "quantity": NaN}', 400, "malformed-json"),
    _raw("a wrong encoding", '{"description": "caf\xe9"}'.encode("latin-1"), 400, "malformed-json"),
    _raw("a list", b"[]", 422, "invalid-input"),
    _raw("nothing", b"", 422, "invalid-input"),
    _raw("text", b"day=1", 415, "content-type-not-json", kind="text/plain"),
    _raw("more than two megabytes", b'"' + b"x" * (2 << 20) + b'"', 413, "body-too-large"),
    Bad("more than 500 items", "ani", _BATCH, {"items": [_ITEM] * 501}, 422, "invalid-input"),
    Bad("no items", "ani", _BATCH, {"items": []}, 422, "invalid-input"),
    Bad("an item that is none", "ani", _BATCH, "satu", 422, "invalid-input", item=True),
    Bad("a bad item", "ani", _BATCH, _ITEM | {"quantity": -1}, 422, "invalid-input", item=True),
    Bad("an old version", "ani", "POST /entries/{entry}/amend", _WORK | {"version": 7}, 412, "stale-version"),
    Bad("an unknown entry", "ani", "POST /entries/{new}/withdraw", {"version": 1}, 404, "not-found"),
    _judge("a wrong superior", "budi", 403, "not-the-superior"),
    _judge("one's own entry", "ani", 403, "own-entry"),
    _judge("hr beside a superior", "hana", 403, "not-the-superior", text="x"),
    _judge("no version", "boss", 428, "version-required", version=None),
    _judge("an old version", "boss", 412, "stale-version", version=3),
    _judge("below without a reason", "boss", 422, "reason-required", verdict="below"),
    _judge("a return without a reason", "boss", 422, "reason-required", "POST /entries/{entry}/return"),
    _judge("an unknown verdict", "boss", 422, "invalid-input", verdict="hebat"),
    _judge("an unknown entry", "boss", 404, "not-found", "POST /entries/{new}/verify"),
    Bad("a period that is not over", "hana", "POST /periods/{open}/seal", {}, 409, "period-not-over"),
    Bad("a month that does not exist", "hana", "POST /periods/2026-13/seal", {}, 422, "invalid-input"),
    Bad("a quarter where months are used", "hana", "POST /periods/2026-Q1/seal", {}, 422, "invalid-input"),
    Bad("a fact of nobody", "system", "POST /imports/entries", _NOBODY, 422, "unknown-employee", item=True),
    Bad("a record of nothing", "system", "PUT /service-records", {}, 422, "invalid-input", True),
    Bad("an end before the start", "system", "PUT /service-records", _BACKWARDS, 422, "ends-before-start", item=True),
    Bad("eight scores", "system", "POST /surveys", _ANSWER | {"scores": [4] * 8}, 422, "invalid-survey-answer", True),
    Bad(
        "a score of five", "system", "POST /surveys", _ANSWER | {"scores": [5] * 9}, 422, "invalid-survey-answer", True
    ),
    Bad("an unknown unit", "system", "POST /surveys", _ANSWER | {"unit": "{new}"}, 422, "unknown-unit", True),
    Bad("a cursor of one's own making", "ani", "GET /entries?cursor=abc", None, 422, "malformed-cursor"),
    Bad("a page without end", "ani", "GET /entries?limit=100000", None, 422, "invalid-input"),
]

_AIM = {"kind": "number", "value": "20"}
_INDICATOR = {
    "id": "{new}",
    "title": "x",
    "aspect": "kuantitas",
    "direction": "higher",
    "measure": "quantity",
    "unit_label": "x",
    "target": _AIM,
}
_PLAN, _RATE = "PUT /plans/{budi}/2026", "POST /reviews/{ani}/{open}/rating"
_RATING, _STATED = {"work_result": "meets", "behaviour": "meets"}, {"indicator": "{indicator}", "value": "1"}
_LEVEL = {
    "employee": "{ani}",
    "competency": "komunikasi",
    "level": 3,
    "effective": "{today}",
    "source": {"system": "lama", "file_hash": "a" * 64},
}


def _plan(what: str, code: str, status: int = 422, *, route: str = _PLAN, who: str = "boss", **of: Any) -> Bad:
    body = {"results": [{"id": "{new}", "title": "x", "indicators": [_INDICATOR | of]}]}
    return Bad(what, who, route, body, status, code)


APPRAISAL = [
    _plan("a plan for nobody", "unknown-employee", route="PUT /plans/{ghost}/2026"),
    _plan("a plan by a colleague", "forbidden", 403, who="ani"),
    _plan("a target that is no number", "invalid-input", target={"kind": "number", "value": "NaN"}),
    _plan("a negative target", "invalid-input", target={"kind": "number", "value": "-1"}),
    _plan("nothing to reach", "invalid-target", target=_AIM | {"value": "0"}),
    _plan("zero as the aim without a rule", "zero-target-needs-rule", target=_AIM | {"value": "0"}, direction="lower"),
    _plan("a range upside down", "invalid-target", target={"kind": "range", "lo": "9", "hi": "1"}),
    _plan("an unknown measure", "invalid-input", measure="rasa"),
    Bad("a plan nobody proposed", "ani", "POST /plans/{ani}/2025/agree", {"revision": 1}, 409, "nothing-proposed"),
    Bad("a rating by a colleague", "budi", _RATE, _RATING, 403, "forbidden"),
    Bad("an unknown rating", "boss", _RATE, _RATING | {"work_result": "hebat"}, 422, "invalid-input"),
    Bad("below without a reason", "boss", _RATE, _RATING | {"work_result": "below"}, 422, "reason-required"),
    Bad(
        "a computed indicator by hand",
        "ani",
        "POST /reviews/{ani}/{open}/realisation",
        _STATED,
        422,
        "indicator-not-manual",
    ),
    Bad("a review of no month", "ani", "GET /reviews/{ani}/2026-13", None, 422, "invalid-input"),
    Bad("a review of nobody", "hana", "GET /reviews/{ghost}/{open}", None, 404, "not-found"),
    Bad("a period that is not over", "hana", "POST /periods/{open}/close", {}, 409, "period-not-over"),
    Bad("a period that activity still takes", "hana", "POST /periods/2020-01/close", {}, 409, "period-not-sealed"),
    Bad(
        "a level of nobody",
        "hana",
        "POST /imports/competencies",
        _LEVEL | {"employee": "{ghost}"},
        422,
        "unknown-employee",
        True,
    ),
    Bad("a level of nine", "hana", "POST /imports/competencies", _LEVEL | {"level": 9}, 422, "invalid-input", True),
    Bad(
        "a level of tomorrow",
        "hana",
        "POST /imports/competencies",
        _LEVEL | {"effective": "{later}"},
        422,
        "invalid-input",
        True,
    ),
]

_ROW = {
    "nip": "199501012020011001",
    "name": "Pegawai Baru",
    "kind": "PNS",
    "unit_code": "A",
    "position_code": "STAF",
    "valid_from": "{today}",
    "superior_nip": "{boss_nip}",
}


def _row(what: str, code: str, **of: Any) -> Bad:
    return Bad(what, "hana", "POST /roster/batch", _ROW | of, 422, code, item=True)


DIRECTORY = [
    _row("a NIP that a spreadsheet damaged", "nip-damaged-by-spreadsheet", nip="1.98E+17"),
    _row("a NIP of 17 digits", "nip-malformed", nip="19950101202001100"),
    _row("a superior who is nowhere", "superior-unknown", superior_nip="190001011920011009"),
    _row("oneself as superior", "superior-self", superior_nip="199501012020011001"),
    _row("no post", "post-missing", unit_code=None),
    _row("an end before the first day", "ends-before-it-begins", valid_to="{closed}-01"),
    _row(
        "a second definitive post",
        "definitive-posts-overlap",
        nip="{ani_nip}",
        position_code="STAF2",
        position_title="S",
        position_kind="JA",
        position_level="Pelaksana",
    ),
    _row("a control character", "invalid-input", name="a\tb"),
    Bad("an unknown zone", "system", "PUT /instansi", {"zone": "Asia/Nowhere"}, 422, "invalid-input"),
    Bad(
        "thresholds that fall",
        "system",
        "PUT /instansi",
        {"policy": {"score_meets_percent": "115"}},
        422,
        "policy-inconsistent",
    ),
    Bad(
        "a share that is no number",
        "system",
        "PUT /instansi",
        {"policy": {"gap_threshold_percent": "NaN"}},
        422,
        "invalid-input",
    ),
    Bad("an address that is none", "ani", "PATCH /employees/{ani}", {"email": "ani"}, 422, "invalid-input"),
    Bad("a question about nobody", "system", "POST /employees/lookup", {"purpose": "test-it"}, 422, "invalid-input"),
    Bad("too many people at once", "system", "POST /contacts", {"ids": ["{ani}"] * 501}, 422, "invalid-input"),
    Bad("a unit above itself", "hana", "POST /units/batch", {"code": "A", "parent": "A"}, 422, "unit-circular", True),
    Bad(
        "a level of six",
        "hana",
        "POST /positions/batch",
        {"code": "STAF", "requires": {"x": 6}},
        422,
        "invalid-input",
        True,
    ),
]

_COURSE = {"code": "K-1", "title": "x", "provider": "x", "kind": "klasikal", "jp": 8, "competencies": {"komunikasi": 3}}
_LEARNT = {"level": 3, "reason": "x"}
_MASTER = "POST /competencies/{ani}/komunikasi/confirm"
_SEEN = {"If-Match": '"1"'}

TRAINING = [
    Bad("a course without hours", "hana", "POST /courses/batch", _COURSE | {"jp": 0}, 422, "invalid-input", True),
    Bad(
        "a course to level six",
        "hana",
        "POST /courses/batch",
        _COURSE | {"competencies": {"x": 6}},
        422,
        "invalid-input",
        True,
    ),
    Bad("a level of nobody", "boss", "POST /competencies/{ghost}/komunikasi/confirm", _LEARNT, 422, "unknown-employee"),
    Bad("a level by a colleague", "budi", _MASTER, _LEARNT, 403, "not-the-superior"),
    Bad("a level of seven", "boss", _MASTER, _LEARNT | {"level": 7}, 422, "level-out-of-range"),
    Bad("a level without a reason", "boss", _MASTER, {"level": 3}, 422, "invalid-input"),
    Bad(
        "an unknown competency", "boss", "POST /competencies/{ani}/terbang/confirm", _LEARNT, 422, "unknown-competency"
    ),
    Bad("an unknown plan", "boss", "POST /development-plans/{new}/approve", {}, 404, "not-found", headers=_SEEN),
    Bad("a decision about no version", "boss", "POST /development-plans/{new}/approve", {}, 428, "if-match-required"),
    Bad(
        "an unknown enrolment",
        "ani",
        "POST /enrolments/{new}/complete",
        {"on": "{today}", "certificate": "1"},
        404,
        "not-found",
    ),
]

NOTIFICATION = [
    Bad("hr that nobody knows", "hana", "PUT /settings", {"hr_contacts": ["{ghost}"]}, 422, "unknown-employee"),
    Bad("some and all at once", "ani", "POST /notices/read", {"ids": ["{new}"], "all": True}, 422, "invalid-input"),
    Bad("a notice of nobody", "ani", "POST /notices/{new}/read", None, 404, "not-found"),
    Bad("an unknown language", "ani", "PUT /preferences", {"language": "jv"}, 422, "invalid-input"),
    Bad(
        "quiet hours of no length",
        "ani",
        "PUT /preferences",
        {"quiet_hours": {"from": "21:00", "to": "21:00"}},
        422,
        "invalid-input",
    ),
]

_EATEN = {"types": ["activity.entry.eaten.v1"]}
FEED = [
    Bad(
        "a webhook into the own network",
        "hana",
        "PUT /webhooks/{new}",
        {"url": "https://10.0.0.1/", "types": ["activity.entry.verified.v1"]},
        422,
        "url-not-allowed",
    ),
    Bad("an unknown webhook", "hana", "POST /webhooks/{new}/pause", None, 404, "not-found"),
    Bad("a type that nobody tells", "hana", "PUT /grants/tpp", _EATEN, 422, "unknown-type"),
    Bad("a cursor of one's own making", "hana", "GET /events?after=abc", None, 422, "malformed-cursor"),
]

_HERS = {"nip": "{ani_nip}"}
PORTAL = [
    Bad("a NIP cut short", "hana", "POST /accounts", {"nip": "1990"}, 422, "invalid-input"),
    Bad("a NIP of nobody", "hana", "POST /accounts", {"nip": "199912312025011999"}, 404, "nip-unknown"),
    Bad("a role that is none", "hana", "POST /accounts", _HERS | {"roles": ["boss"]}, 422, "invalid-input"),
    Bad("a role for operators to give", "hana", "POST /accounts", _HERS | {"roles": ["hr"]}, 403, "forbidden"),
    Bad("a link for nobody", "hana", "POST /accounts/{ghost}/link", None, 404, "account-unknown"),
    Bad("nobody locked out", "hana", "POST /accounts/{ghost}/lock", None, 404, "account-unknown"),
]

CASES = {
    "activity": ACTIVITY,
    "appraisal": APPRAISAL,
    "directory": DIRECTORY,
    "feed": FEED,
    "training": TRAINING,
    "notification": NOTIFICATION,
    "portal": PORTAL,
}
#: What each service says to somebody of an agency that nobody registered.
NOWHERE = {
    "activity": ("PUT /entries/{new}", _WORK, 404, "unknown-instansi"),
    "appraisal": ("GET /reviews", None, 404, "unknown-instansi"),
    "directory": ("GET /instansi", None, 409, "unknown-instansi"),
    "feed": ("PUT /grants/tpp", {"types": ["activity.entry.verified.v1"]}, 404, "unknown-instansi"),
    "training": ("POST /competencies/{ghost}/x/confirm", _LEARNT, 422, "unknown-employee"),
    "notification": ("PUT /settings", {"hr_contacts": ["{ghost}"]}, 422, "unknown-employee"),
    "portal": ("POST /accounts", _HERS, 404, "unknown-instansi"),
}
