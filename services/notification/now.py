"""What happens in each instansi now, for whoever watches the system."""

from shared.operations.figures import MOST

NOW = {
    "mails_waiting": (
        "SELECT instansi, count(*) FROM (SELECT instansi FROM notice WHERE status = 'waiting' AND due_at <= now()"
        f" ORDER BY due_at LIMIT {MOST}) AS due GROUP BY instansi"
    ),
}
