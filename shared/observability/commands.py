"""What the carrying out of commands leaves behind for whoever watches: a span for each trace, and counts."""

from collections import Counter
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar, cast

from shared.observability.metrics import COMMANDS
from shared.observability.tracing import spans

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


def observed(execute: F) -> F:
    """`execute(conn, slice, context, orders)`, watched."""

    @wraps(execute)
    async def watched(conn: Any, slice_: Any, context: Any, orders: Any) -> Any:
        # One span for each request, however many commands it carries.
        parents = {(order.context or context).traceparent for order in orders}
        with spans(f"command {slice_.name}", sorted(filter(None, parents))):
            outcomes = await execute(conn, slice_, context, orders)
        for outcome, count in Counter(map(_word, outcomes)).items():
            COMMANDS.labels(slice_.name, outcome).inc(count)
        return outcomes

    return cast(F, watched)


def _word(outcome: Any) -> str:
    return "refused" if outcome.refusal else "recorded" if outcome.events else "unchanged"
