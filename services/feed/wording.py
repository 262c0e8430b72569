"""Titles of this service's refusals, by code."""

from collections.abc import Mapping

from shared.web.messages import Wording

TITLES: Mapping[str, Wording] = {
    "cursor-gone": Wording("Cursor tidak berlaku lagi", "The cursor is no longer of use"),
    "cursor-of-another-question": Wording("Cursor milik permintaan lain", "The cursor belongs to another question"),
    "endpoint-not-active": Wording("Webhook tidak aktif", "The webhook is not active"),
    "not-granted": Wording("Belum diberi izin", "Not granted"),
    "road-away": Wording("Aliran peristiwa sedang tidak tersedia", "The stream of events is not available"),
    "too-many-endpoints": Wording("Terlalu banyak webhook", "Too many webhooks"),
    "unknown-type": Wording("Jenis peristiwa tidak dikenal", "Unknown event type"),
    "url-not-allowed": Wording("Alamat webhook tidak diizinkan", "The webhook's address is not allowed"),
    "webhooks-off": Wording("Webhook belum diaktifkan", "Webhooks are not switched on"),
}
