"""What this service's refusals are called, for people."""

from collections.abc import Mapping

from shared.web.messages import Wording

TITLES: Mapping[str, Wording] = {
    "indicator-not-manual": Wording("Indikator tidak diisi manual", "The indicator is not stated by hand"),
    "invalid-plan": Wording("SKP tidak sah", "The plan is not valid"),
    "invalid-realisation": Wording("Realisasi tidak sah", "The realisation is not valid"),
    "invalid-target": Wording("Target tidak sah", "The target is not valid"),
    "nothing-proposed": Wording("Tidak ada usulan yang menunggu", "No proposal waits"),
    "nothing-to-confirm": Wording("Tidak ada yang menunggu konfirmasi", "Nothing waits for confirmation"),
    "other-side-decides": Wording("Pihak lain yang memutuskan", "The other side decides"),
    "period-not-over": Wording("Periode belum berakhir", "The period is not over"),
    "period-not-sealed": Wording("Periode belum dikunci", "The period is not sealed"),
    "proposal-changed": Wording("Usulan sudah berubah", "The proposal has changed"),
    "reason-required": Wording("Alasan wajib diisi", "A reason is required"),
    "review-closed": Wording("Evaluasi sudah ditutup", "The review is closed"),
    "zero-target-needs-rule": Wording("Target nol memerlukan aturan", "A target of zero needs a rule"),
}
