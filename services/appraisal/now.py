"""What happens in each instansi now, for whoever watches the system."""

from shared.contracts.appraisal import ScoreChanged

NOW = {
    "scores_minute": (
        "SELECT instansi, count(*) FROM published WHERE changed_at > now() - interval '1 minute'"
        f" AND type = '{ScoreChanged.full_type()}' GROUP BY instansi"
    ),
    "periods_waiting": "SELECT instansi, count(*) FROM period WHERE status = 'waiting' GROUP BY instansi",
}
