"""A certificate counts once: its number per provider and employee, its file in the whole instansi."""

import unicodedata
from collections.abc import Collection
from hashlib import sha256
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from services.training.tables import TrainingTable
from shared.errors import Refusal
from shared.eventstore.rows import fetch


class Certificate(TrainingTable, table=True):
    """The use of a certificate; only a fingerprint of it is kept here."""

    __tablename__ = "certificate"

    instansi: str = Field(primary_key=True)
    fingerprint: str = Field(primary_key=True)
    enrolment: UUID


class CertificateUsed(Refusal):
    """The certificate proves another enrolment already."""

    code = "certificate-used"
    status = 409


def fingerprints(employee: UUID, provider: str, number: str, file_hash: str | None) -> list[str]:
    """What must be new; spelling differences in case and spaces make no other certificate."""
    keys = [f"number\0{_plain(provider)}\0{employee}\0{_plain(number)}"]
    if file_hash is not None:
        keys.append(f"file\0{file_hash}")
    return [sha256(key.encode()).hexdigest() for key in keys]


async def use(conn: AsyncConnection, instansi: str, enrolment: UUID, certificate: Collection[str]) -> None:
    """Claim the fingerprints for an enrolment; CertificateUsed when another one has any of them."""
    await fetch(
        conn,
        "INSERT INTO certificate (instansi, fingerprint, enrolment) SELECT $1, f, $2 FROM unnest($3::text[]) AS f ORDER BY f"
        " ON CONFLICT DO NOTHING RETURNING 1",
        *(instansi, enrolment, list(certificate)),
    )
    sql = "SELECT 1 FROM certificate WHERE instansi = $1 AND enrolment <> $2 AND fingerprint = ANY($3::text[])"
    if await fetch(conn, sql, instansi, enrolment, list(certificate)):
        raise CertificateUsed(
            "Sertifikat ini sudah dipakai; periksa nomor atau berkasnya. / "
            "This certificate is in use already; check its number or file."
        )


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()
