"""What a page says after something was done, by the name in its address."""

from services.portal.texts import N_

NOTICES = {
    "password-set": N_("Kata sandi tersimpan. Silakan masuk."),
    "signed-out": N_("Anda sudah keluar."),
    "signed-out-everywhere": N_("Anda sudah keluar dari semua perangkat."),
    "entry-logged": N_("Catatan tersimpan."),
    "entry-amended": N_("Perbaikan tersimpan; catatan menunggu verifikasi."),
    "entry-withdrawn": N_("Catatan ditarik; tidak dihitung lagi."),
    "realisation-stated": N_("Realisasi tersimpan; dihitung sesudah atasan Anda mengonfirmasi."),
    "own-plan-agreed": N_("SKP Anda disepakati dan berlaku sekarang."),
    "own-plan-returned": N_("Usulan SKP dikembalikan kepada pejabat penilai."),
    "entries-verified": N_("Semua yang dipilih terverifikasi."),
    "rating-set": N_("Rating tersimpan."),
    "realisation-confirmed": N_("Realisasi dikonfirmasi."),
    "plan-agreed": N_("SKP disepakati."),
    "plan-returned": N_("SKP dikembalikan kepada pegawai."),
    "entry-verified": N_("Catatan terverifikasi."),
    "entry-returned": N_("Catatan dikembalikan kepada pegawai."),
    "plan-sent-back": N_("SKP dikembalikan."),
    "courses-chosen": N_("Pilihan pelatihan tersimpan; rencana menunggu persetujuan atasan."),
    "development-approved": N_("Rencana pengembangan disetujui."),
    "development-returned": N_("Rencana pengembangan dikembalikan kepada pegawai."),
    "course-completed": N_("Penyelesaian tersimpan; atasan mengonfirmasi tingkat kompetensi."),
    "course-cancelled": N_("Keikutsertaan dibatalkan."),
    "level-confirmed": N_("Tingkat kompetensi dikonfirmasi."),
    "verification-withdrawn": N_("Verifikasi dibatalkan; catatan menunggu lagi."),
    "account-changed": N_("Peran akun tersimpan."),
    "account-signed-out": N_("Pegawai keluar dari semua perangkat."),
    "account-locked": N_("Akun terkunci; hanya tautan baru yang membukanya."),
}
