"""ETag and If-Match: the version of the stream that was read, and that a command decides on."""

import re
from typing import Annotated

from fastapi import Depends, Header

from shared.errors import Refusal

_STRONG = re.compile(r'"(0|[1-9]\d{0,8})"')


class MalformedIfMatch(Refusal):
    """The header is neither one strong ETag of ours nor `*`."""

    code = "malformed-if-match"
    status = 400


def etag(version: int) -> str:
    """The value of the ETag header: version 3 is `"3"`."""
    return f'"{version}"'


async def if_match(header: Annotated[str | None, Header(alias="If-Match")] = None) -> int | None:
    """The version the caller saw; None without the header or with `*`: any version will do."""
    if header is None or header.strip() == "*":
        return None
    found = _STRONG.fullmatch(header.strip())
    if found is None:
        raise MalformedIfMatch(
            'Kirim ETag yang diterima, misalnya If-Match: "3". / Send the ETag received, for example If-Match: "3".'
        )
    return int(found[1])


IfMatch = Annotated[int | None, Depends(if_match)]
