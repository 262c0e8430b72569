"""Structured logs: one JSON object a line on standard output, for our own loggers and everybody else's."""

import logging
import sys
from collections.abc import MutableMapping
from decimal import Decimal
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import ExcInfo, Processor

from shared.observability.privacy import describe, drop_private

#: These say too much: request addresses may carry personal data, and our access line replaces uvicorn's.
_QUIET = {"httpx": logging.WARNING, "httpcore": logging.WARNING, "uvicorn.access": logging.CRITICAL}


def configure_logging(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Sends every logger of this process to `stream` (standard output) as JSON; call once, at start.

    Each line has timestamp (UTC), level, logger, service, event, and what `structlog.contextvars` holds
    (correlation_id). ValueError: an unknown level.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.ExceptionRenderer(_trace),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _naming(service),
            drop_private,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    for name in list(root.manager.loggerDict):
        foreign = logging.getLogger(name)
        foreign.handlers, foreign.propagate = [], True
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(quiet)


def correlation_id() -> str:
    """The correlation id bound to what runs now, or the empty text outside a request or message."""
    return str(structlog.contextvars.get_contextvars().get("correlation_id", ""))


def _naming(service: str) -> Processor:
    def add(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.pop("color_message", None)  # uvicorn's message once more, with terminal codes
        event["service"] = service
        return event

    return add


def _trace(exc_info: ExcInfo) -> str:
    return describe(exc_info[1])


def _to_json(event: Any, **_options: Any) -> str:
    return orjson.dumps(event, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: object) -> str:
    """Objects are logged by their type only: how they print themselves is not known to be harmless."""
    if isinstance(value, Decimal | BaseException):
        return str(value) if isinstance(value, Decimal) else describe(value)
    return f"<{type(value).__qualname__}>"
