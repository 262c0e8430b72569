"""Whose messages go next. Streams are first in, first out: the outbox is where everybody can be given their turn."""

from collections.abc import Collection, Mapping

#: Seconds of its rate that an instansi may put on the road at once after a rest.
BURST_SECONDS = 0.2
#: An instansi at its limit is served in pieces, so many a second: one by one would cost a transaction each.
PIECES_A_SECOND = 40
#: Messages not yet handled by the slowest listener, below which those at their limit may send more than their rate: as many as
#: listeners work well with while nobody else sends, few while somebody does who
#: is not held back: that one waits for the batch before theirs.
ENOUGH_ALONE = 100
ENOUGH_BESIDE_OTHERS = 15
#: Seconds for which who sent something is expected to send more.
_LATELY_SECONDS = 5.0

#: At most $4 messages: an equal number of each instansi that has any, in turns, and of none more than its room ($3, else $5), from
#: behind the last one taken ($2). The recursion steps from instansi to instansi through the index `outbox_turn`.
TAKE = """
WITH RECURSIVE waiting(instansi) AS (
    (SELECT instansi FROM outbox WHERE parked_at IS NULL ORDER BY instansi LIMIT 1)
    UNION ALL
    SELECT (SELECT o.instansi FROM outbox o WHERE o.parked_at IS NULL AND o.instansi > w.instansi ORDER BY o.instansi LIMIT 1)
    FROM waiting w WHERE w.instansi IS NOT NULL
), share AS (
    SELECT w.instansi, coalesce(k.last, 0) AS last, least(coalesce(k.room, $5), greatest($4 / count(*) OVER (), 20)) AS most
    FROM waiting w LEFT JOIN unnest($1::text[], $2::bigint[], $3::int[]) AS k (instansi, last, room) USING (instansi)
    WHERE w.instansi IS NOT NULL
)
SELECT o.*, s.most FROM share s CROSS JOIN LATERAL (
    SELECT o.id, o.instansi, o.subject, o.event_id, o.body, o.traceparent, row_number() OVER (ORDER BY o.id) AS turn
    FROM outbox o WHERE o.parked_at IS NULL AND o.instansi = s.instansi AND o.id > s.last ORDER BY o.id LIMIT s.most
) o ORDER BY o.turn, o.id
"""


class Allowance:
    """What each instansi may put on the road: always `rate` messages a second (0: no limit) and a burst after a rest."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        #: What an instansi may send that sent nothing lately.
        self.burst = int(rate * BURST_SECONDS) if rate else None
        self._paid: dict[str, float] = {}  # when what it has sent will have been earned
        self._sent: dict[str, float] = {}  # when it last sent something
        self._held: dict[str, float] = {}  # when it was last at its limit

    def room(self, now: float) -> dict[str, int]:
        """What each instansi that sent lately has left at `now`, 0 when it is at its limit; others have their burst."""
        self._paid = {instansi: paid for instansi, paid in self._paid.items() if paid > now}
        left = {instansi: int((BURST_SECONDS - (paid - now)) * self.rate) for instansi, paid in self._paid.items()}
        return {instansi: room if room >= self.rate / PIECES_A_SECOND else 0 for instansi, room in left.items()}

    def enough(self, limited: Collection[str], now: float) -> int:
        """How many messages the `limited`, who are at their limit, may leave listeners with at `now`."""
        self._held.update(dict.fromkeys(limited, now))
        lately = {who for who, sent in self._sent.items() if sent > now - _LATELY_SECONDS}
        held = {who for who, last in self._held.items() if last > now - _LATELY_SECONDS}
        return ENOUGH_BESIDE_OTHERS if lately - held else ENOUGH_ALONE

    def spend(self, sent: Mapping[str, int], now: float) -> None:
        """Note what was sent at `now`. Nobody pays later for what the road had room for."""
        for instansi, messages in sent.items() if self.rate else ():
            self._sent[instansi] = now
            earned = max(self._paid.get(instansi, now), now) + messages / self.rate
            self._paid[instansi] = min(earned, now + BURST_SECONDS)
