"""Learning hours (jam pelajaran, JP) of a year against what the law grants."""

from dataclasses import dataclass
from typing import Literal

from shared.rule import Rule

Kind = Literal["PNS", "CPNS", "PPPK", "NON_ASN"]

#: At least 20 JP a year for civil servants (PNS, CPNS).
MINIMUM = Rule("jp-minimum", "1", "PP 11/2017 jo. PP 17/2020: paling sedikit 20 JP setahun bagi PNS")
MINIMUM_JP = 20
#: At most 24 JP a year of the contract for contract staff (PPPK).
CAP = Rule("jp-cap", "1", "PP 49/2018 jo. Peraturan LAN 15/2020: paling banyak 24 JP setahun bagi PPPK")
CAP_JP = 24


@dataclass(frozen=True, slots=True)
class Balance:
    """Completed JP of a year. `minimum` or `cap` is None where the law sets none; `rule` then too."""

    completed: int
    minimum: int | None
    cap: int | None
    missing: int
    over_cap: bool
    rule: Rule | None


def balance(kind: Kind, completed: int) -> Balance:
    """How `completed` JP of one year stand; going over the cap is a warning, never a refusal."""
    match kind:
        case "PNS" | "CPNS":
            return Balance(completed, MINIMUM_JP, None, max(MINIMUM_JP - completed, 0), False, MINIMUM)
        case "PPPK":
            return Balance(completed, None, CAP_JP, 0, completed > CAP_JP, CAP)
        case "NON_ASN":
            return Balance(completed, None, None, 0, False, None)
