"""Titles of this service's refusals, by code."""

from collections.abc import Mapping

from shared.web.messages import Wording

TITLES: Mapping[str, Wording] = {
    "already-completed": Wording("Pelatihan sudah selesai", "The course was completed already"),
    "certificate-used": Wording("Sertifikat sudah dipakai", "The certificate is in use already"),
    "competency-not-of-course": Wording("Bukan kompetensi pelatihan ini", "Not a competency of this course"),
    "completed-before-start": Wording("Selesai sebelum mulai", "Completed before its start"),
    "completed-in-future": Wording("Tanggal selesai belum tiba", "The day of completion is still to come"),
    "course-does-not-fit": Wording("Pelatihan tidak sesuai kebutuhan", "The course does not fit the need"),
    "course-twice-in-batch": Wording("Kode pelatihan ganda", "The course stands twice in the batch"),
    "enrolment-cancelled": Wording("Pendaftaran sudah dibatalkan", "The enrolment was cancelled"),
    "hours-twice-in-batch": Wording("JP ganda dalam kiriman", "The hours stand twice in the batch"),
    "if-match-required": Wording("If-Match wajib dikirim", "If-Match is required"),
    "level-out-of-range": Wording("Tingkat kompetensi 1 sampai 5", "Competency levels are 1 to 5"),
    "need-not-waiting": Wording("Kebutuhan tidak menunggu", "The need does not wait"),
    "no-course-yet": Wording("Belum ada pelatihan", "There is no course yet"),
    "not-completed": Wording("Pelatihan belum selesai", "The course is not completed"),
    "plan-not-proposed": Wording("Rencana tidak menunggu keputusan", "The plan does not wait for a decision"),
    "reason-required": Wording("Alasan wajib diisi", "A reason is required"),
    "unknown-competency": Wording("Kompetensi tidak dikenal", "The competency is not known"),
}
