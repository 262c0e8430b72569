"""What this service's refusals are called, for people."""

from collections.abc import Mapping

from shared.web.messages import Wording

TITLES: Mapping[str, Wording] = {
    "before-first-day": Wording("Sebelum hari pertama instansi", "Before the instansi's first day"),
    "ends-before-start": Wording("Selesai sebelum mulai", "Completed before it was started"),
    "entry-closed": Wording("Catatan tidak dapat diubah lagi", "The entry can no longer be changed"),
    "future-date": Wording("Tanggal belum tiba", "The date has not come yet"),
    "invalid-survey-answer": Wording("Jawaban survei tidak sah", "The survey answer is not valid"),
    "not-verified": Wording("Catatan belum diverifikasi", "The entry is not verified"),
    "not-waiting": Wording("Catatan tidak menunggu verifikasi", "The entry does not wait for verification"),
    "own-entry": Wording("Catatan sendiri", "One's own entry"),
    "period-closed": Wording("Periode sudah ditutup", "The period is closed"),
    "period-not-over": Wording("Periode belum berakhir", "The period is not over"),
    "reason-required": Wording("Alasan wajib diisi", "A reason is required"),
    "unknown-indicator": Wording("Indikator tidak dikenal", "Unknown indicator"),
    "unknown-unit": Wording("Unit tidak dikenal", "Unknown unit"),
    "version-required": Wording("Version wajib disebut", "The version must be named"),
}
