"""What bodies of this service have in common, and the version a decision is about."""

from typing import Annotated

from fastapi import Depends

from shared.errors import Refusal
from shared.web.concurrency import IfMatch
from shared.web.fields import Body, Words


class Reason(Body):
    """Why."""

    reason: Words


class IfMatchRequired(Refusal):
    """A decision names the version that was seen."""

    code = "if-match-required"
    status = 428


def _seen(version: IfMatch) -> int:
    if version is None:
        raise IfMatchRequired(
            "Kirim If-Match dengan ETag yang dilihat. / Send If-Match with the ETag of what was seen."
        )
    return version


#: The version the caller decides on; without it the request is refused.
SeenDep = Annotated[int, Depends(_seen)]
