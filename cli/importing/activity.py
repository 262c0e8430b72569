"""What people did, as another system recorded it: entries and service records, with the people and plans around them."""

from collections.abc import Sequence

from cli.importing.facts import ENTRIES, RECORDS, Reader
from cli.importing.job import UNHEARD, Job
from cli.importing.mapping import Indicator, Mapping, Plan
from cli.importing.plans import plan_body
from cli.importing.registering import Known, register
from cli.importing.sender import HEARD_SECONDS, Item


def run(job: Job, mapping: Mapping) -> None:
    """Register who is new, then send plans, entries and service records.

    Services hear of new people and plans a moment later; what is refused for that is sent again for a minute.
    """
    known = register(job, mapping)
    reader = Reader(job, mapping, known)
    entries = list(reader.entries(mapping.entries)) if mapping.entries else []
    records = list(reader.records(mapping.service_records)) if mapping.service_records else []
    again = dict(UNHEARD)
    if mapping.plan is not None:
        again["unknown-indicator"] = HEARD_SECONDS
        _send_plans(job, mapping, mapping.plan, known, sorted(reader.years))
    if entries:
        job.send(ENTRIES, "activity", "/imports/entries", entries, again)
    if records:
        job.send(RECORDS, "activity", "/imports/service-records", records, again)


def _send_plans(job: Job, mapping: Mapping, plan: Plan, known: Known, years: Sequence[int]) -> None:
    instansi, indicators = job.sender.instansi, {code: _indicator(said) for code, said in plan.indicators.items()}
    results = {"all": (plan.work_result, indicators)}
    items = []
    for year in years:
        for id in known.people.values():
            if id is None:
                job.tally.note("plans", "new")
            else:
                items.append(Item((), plan_body(instansi, id, year, mapping.system, job.file_hash, results)))
    if items:
        job.send("plans", "appraisal", "/imports/plans", items, UNHEARD)


def _indicator(said: Indicator) -> dict[str, object]:
    kind = "percent" if said.measure == "on_time_share" else "number"
    told = said.model_dump(mode="json", exclude_none=True)
    return told | {"target": {"kind": kind, "value": str(said.target)}}
