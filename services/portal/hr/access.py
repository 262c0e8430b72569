"""Whose pages these are."""

from typing import Annotated

from fastapi import Depends

from services.portal.visit import Visit, VisitDep
from shared.errors import Forbidden
from shared.web.tokens import Role


async def _hr(visit: VisitDep) -> Visit:
    if visit.signed is None or Role.HR not in visit.signed.roles:
        raise Forbidden("Halaman ini untuk pengelola kepegawaian. / This page is for HR.")
    return visit


#: The visit of somebody of HR; everybody else is refused before the page does anything.
HrDep = Annotated[Visit, Depends(_hr)]
