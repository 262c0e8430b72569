"""Traces: requests, commands, publications, reactions and mails, joined by the traceparent that travels with facts.

Nothing is recorded unless OTEL_EXPORTER_OTLP_ENDPOINT says where spans go. Only a request may begin a trace; all else
goes on where the fact that caused it was recorded, so that what is not sampled costs a comparison. Spans carry no ids of people.
"""

import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

T = TypeVar("T")

SERVER, CONSUMER, PRODUCER = SpanKind.SERVER, SpanKind.CONSUMER, SpanKind.PRODUCER

#: One request in twenty, unless OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG say otherwise.
_DEFAULTS = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.05"}
_FLUSH_SECONDS = 3.0
#: W3C Trace Context, version 00. Other words of a caller would be kept with facts and become headers of what we publish.
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class _Recorder:
    """Where this process records spans: without a tracer nowhere."""

    tracer: Tracer | None = None
    stop: Callable[[], None] = staticmethod(lambda: None)


def start_tracing(service: str, version: str) -> None:
    """Record the spans of this process from now on, if the environment says where to send them."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
        OTLPSpanExporter,
    )  # a second that others need not take
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    told = {"service.namespace": "kinerja", "service.name": service, "service.version": version}
    provider, exporter = TracerProvider(resource=Resource.create(told)), OTLPSpanExporter()
    provider.add_span_processor(BatchSpanProcessor(exporter))

    def stop() -> None:
        patience = threading.Timer(_FLUSH_SECONDS, exporter.shutdown)
        patience.start()
        provider.shutdown()
        patience.cancel()

    _Recorder.tracer, _Recorder.stop = provider.get_tracer("kinerja", version), stop


def stop_tracing() -> None:
    """Send what is left; blocks, for seconds at most where nobody takes it."""
    _Recorder.stop()


def traceparent(header: str | None) -> str | None:
    """The header, if it is a trace context."""
    return header if header and _TRACEPARENT.fullmatch(header) else None


def trace_id(parent: str | None) -> str | None:
    """The trace that `parent` belongs to."""
    return parent.split("-")[1] if parent else None


def begin(name: str, parent: str | None, kind: SpanKind, *, root: bool = False) -> Span | None:
    """A span that goes on from `parent`, or with `root` may begin a trace; None where nothing is recorded."""
    tracer = _Recorder.tracer
    if tracer is None or not (root or (parent and int(parent[-2:], 16) & TraceFlags.SAMPLED)):
        return None
    span = tracer.start_span(name, _context(parent), kind)
    return span if span.is_recording() else None


def onward(span: Span | None, parent: str | None) -> str | None:
    """The traceparent of what `span` causes; where there is none, that of what goes on from `parent`."""
    if span is None:
        return parent
    told = span.get_span_context()
    return f"00-{told.trace_id:032x}-{told.span_id:016x}-{told.trace_flags:02x}"


def finish(span: Span | None, failure: str | None = None) -> None:
    """End the span, as failed when `failure` names why: a type or code, never a text that may quote people."""
    if span is not None:
        if failure is not None:
            span.set_status(Status(StatusCode.ERROR, failure))
        span.end()


@contextmanager
def spans(
    name: str, parents: Sequence[str | None], kind: SpanKind = SpanKind.INTERNAL, **attributes: str | int
) -> Iterator[Sequence[str | None]]:
    """A span for each of `parents` that is recorded; gives, in their order, the traceparents of what they cause."""
    if _Recorder.tracer is None or not any(parents):
        yield parents
        return
    begun = [begin(name, parent, kind) for parent in parents]
    for span in begun:
        if span is not None:
            span.set_attributes(attributes)
    failure = None
    try:
        yield [onward(span, parent) for span, parent in zip(begun, parents, strict=True)]
    except BaseException as error:
        failure = type(error).__name__
        raise
    finally:
        for span in begun:
            finish(span, failure)


@contextmanager
def continued(name: str, items: Sequence[T], kind: SpanKind, **attributes: str | int) -> Iterator[Sequence[T]]:
    """A span for each item (with an attribute `traceparent`) whose trace is recorded; gives the items as they go on from it."""
    given: Sequence[Any] = items
    with spans(name, [item.traceparent for item in given], kind, **attributes) as onward:
        yield [
            item if item.traceparent == parent else _with(item, parent)
            for item, parent in zip(given, onward, strict=True)
        ]


def _with(item: Any, parent: str | None) -> Any:
    return item._replace(traceparent=parent) if hasattr(item, "_replace") else replace(item, traceparent=parent)


def _context(parent: str | None) -> Context:
    if parent is None:
        return Context()
    _, trace, span, flags = parent.split("-")
    told = SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return set_span_in_context(NonRecordingSpan(told), Context())
