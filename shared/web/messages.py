"""What people read in a refusal: Indonesian first, English for who asks for it."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Language = Literal["id", "en"]


class Wording(NamedTuple):
    """One sentence in both languages."""

    id: str
    en: str


#: Titles of the general refusals by code. A service adds its own; a code without one gets its status' title.
TITLES: Mapping[str, Wording] = {
    "body-too-large": Wording("Isi permintaan terlalu besar", "The request body is too large"),
    "content-type-not-json": Wording("Isi permintaan bukan JSON", "The request body is not JSON"),
    "database-unavailable": Wording("Basis data sedang tidak tersedia", "The database is not available"),
    "record-newer": Wording("Layanan sedang diperbarui", "The service is being upgraded"),
    "development-token-refused": Wording("Token pengembangan ditolak", "Development token refused"),
    "employee-required": Wording("Diperlukan token seorang pegawai", "A token of an employee is required"),
    "forbidden": Wording("Tidak berwenang", "Not permitted"),
    "id-not-uuid7": Wording("Id bukan UUID versi 7 yang sah", "The id is not a valid UUID of version 7"),
    "id-used-with-other-content": Wording("Id sudah dipakai dengan isi lain", "The id is in use with other content"),
    "idempotency-key-reused": Wording(
        "Idempotency-Key sudah dipakai untuk permintaan lain", "The Idempotency-Key was used for another request"
    ),
    "instansi-suspended": Wording("Instansi ditangguhkan", "The instansi is suspended"),
    "internal-error": Wording("Terjadi kesalahan di dalam sistem", "An error happened inside the system"),
    "invalid-input": Wording("Masukan tidak sah", "The input is not valid"),
    "keys-unavailable": Wording("Kunci token belum tersedia", "The token keys are not available"),
    "malformed-cursor": Wording("Cursor tidak sah", "The cursor is not valid"),
    "malformed-idempotency-key": Wording("Idempotency-Key tidak sah", "The Idempotency-Key is not valid"),
    "malformed-if-match": Wording("If-Match tidak sah", "The If-Match header is not valid"),
    "malformed-json": Wording("JSON tidak sah", "The JSON is not valid"),
    "method-not-allowed": Wording("Metode tidak tersedia di alamat ini", "This address does not know the method"),
    "not-found": Wording("Tidak ditemukan", "Not found"),
    "not-the-superior": Wording("Bukan atasan yang berwenang", "Not the superior in charge"),
    "nul-character": Wording("Karakter U+0000 ditolak", "The character U+0000 is refused"),
    "other-instansi": Wording("Token milik instansi lain", "The token belongs to another instansi"),
    "outbox-full": Wording("Terlalu banyak pesan menunggu", "Too many messages wait to be sent"),
    "role-required": Wording("Peran tidak mencukupi", "The role is not sufficient"),
    "route-not-found": Wording("Alamat tidak dikenal", "Unknown address"),
    "stale-version": Wording("Data sudah berubah", "The data has changed meanwhile"),
    "still-active": Wording("Pegawai masih aktif", "The person is still active"),
    "token-expired": Wording("Token kedaluwarsa", "The token has expired"),
    "token-invalid": Wording("Token tidak sah", "The token is not valid"),
    "token-missing": Wording("Token tidak ada", "The token is missing"),
    "too-many-at-once": Wording("Terlalu banyak permintaan sekaligus", "Too many requests at once"),
    "unknown-employee": Wording("Pegawai tidak dikenal", "Unknown employee"),
    "unknown-instansi": Wording("Instansi tidak dikenal", "Unknown instansi"),
}

_BY_STATUS: Mapping[int, Wording] = {
    400: Wording("Permintaan tidak terbaca", "The request is malformed"),
    401: Wording("Belum dikenali", "Not authenticated"),
    403: TITLES["forbidden"],
    404: TITLES["not-found"],
    409: Wording("Bertentangan dengan keadaan sekarang", "In conflict with the present state"),
    412: TITLES["stale-version"],
    413: TITLES["body-too-large"],
    422: Wording("Ditolak oleh aturan", "Refused by a rule"),
    503: Wording("Sedang tidak tersedia", "Not available now"),
}
_REFUSED = Wording("Permintaan ditolak", "The request is refused")

#: What is wrong with one field, by pydantic's error type. Never a submitted value: it may be personal.
_FIELDS: Mapping[str, Wording] = {
    "missing": Wording("wajib diisi", "is required"),
    "extra_forbidden": Wording("tidak dikenal; hapus", "is not known; remove it"),
    "string_type": Wording("harus berupa teks", "must be text"),
    "string_too_short": Wording("paling sedikit {min_length} karakter", "needs at least {min_length} characters"),
    "string_too_long": Wording("paling banyak {max_length} karakter", "may have at most {max_length} characters"),
    "string_pattern_mismatch": Wording("harus sesuai pola {pattern}", "must match the pattern {pattern}"),
    "int_type": Wording("harus bilangan bulat", "must be a whole number"),
    "int_parsing": Wording("harus bilangan bulat", "must be a whole number"),
    "int_parsing_size": Wording("terlalu besar", "is too large"),
    "int_from_float": Wording("harus bilangan bulat", "must be a whole number"),
    "float_type": Wording("harus bilangan", "must be a number"),
    "float_parsing": Wording("harus bilangan", "must be a number"),
    "finite_number": Wording("harus bilangan berhingga", "must be a finite number"),
    "decimal_type": Wording("harus bilangan desimal", "must be a decimal number"),
    "decimal_parsing": Wording("harus bilangan desimal, misalnya 12.50", "must be a decimal number like 12.50"),
    "decimal_max_digits": Wording("paling banyak {max_digits} angka", "may have at most {max_digits} digits"),
    "decimal_max_places": Wording(
        "paling banyak {decimal_places} angka di belakang titik", "may have at most {decimal_places} decimal places"
    ),
    "decimal_whole_digits": Wording(
        "paling banyak {whole_digits} angka di depan titik", "may have at most {whole_digits} digits before the point"
    ),
    "greater_than": Wording("harus lebih dari {gt}", "must be more than {gt}"),
    "greater_than_equal": Wording("harus {ge} atau lebih", "must be {ge} or more"),
    "less_than": Wording("harus kurang dari {lt}", "must be less than {lt}"),
    "less_than_equal": Wording("harus {le} atau kurang", "must be {le} or less"),
    "bool_type": Wording("harus true atau false", "must be true or false"),
    "bool_parsing": Wording("harus true atau false", "must be true or false"),
    "uuid_type": Wording("harus UUID", "must be a UUID"),
    "uuid_parsing": Wording("harus UUID", "must be a UUID"),
    "uuid_version": Wording("harus UUID versi {expected_version}", "must be a UUID of version {expected_version}"),
    "date_type": Wording("harus tanggal YYYY-MM-DD", "must be a date YYYY-MM-DD"),
    "date_parsing": Wording("harus tanggal YYYY-MM-DD", "must be a date YYYY-MM-DD"),
    "date_from_datetime_parsing": Wording("harus tanggal YYYY-MM-DD", "must be a date YYYY-MM-DD"),
    "date_from_datetime_inexact": Wording("harus tanggal tanpa jam", "must be a date without a time"),
    "datetime_type": Wording("harus waktu ISO 8601", "must be an ISO 8601 time"),
    "datetime_parsing": Wording("harus waktu ISO 8601", "must be an ISO 8601 time"),
    "datetime_from_date_parsing": Wording("harus waktu ISO 8601", "must be an ISO 8601 time"),
    "timezone_aware": Wording("harus menyebut zona waktu, misalnya +07:00", "must name its zone, for example +07:00"),
    "enum": Wording("harus salah satu dari: {expected}", "must be one of: {expected}"),
    "literal_error": Wording("harus salah satu dari: {expected}", "must be one of: {expected}"),
    "union_tag_invalid": Wording("harus salah satu dari: {expected_tags}", "must be one of: {expected_tags}"),
    "union_tag_not_found": Wording("kurang penanda jenisnya", "lacks the field that names its kind"),
    "list_type": Wording("harus daftar", "must be a list"),
    "tuple_type": Wording("harus daftar", "must be a list"),
    "dict_type": Wording("harus objek JSON", "must be a JSON object"),
    "model_type": Wording("harus objek JSON", "must be a JSON object"),
    "model_attributes_type": Wording("harus objek JSON", "must be a JSON object"),
    "dataclass_type": Wording("harus objek JSON", "must be a JSON object"),
    "too_short": Wording("paling sedikit {min_length} butir", "needs at least {min_length} items"),
    "too_long": Wording("paling banyak {max_length} butir", "may have at most {max_length} items"),
}
_WRONG = Wording("tidak sah", "is not valid")


def language(accept: str) -> Language:
    """The better liked of Indonesian and English in an Accept-Language header; Indonesian when in doubt."""
    liked: dict[str, float] = {}
    for choice in accept.split(","):
        name, _, weight = choice.partition(";")
        short = name.strip().lower().split("-")[0]
        try:
            liked.setdefault(short, float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0)
        except ValueError:
            continue
    return "en" if liked.get("en", 0.0) > liked.get("id", liked.get("*", 0.0)) else "id"


def title(code: str, status: int, wanted: Language, own: Mapping[str, Wording]) -> str:
    """The title of a refusal: the service's own, a general one, or that of its status."""
    wording = own.get(code) or TITLES.get(code) or _BY_STATUS.get(status, _REFUSED)
    return wording.en if wanted == "en" else wording.id


def field_message(error: Mapping[str, Any], wanted: Language) -> str:
    """What is wrong with one field, from one of pydantic's errors, without what was submitted."""
    kind = str(error["type"])
    if kind in ("value_error", "assertion_error"):
        # Written by our own validator, which knows not to quote the value.
        return str(error["msg"]).split(", ", 1)[-1]
    context = error.get("ctx") or {}
    wording = _FIELDS.get(kind, _WRONG)
    return (wording.en if wanted == "en" else wording.id).format_map(context)
