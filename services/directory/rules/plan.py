"""Deciding a whole batch at once: each item ends as a record or is refused by itself, whatever the order of items."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from services.directory.rules.records import Known, Record
from shared.errors import Refusal

K = TypeVar("K", bound=Hashable)
R = TypeVar("R", bound=Record)
T = TypeVar("T")

#: What an item says, by field; a field that is missing says nothing and leaves things as they are.
Said = Mapping[str, Any]
Status = Literal["created", "changed", "unchanged"]


@dataclass(slots=True)
class Plan(Generic[R]):
    """What becomes of each item of a batch, by its index: a record, or a refusal."""

    records: dict[int, R] = field(default_factory=dict)
    refused: dict[int, Refusal] = field(default_factory=dict)

    def refuse(self, index: int, refusal: Refusal) -> None:
        """Take back what was planned for an item."""
        self.records.pop(index, None)
        self.refused.setdefault(index, refusal)


def describe(
    items: Mapping[int, Said],
    keys: Mapping[int, K],
    twice: Callable[[], Refusal],
    build: Callable[[K, Said], R],
    *,
    believe_first: bool = False,
) -> Plan[R]:
    """Join what the items say of the same thing (equal `keys`) and `build` its record.

    Items that contradict one another are all refused; with `believe_first` only those that contradict an earlier one.
    """
    groups: dict[K, list[int]] = {}
    for index, key in keys.items():
        groups.setdefault(key, []).append(index)
    plan: Plan[R] = Plan()
    for key, indexes in groups.items():
        joined, refused = _together(items, indexes)
        if refused and not believe_first:
            refused = indexes
        plan.refused |= dict.fromkeys(refused, twice())
        believed = [index for index in indexes if index not in refused]
        if believed:
            try:
                plan.records |= dict.fromkeys(believed, build(key, joined))
            except Refusal as refusal:
                plan.refused |= dict.fromkeys(believed, refusal)
    return plan


def _together(items: Mapping[int, Said], indexes: Sequence[int]) -> tuple[Said, Sequence[int]]:
    """What the items say, and those that contradict an earlier one."""
    joined: dict[str, Any] = {}
    against = []
    for index in indexes:
        if any(joined.get(name, value) != value for name, value in items[index].items()):
            against.append(index)
        else:
            joined |= items[index]
    return joined, against


def settle(
    items: Mapping[int, T], attempt: Callable[[Mapping[int, T]], tuple[Any, Mapping[int, Refusal]]]
) -> tuple[Any, dict[int, Refusal]]:
    """Attempt the whole; take out who is refused and attempt the rest, until nobody is. What is left holds together."""
    refused: dict[int, Refusal] = {}
    while True:
        result, more = attempt({index: item for index, item in items.items() if index not in refused})
        if not more:
            return result, refused
        refused |= more


def status_of(known: Known, main: Record, others: tuple[Record, ...] = ()) -> Status:
    """`created` when `main` is new, `changed` when it or one of `others` differs from what is known."""
    before = known.before(main)
    if before is None:
        return "created"
    return "unchanged" if before == main and all(known.before(other) == other for other in others) else "changed"
