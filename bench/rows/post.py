"""Entries logged one by one through one API process, against the same application with a handler that does nothing."""

from functools import partial

from bench.figure import Figure, Row, in_turn
from bench.seed import agency, entry_body, tell, tell_plans
from bench.serving import Keys, Process, settings_of
from bench.stage import Stage
from bench.traffic import CONNECTIONS, Driver, request
from shared.ids import fresh_id

ROWS = (
    Row(
        name="post",
        unit="entries/s",
        what=f"PUT of one entry with a description, durable when answered, {CONNECTIONS} connections, one API process",
        against="the same application (token, parsing, logging) with a handler that does nothing",
        reach=0.4,
        aim=0.6,
    ),
)


async def measure(stage: Stage) -> list[Figure]:
    """Rounds of both processes in turn."""
    count = {"tiny": 100, "quick": 600, "full": 1_500}[stage.size]
    keys, people = Keys(stage.folder), agency("bench")
    tokens = [(employee, keys.token(people.instansi, employee)) for employee in people.staff]

    def requests() -> list[bytes]:
        made = []
        for n in range(count):
            employee, token = tokens[n % len(tokens)]
            path = f"/api/v1/{people.instansi}/entries/{fresh_id()}"
            made.append(request("PUT", path, token, entry_body(people, employee, n)))
        return made

    async def send(driver: Driver, process: Process) -> float:
        return (await driver.drive(process.port, requests())).rate

    async with stage.database("activity") as database:
        await tell(database.url("worker"), people)
        await tell_plans(database.url("worker"), people)
        settings = settings_of(database, keys)
        with (
            Process("services.activity --only api", stage.folder / "activity.log", settings) as ours,
            Process("bench.idle_api --only api", stage.folder / "idle.log", settings) as idle,
            Driver() as driver,
        ):
            return [await in_turn(ROWS[0], partial(send, driver, ours), partial(send, driver, idle), stage.rounds)]
