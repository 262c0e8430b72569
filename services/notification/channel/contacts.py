"""Names and addresses, asked of the directory when a mail is sent and kept no longer than that."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from services.notification.notice.catalogue import Language

_TIMEOUT_SECONDS = 5.0
_AT_ONCE = 500


class DirectoryAway(Exception):
    """The directory does not answer as it should; nothing is known about the people asked for."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What a mail needs to know of a person; `email` None: there is no address."""

    name: str
    email: str | None
    language: Language


class _Item(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: UUID
    name: str
    email: str | None
    language: Language


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    contacts: list[_Item]


class Contacts:
    """The directory's `POST /contacts`, as role system."""

    def __init__(self, directory_url: str, token_file: Path) -> None:
        """`token_file` holds a token of role system for every instansi; it is read at each call, as it is renewed."""
        self._token_file = token_file
        self._http = httpx.AsyncClient(base_url=directory_url, timeout=_TIMEOUT_SECONDS, trust_env=False)

    async def of(self, instansi: str, employees: Collection[UUID]) -> dict[UUID, Contact]:
        """The contacts of those the directory knows as active. DirectoryAway."""
        wanted, found = sorted(employees), {}
        for start in range(0, len(wanted), _AT_ONCE):
            for item in await self._ask(instansi, wanted[start : start + _AT_ONCE]):
                found[item.id] = Contact(item.name, item.email, item.language)
        return found

    async def _ask(self, instansi: str, employees: list[UUID]) -> list[_Item]:
        try:
            answer = await self._http.post(
                f"/api/v1/{instansi}/contacts",
                json={"purpose": "notification", "ids": [str(employee) for employee in employees]},
                headers={"Authorization": f"Bearer {self._token_file.read_text().strip()}"},
            )
            answer.raise_for_status()
            return _Answer.model_validate_json(answer.content).contacts
        except httpx.HTTPStatusError as error:
            raise DirectoryAway(f"the directory answered {error.response.status_code}") from None
        except (httpx.HTTPError, OSError) as error:
            raise DirectoryAway(f"the directory cannot be asked: {type(error).__name__}") from None
        except ValidationError:
            # Its text quotes names and addresses.
            raise DirectoryAway("the directory's answer cannot be read") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
