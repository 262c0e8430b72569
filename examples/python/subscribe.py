"""A subscriber in Python: keeps a ledger of entries and results, live, from the beginning of what the road holds.

    python subscribe.py LEDGER [--once] [--print]

Reads KINERJA_NATS_URL, KINERJA_NATS_USER, KINERJA_NATS_PASSWORD. Needs nats-py. `--once` ends when there is nothing left,
`--print` prints what is true now instead of listening.
"""

import asyncio
import sys

import nats
from ledger import Ledger, command, setting
from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext

#: A subscriber reaches what it was granted under this prefix, and nothing else.
PREFIX = "KINERJA.API"
STREAMS = ("ACTIVITY", "APPRAISAL")
AT_ONCE = 100


async def follow(js: JetStreamContext, stream: str, durable: str, ledger: Ledger, once: bool) -> None:
    """Keep what comes, then acknowledge it: after a crash in between it comes again, and is known."""
    subscription = await js.pull_subscribe_bind(durable, stream=stream)
    while True:
        try:
            messages = await subscription.fetch(AT_ONCE, timeout=1)
        except TimeoutError:  # nothing came; nats-py raises its own or asyncio's
            messages = []
        except ConnectionClosedError:
            raise
        except NatsError as error:  # away for a moment; nats-py connects again by itself
            print(f"{stream}: {error}; trying again", file=sys.stderr)
            await asyncio.sleep(1)
            continue
        if once and not messages and not await left(js, stream, durable):
            return
        ledger.take(message.data for message in messages)
        for message in messages:
            await message.ack()


async def left(js: JetStreamContext, stream: str, durable: str) -> int:
    """How many messages are not acknowledged yet."""
    info = await js.consumer_info(stream, durable)
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


async def tell(error: Exception) -> None:
    """The server is away, or refuses; nats-py tries again."""
    print(f"NATS: {error}; trying again", file=sys.stderr)


async def listen(ledger: Ledger, once: bool) -> None:
    """Follow every stream that is granted, each by the durable that was made for this subscriber."""
    url, user, password = (setting(f"KINERJA_NATS_{name}") for name in ("URL", "USER", "PASSWORD"))
    while True:
        client = await nats.connect(url, user=user, password=password, max_reconnect_attempts=-1, error_cb=tell)
        try:
            js = client.jetstream(prefix=PREFIX)
            await asyncio.gather(*(follow(js, stream, f"outside-{user}", ledger, once) for stream in STREAMS))
            return
        except ConnectionClosedError:  # by the server, such as when what we are granted is changed
            await asyncio.sleep(1)
        finally:
            await client.close()


if __name__ == "__main__":
    command(__doc__, lambda ledger, once: asyncio.run(listen(ledger, once)))
