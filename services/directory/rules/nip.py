"""The NIP (nomor induk pegawai): 18 digits, and what spreadsheets make of it."""

import re

from shared.errors import Refusal

_DAMAGED = re.compile(r"[0-9]([.,][0-9]*)?[eE]\+?[0-9]{1,2}|[0-9]{18}[.,]0*")
_DIGITS = re.compile(r"[0-9]{18}")
#: A spreadsheet keeps 15 digits of a number, and no serial number of a NIP is 000.
_LOST = "000"


class NipDamaged(Refusal):
    """A spreadsheet took the NIP for a number and lost its last digits."""

    code = "nip-damaged-by-spreadsheet"
    status = 422


class NipMalformed(Refusal):
    """A NIP has 18 digits."""

    code = "nip-malformed"
    status = 422


def read_nip(text: str, field: str = "nip") -> str:
    """The 18 digits of a NIP, written with or without spaces; NipDamaged or NipMalformed naming `field`."""
    digits = re.sub(r"\s", "", text).removeprefix("'")
    if _DAMAGED.fullmatch(digits) or (_DIGITS.fullmatch(digits) and digits.endswith(_LOST)):
        raise NipDamaged(
            "NIP rusak oleh spreadsheet: format kolomnya sebagai teks, isi ulang NIP, lalu ekspor kembali. / "
            "A spreadsheet damaged the NIP: format its column as text, enter the NIP again and export once more.",
            field=field,
        )
    if not _DIGITS.fullmatch(digits):
        raise NipMalformed("NIP harus 18 angka. / A NIP has 18 digits.", field=field)
    return digits
