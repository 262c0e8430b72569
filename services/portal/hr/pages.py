"""The pages of HR: who works here, who may sign in, and closing periods."""

from fastapi import APIRouter

from services.portal.hr import periods, person, roster


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    roster.add(router)
    person.add(router)
    periods.add(router)
