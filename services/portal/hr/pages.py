"""The pages of HR: who works here, who may sign in, how far everybody is, and closing periods."""

from fastapi import APIRouter

from services.portal.hr import monitor, periods, person, roster


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    roster.add(router)
    person.add(router)
    periods.add(router)
    monitor.add(router)
