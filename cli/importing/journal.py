"""What an interrupted import had been answered, so that the same command goes on where it stopped."""

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any


class Journal:
    """The answers to batches, by a hash of what was sent; gone once the import is complete."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._answers: dict[str, Any] = {}
        whole = 0
        for line in path.read_bytes().splitlines(keepends=True) if path.exists() else []:
            if not line.endswith(b"\n"):
                # It was being written when the import was killed.
                os.truncate(path, whole)
                break
            whole += len(line)
            key, answer = json.loads(line)
            self._answers[key] = answer

    def answered(self, *sent: Any) -> Any | None:
        """What was answered to this, or None."""
        return self._answers.get(_key(sent))

    def note(self, answer: Any, *sent: Any) -> None:
        """Keep the answer."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._answers[_key(sent)] = answer
        with self.path.open("a") as file:
            file.write(json.dumps([_key(sent), answer]) + "\n")

    def close(self) -> None:
        """The import is complete."""
        self.path.unlink(missing_ok=True)


def _key(sent: Any) -> str:
    return sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()
