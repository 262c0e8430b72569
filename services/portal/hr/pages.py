"""The pages of HR: who works here and who may sign in."""

from fastapi import APIRouter

from services.portal.hr import person, roster


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    roster.add(router)
    person.add(router)
