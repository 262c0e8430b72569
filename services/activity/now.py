"""What happens in each instansi now, for whoever watches the system."""

from shared.operations.figures import counted, since

_MIDNIGHT = "date_trunc('day', now() AT TIME ZONE h.zone) AT TIME ZONE h.zone"

#: `entries_*` by the time in the ids, which clients make: what was taken over from other systems is not among them.
NOW = {
    "entries_today": counted(f"t.id >= {since(_MIDNIGHT)}", "entry"),
    "entries_minute": counted("t.id >= " + since("(now() - interval '1 minute')"), "entry"),
    "waiting_verification": counted("t.status = 'waiting'", "entry"),
}
