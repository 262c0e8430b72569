"""Titles of this service's refusals."""

from collections.abc import Mapping

from shared.web.messages import Wording

TITLES: Mapping[str, Wording] = {
    "assignment-twice": Wording("Penugasan disebut berbeda", "The assignment is described differently"),
    "assignment-void": Wording("Penugasan sudah dibatalkan", "The assignment was taken back"),
    "definitive-posts-overlap": Wording("Jabatan definitif bertumpang tindih", "Definitive posts overlap"),
    "ends-before-it-begins": Wording("Tanggal akhir mendahului tanggal awal", "The last day lies before the first"),
    "head-displaced": Wording("Kepala unit lama belum ditempatkan", "A head of before has no new position"),
    "head-unplaced": Wording("Kepala baru belum menduduki jabatannya", "The new head does not hold the position"),
    "identity-conflict": Wording("Identitas milik orang berbeda", "The identities belong to different people"),
    "identity-missing": Wording("Identitas tidak ada", "The identity is missing"),
    "instansi-incomplete": Wording("Data instansi belum lengkap", "The instansi is incomplete"),
    "level-unknown": Wording("Jenjang tidak dikenal", "The level is not known"),
    "nip-damaged-by-spreadsheet": Wording("NIP rusak oleh spreadsheet", "A spreadsheet damaged the NIP"),
    "nip-malformed": Wording("NIP tidak sah", "The NIP is not valid"),
    "nip-twice": Wording("Satu NIP dengan data berbeda", "One NIP with different data"),
    "parent-unknown": Wording("Unit induk belum ada", "The unit above is not known"),
    "policy-inconsistent": Wording("Ambang kebijakan tidak berurutan", "The thresholds do not rise"),
    "position-twice": Wording("Jabatan disebut berbeda", "The position is described differently"),
    "position-unknown": Wording("Jabatan belum ada", "The position is not known"),
    "post-missing": Wording("Unit, jabatan, atau tanggal mulai kosong", "Unit, position or first day is missing"),
    "rules-planned": Wording("Aturan baru sudah direncanakan", "New rules are planned already"),
    "superior-circular": Wording("Rantai atasan melingkar", "The chain of superiors is circular"),
    "superior-self": Wording("Atasan adalah dirinya sendiri", "The superior is the person themself"),
    "superior-unknown": Wording("Atasan belum ada", "The superior is not known"),
    "unit-circular": Wording("Unit menjadi induk dirinya sendiri", "The unit is above itself"),
    "unit-closed": Wording("Unit sudah ditutup", "The unit is closed"),
    "unit-in-use": Wording("Unit masih dipakai", "The unit is still in use"),
    "unit-twice": Wording("Unit disebut berbeda", "The unit is described differently"),
    "unit-unknown": Wording("Unit belum ada", "The unit is not known"),
}
