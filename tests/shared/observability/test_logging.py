"""Logs: one JSON object a line, and never what people are called, wrote or hold as a secret."""

import io
import json
import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
import structlog
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError

from shared.observability.logging import configure_logging, correlation_id

NIP = "198001012005011001"


class Log(io.StringIO):
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = Log()
    configure_logging("activity", "info", stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_a_line_says_when_who_and_for_which_request(log: Log) -> None:
    with structlog.contextvars.bound_contextvars(correlation_id="c-1"):
        assert correlation_id() == "c-1"
        structlog.get_logger("services.activity").info("entry_logged", entry="e-1", quantity=Decimal("1.50"))
    (line,) = log.lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "entry_logged",
        "level": "info",
        "logger": "services.activity",
        "service": "activity",
        "correlation_id": "c-1",
        "entry": "e-1",
        "quantity": "1.50",
    }
    assert correlation_id() == ""


def test_foreign_loggers_are_flattened_and_carry_the_correlation_id(log: Log) -> None:
    with structlog.contextvars.bound_contextvars(correlation_id="c-2"):
        logging.getLogger("nats.aio").warning("lost %s", "server-1", extra={"durable": "review"})
    (line,) = log.lines()
    assert (line["event"], line["durable"], line["logger"]) == ("lost server-1", "review", "nats.aio")
    assert (line["correlation_id"], line["service"]) == ("c-2", "activity")


def test_a_logger_with_its_own_handler_is_written_once_and_as_json(log: Log) -> None:
    other = io.StringIO()
    foreign = logging.getLogger("uvicorn.error.test")
    foreign.addHandler(logging.StreamHandler(other))
    foreign.propagate = False
    configure_logging("activity", "INFO", log)
    foreign.info("started", extra={"color_message": "\x1b[1mstarted"})
    assert [line["event"] for line in log.lines()] == ["started"]
    assert other.getvalue() == ""
    assert "color_message" not in log.getvalue()


@pytest.mark.parametrize(
    "key",
    [
        "body",
        "token",
        "access_token",
        "Authorization",
        "name",
        "full_name",
        "nip",
        "email",
        "text",
        "description",
    ],
)
def test_a_key_that_could_hold_personal_data_is_dropped_at_any_depth(log: Log, key: str) -> None:
    structlog.get_logger().info("x", **{key: "secret"}, inner={key: "secret", "kept": 1}, many=[{key: "secret"}])
    logging.getLogger("faststream").info("y", extra={"message_": {key: "secret"}, "kept": 2})
    assert "secret" not in log.getvalue()
    first, second = log.lines()
    assert (first["inner"], first["many"], second["kept"]) == ({"kept": 1}, [{}], 2)


def test_keys_that_only_look_alike_are_kept(log: Log) -> None:
    structlog.get_logger().info("x", token_id="t-1", context_size=3, durable="d", handler_name="h")
    (line,) = log.lines()
    assert (line["token_id"], line["context_size"], line["handler_name"]) == ("t-1", 3, "h")


def test_a_nip_or_address_inside_a_message_is_masked(log: Log) -> None:
    logging.getLogger("some.library").error("refused %s of %s", NIP, "siti@medan.go.id")
    (line,) = log.lines()
    assert line["event"] == "refused [nip] of [mail]"


def test_an_exception_is_logged_with_its_trace_and_its_cause(log: Log) -> None:
    def fail() -> None:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise RuntimeError("second") from error

    try:
        fail()
    except RuntimeError:
        structlog.get_logger().exception("failed")
    (line,) = log.lines()
    assert "builtins.KeyError: 'first'" in line["exception"]
    assert line["exception"].endswith("builtins.RuntimeError: second")
    assert "in fail" in line["exception"]


def test_the_values_inside_database_and_validation_errors_are_not_logged(log: Log) -> None:
    class Person(BaseModel):
        age: int

    who = "Siti"
    driver_error = asyncpg.UniqueViolationError(f"Key (nip)=({NIP}) already exists, {who}")
    for error in (
        IntegrityError("INSERT", {"p": who}, driver_error),
        driver_error,
        ExceptionGroup("many", [IntegrityError("INSERT", {"p": who}, driver_error)]),
    ):
        try:
            raise error
        except (IntegrityError, asyncpg.UniqueViolationError, ExceptionGroup):
            logging.getLogger("library").exception("failed")
    try:
        Person.model_validate({"age": who})
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "Siti" not in log.getvalue()
    assert NIP not in log.getvalue()
    assert log.getvalue().count("SQLSTATE 23505") == 3
    assert "1 validation error for Person" in log.getvalue()


def test_a_database_error_logged_as_text_is_cut_before_its_values(log: Log) -> None:
    driver_error = asyncpg.UniqueViolationError('duplicate key value violates "people_nip"\nDETAIL:  Key (x)=(Siti).')
    error = IntegrityError("INSERT INTO people", {"p": "Siti"}, driver_error)
    structlog.get_logger().error("failed", error=repr(error))
    logging.getLogger("library").error("failed: %s", error)
    structlog.get_logger().error("failed", error=error)
    assert "Siti" not in log.getvalue()
    assert log.getvalue().count("people_nip") == 2
    assert "SQLSTATE 23505" in log.lines()[2]["error"]


def test_an_object_is_logged_by_its_type_only(log: Log) -> None:
    class Person:
        def __repr__(self) -> str:
            return "Siti"

    structlog.get_logger().info("x", what=Person())
    (line,) = log.lines()
    assert line["what"].endswith("Person>")
    assert "Siti" not in log.getvalue()


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="CHATTY"):
        configure_logging("activity", "chatty")
