"""Messages that break their contract in many ways, and odd ones that keep it: made from a good one, with a fixed seed."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from shared.ids import fresh_id

Document = dict[str, Any]
Good = Callable[[], tuple[str, Document]]
Make = Callable[[Random, Document], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message for the road. `reason`: what its dead letter must say; None: it is to be processed."""

    kind: str
    subject: str
    payload: bytes
    reason: str | None
    headers: dict[str, str] = field(default_factory=dict)


def _json(document: Document) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _raw(change: Callable[[Random, bytes], bytes]) -> Make:
    return lambda random, document: change(random, _json(document))


def _instead(text: bytes) -> Make:
    return lambda _random, _document: text


def _written(old: bytes, new: bytes) -> Make:
    """What no JSON writer writes by itself."""
    return _raw(lambda _random, text: text.replace(old, new, 1))


def _envelope(**changed: Any) -> Make:
    return lambda _random, document: _json(document | changed)


def _data(**changed: Any) -> Make:
    return lambda _random, document: _json(document | {"data": document["data"] | changed})


def _without(name: str) -> Make:
    return lambda _random, document: _json({key: value for key, value in document.items() if key != name})


def _data_without(name: str) -> Make:
    return lambda _random, document: _json(
        document | {"data": {key: value for key, value in document["data"].items() if key != name}}
    )


def _each(name: str, values: Iterable[Any], make: Callable[..., Make]) -> dict[str, Make]:
    return {f"{name} {value}"[:60]: make(**{name: value}) for value in values}


_UNREADABLE: dict[str, Make] = {
    "words": _instead(b"selamat pagi"),
    "nothing": _instead(b""),
    "white space": _instead(b" \n"),
    "truncated": _raw(lambda random, text: text[: random.randrange(1, len(text))]),
    "noise": lambda random, _document: b"\x80" + random.randbytes(random.randrange(1, 500)),
    "256 KB of noise": lambda random, _document: b"{" + random.randbytes(262_000),
    "1 MB of zeros": _instead(b"0" * 1_000_000),
    "more behind the end": _raw(lambda _random, text: text + b"}"),
    "twice": _raw(lambda _random, text: text + text),
    "byte order mark": _raw(lambda _random, text: b"\xef\xbb\xbf" + text),
    "UTF-16": _raw(lambda _random, text: text.decode().encode("utf-16")),
    "invalid UTF-8": _written(b'"correlationid":"', b'"correlationid":"\xff\xfe'),
    "half a character": _written(b'"correlationid":"', b'"correlationid":"\\ud800'),
    "a raw control character": _written(b'"correlationid":"', b'"correlationid":"\x00'),
    "deep": _instead(b'{"data":' * 20_000 + b"1" + b"}" * 20_000),
    "deep and open": _instead(b"[" * 20_000),
    "Python": _raw(lambda _random, text: text.replace(b'"', b"'")),
}
_NUL: dict[str, Make] = {
    f"{nul.decode()} in {name}": _written(b'"%s":"' % name.encode(), b'"%s":"%s' % (name.encode(), nul))
    for name in ("correlationid", "origin", "instansi", "type", "id")
    for nul in (rb"\u0000", rb"\\\u0000")
}
_NO_TIMES: tuple[Any, ...] = (
    *("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z"),
    *("2026-03-10T05:00:00", "kemarin", None, {}, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"),
)
_ENVELOPE = (
    *("specversion", "id", "type", "subject", "time", "instansi"),
    *("sourceversion", "epoch", "recordedat", "origin", "correlationid", "data"),
)
_STRANGE: dict[str, Make] = {
    **{f"only {text.decode()}": _instead(text) for text in (b"{}", b"[]", b"[1,2]", b"7", b'"x"', b"null")},
    **{f"without {name}": _without(name) for name in _ENVELOPE},
    "1e400": _instead(b"1e400"),
    "NaN": _written(b'"epoch":1', b'"epoch":NaN'),
    "Infinity": _written(b'"epoch":1', b'"epoch":-Infinity'),
    "another CloudEvents": _envelope(specversion="0.3"),
    "an id that is none": _envelope(id="42"),
    "a subject that is none": _envelope(subject=None),
    "an odd instansi": _envelope(instansi="Kota Medan\n"),
    "an instansi like SQL": _envelope(instansi="medan'; --"),
    **_each("sourceversion", (0, -1, 2**31, 1.5, 1e300, "one", None), _envelope),
    **_each("epoch", (0, -3, 2**31, 2**70, "first", None, []), _envelope),
    **_each("time", _NO_TIMES, _envelope),
    **_each("recordedat", _NO_TIMES, _envelope),
    **_each("data", ([], "x", 1, None), _envelope),
    "a correlation id of 100 KB": _envelope(correlationid="x" * 100_000),
    "an origin of 100 KB": _envelope(origin="x" * 100_000),
}
_UNKNOWN: dict[str, Make] = {
    "a version to come": lambda _random, document: _json(document | {"type": document["type"][:-1] + "9"}),
    "a type of others": _envelope(type="com.example.order.placed"),
    "no type": _envelope(type=""),
    "a type of 100 KB": _envelope(type="x" * 100_000),
    "what nobody here hears": _envelope(type="id.go.kinerja.training.enrolment.enrolled.v1"),
}
_COMMON: list[tuple[str, str, Make]] = [
    *((kind, "no JSON", make) for kind, make in _UNREADABLE.items()),
    *((kind, "U+0000", make) for kind, make in _NUL.items()),
    *((kind, "no CloudEvent of ours", make) for kind, make in _STRANGE.items()),
    *((kind, "is none that this consumer reads", make) for kind, make in _UNKNOWN.items()),
    ("another instansi", "belongs to another instansi or type", _envelope(instansi="kota-lain")),
]
_NO_PERIODS: tuple[Any, ...] = (
    "",
    "0000-01",
    "2026-00",
    "2026-13",
    "2026-Q5",
    "9999-12",
    "maret",
    "2026-03 ",
    202603,
    None,
    "x" * 9999,
)
_NO_QUANTITIES: tuple[Any, ...] = (
    "banyak",
    "NaN",
    "Infinity",
    "1e999999",
    "1e-999999",
    "-5",
    "9" * 5000,
    "",
    None,
    {},
    [1],
    True,
)
_AGAINST_ENTRY: dict[str, Make] = {
    **_each("quantity", _NO_QUANTITIES, _data),
    **_each("minutes", (2**31, -1, 2**70, "many", 1.5), _data),
    **_each("day", ("0000-01-01", "10000-01-01", "2026-02-30", "31/12/2026", None, 0.5), _data),
    **_each("period", _NO_PERIODS, _data),
    **{f"no {name}": _data_without(name) for name in ("entry", "employee", "indicator", "period", "status", "late")},
    "an employee that is none": _data(employee="ani"),
    "another status": _data(status="lost"),
    "another verdict": _data(verdict="perhaps"),
    "late perhaps": _data(late="perhaps"),
    "an activity of 100 KB": _data(activity="x" * 100_000),
    "the same key twice, the last one wrong": _written(b'"quantity":"5"', b'"quantity":"5","quantity":"banyak"'),
}
_ODD: dict[str, Make] = {
    "more than the contract knows": _data(colour="red", more={"a": [1, None]}),
    "deep where nobody looks": _data(more=json.loads("[" * 100 + "]" * 100)),
    "250 KB of what nobody reads": _data(more="x" * 250_000),
    "the latest version there is": _envelope(sourceversion=2**31 - 1),
    "told in the year 2999": _envelope(time="2999-12-31T00:00:00Z", recordedat="2999-12-31T00:00:00Z"),
    "told in the year 1900": _envelope(time="1900-01-02T00:00:00Z", recordedat="1900-01-02T00:00:00Z"),
    "a backslash before u0000": _written(b'"correlationid":"', rb'"correlationid":"\\u0000'),
    "the same key twice": _written(b'"epoch":1', b'"epoch":"none","epoch":1'),
}
_ODD_ENTRY: dict[str, Make] = {
    "about nobody we know": lambda _random, document: _json(
        document | {"data": document["data"] | {name: str(fresh_id()) for name in ("employee", "indicator", "unit")}}
    ),
    "long ago": _data(day="1900-01-01", period="1900-01"),
    "far ahead": _data(day="2999-12-31", period="2999-Q4"),
    "a day outside of its period": _data(day="9999-12-31"),
    "an enormous quantity": _data(quantity="9" * 18),
    "a tiny quantity": _data(quantity="0." + "0" * 17 + "1"),
}
_ODD_HEADERS: list[dict[str, str]] = [
    {},
    {"traceparent": "not a trace"},
    {"traceparent": "x" * 20_000},
    {"Status": "404"},
    {"Status": "409", "Description": "Consumer Deleted"},
    {"Status": "100", "Description": "Idle Heartbeat"},
    {"Content-Type": "text/html"},
    {"Nats-Msg-Id": "\0"},
    {"catatan": "é \0 \x7f 🎈"},
    {"X": "y" * 30_000},
]


def broken(random: Random, number: int, good: Good) -> Iterator[Sent]:
    """So many broken messages, every kind in turn, each made from what `good` gives (subject and document)."""
    _, example = good()
    anything = {f"{name} is a list of lists": _data(**{name: [[[]]]}) for name in example["data"]}
    against = _AGAINST_ENTRY if "quantity" in example["data"] else anything
    kinds = [*_COMMON, *((kind, "data against the contract", make) for kind, make in against.items())]
    for turn in range(number):
        kind, reason, make = kinds[turn % len(kinds)]
        subject, document = good()
        headers = _ODD_HEADERS[turn // len(kinds) % len(_ODD_HEADERS)]
        if "Nats-Msg-Id" in headers:
            headers = {"Nats-Msg-Id": f"\0 {turn}"}  # of two with the same one JetStream keeps one
        yield Sent(kind=kind, subject=subject, payload=make(random, document), reason=reason, headers=headers)


def odd(random: Random, good: Good) -> Iterator[Sent]:
    """Every odd message and every odd header once: they say what the contract asks for, and are to be processed."""
    _, example = good()
    kinds = _ODD | (_ODD_ENTRY if "quantity" in example["data"] else {})
    plain = partial(_raw, lambda _random, text: text)
    for kind, make, headers in (
        *((kind, make, {}) for kind, make in kinds.items()),
        *((f"with headers {headers}", plain(), headers) for headers in _ODD_HEADERS),
    ):
        subject, document = good()
        yield Sent(kind=kind, subject=subject, payload=make(random, document), reason=None, headers=headers)
