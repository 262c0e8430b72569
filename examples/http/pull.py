"""A subscriber that speaks plain HTTP: keeps the ledger of ../python by the pull feed, page by page.

    python pull.py LEDGER [--once] [--print]

Reads KINERJA_FEED_URL (of the feed service, up to the agency: …/api/v1/kota-medan) and KINERJA_FEED_TOKEN. Needs nothing but
Python. `--once` ends when there is nothing left, `--print` prints what is true now instead of listening.
"""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))
from ledger import ABOUT, RENEWED, Ledger, command, setting

WAIT_SECONDS = 10


class Gone(Exception):
    """The cursor points into a road that was rebuilt or is no longer kept."""


def page(cursor: str | None, wait: int) -> Any:
    """The events behind the cursor, or from the oldest kept on; waits for the first one."""
    asked: dict[str, Any] = {"types": ",".join([*ABOUT, *RENEWED]), "limit": 200, "wait": wait}
    if cursor is not None:
        asked["after"] = cursor
    request = urllib.request.Request(
        f"{setting('KINERJA_FEED_URL')}/events?{urllib.parse.urlencode(asked)}",
        headers={"Authorization": f"Bearer {setting('KINERJA_FEED_TOKEN')}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=wait + 30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 410:
            raise Gone from error
        raise


def follow(ledger: Ledger, once: bool) -> None:
    """Keep each page together with the place behind it: after a crash the same page is asked for again, or the next one."""
    while True:
        try:
            told = page(ledger.cursor(), 0 if once else WAIT_SECONDS)
        except Gone:  # begin again at the oldest that is kept; what is known changes nothing
            ledger.take([], cursor=None)
            continue
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:  # the text says what to change: asking again does not help
                sys.exit(f"{error.code}: {error.read().decode()}")
            retry = error.headers.get("Retry-After", "")
            time.sleep(float(retry) if retry.isdigit() else 1)
            continue
        except OSError as error:  # away for a moment
            print(f"{error}; trying again", file=sys.stderr)
            time.sleep(1)
            continue
        ledger.take([json.dumps(event).encode() for event in told["events"]], cursor=told["next"])
        if once and not told["events"] and not told["more"]:
            return


if __name__ == "__main__":
    command(__doc__, follow)
