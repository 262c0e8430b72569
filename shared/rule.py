"""The name of a rule, so that a computed number can say by which version of which rule it was made."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A formula or decision table. `version` rises when the same inputs may give another answer.

    `source` is the legal source, or the word for a policy, in Indonesian: people read it beside the result.
    """

    id: str
    version: str
    source: str
