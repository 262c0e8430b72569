"""Who the people in a file are: asked of the directory, which is the only one to know names and numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

from cli.importing.sender import Answer, Item, Sender


@dataclass(frozen=True, slots=True, order=True)
class Person:
    """A person as a file calls them: by NIP, or by the id that `system` gave them."""

    id: str
    system: str | None = None

    def body(self) -> dict[str, object]:
        """As the directory's batches take it."""
        return {"nip": self.id} if self.system is None else {"outside": {self.system: self.id}}


def identify(sender: Sender, people: Iterable[Person]) -> dict[Person, Answer]:
    """What the directory knows of each person: their opaque id, or why it knows none (`unknown-employee`).

    An entry of nothing but the name is tried: the directory says whose it is and records nothing.
    """
    wanted = sorted(set(people))
    trial = Sender(sender.system, sender.instansi, sender.token, dry_run=True)
    answers = trial.send("who is who", "directory", "/employees/batch", [Item((), person.body()) for person in wanted])
    return dict(zip(wanted, answers, strict=True))
