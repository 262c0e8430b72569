"""A payroll (TPP) system that listens: results of closed months become lines of a file, and adjustments those of the next.

    python payroll.py BOOK listen [--once]            keep what comes
    python payroll.py BOOK write MONTH FILE           the lines to pay by in MONTH (2026-04), as CSV
    python payroll.py BOOK reconcile ANSWERS          what payroll said of them: CSV with id, state, reason
    python payroll.py BOOK status                     how many lines are in which state, and what is waited for

`listen` reads KINERJA_NATS_URL, KINERJA_NATS_USER, KINERJA_NATS_PASSWORD and needs nats-py. Exit code 1: something is
missing or does not fit, and is said. What the money is follows from percent and predicate by the region's own rule.
"""

import argparse
import asyncio
import csv
import json
import os
import re
import sys
from pathlib import Path

import nats
from book import Book
from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext

PREFIX = "KINERJA.API"
STREAM = "APPRAISAL"
AT_ONCE = 200


def setting(name: str) -> str:
    """A variable of the environment. SystemExit when it is not set."""
    return os.environ.get(name) or sys.exit(f"{name} is not set; `kinerja subscribers login payroll` prints it.")


async def tell(error: Exception) -> None:
    """The server is away, or refuses; nats-py tries again."""
    print(f"NATS: {error}; trying again", file=sys.stderr)


async def listen(book: Book, once: bool) -> None:
    """Keep, then acknowledge: what a kill in between leaves comes again, and is known."""
    user, password = setting("KINERJA_NATS_USER"), setting("KINERJA_NATS_PASSWORD")
    servers = setting("KINERJA_NATS_URL").split(",")
    client = await nats.connect(servers, user=user, password=password, max_reconnect_attempts=-1, error_cb=tell)
    try:
        js = client.jetstream(prefix=PREFIX)
        pull = await js.pull_subscribe_bind(f"outside-{user}", stream=STREAM)
        while True:
            try:
                messages = await pull.fetch(AT_ONCE, timeout=1)
            except TimeoutError:  # nothing came; nats-py raises its own or asyncio's
                if once and not await more(pull):
                    return
                continue
            except ConnectionClosedError:  # nobody connects again by itself after that
                sys.exit(f"NATS lets {user} in no longer: is the password still good, is {user} still a subscriber?")
            except NatsError:  # away; nats-py connects again by itself
                await asyncio.sleep(1)
                continue
            book.take(message.data for message in messages)
            for message in messages:
                await message.ack()
    finally:
        await client.close()


async def more(pull: JetStreamContext.PullSubscription) -> bool:
    """Whether something is not acknowledged yet, or nobody can say now."""
    try:
        state = await pull.consumer_info()
    except (NatsError, TimeoutError):
        return True
    return bool(state.num_pending or state.num_ack_pending)


def month(text: str) -> str:
    """A month such as 2026-04."""
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no month such as 2026-04")
    return text


def answers(file: Path) -> list[dict[str, str]]:
    """What payroll said. SystemExit when the file cannot be read, or has other columns."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as source:
            rows = list(csv.DictReader(source))
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{file} cannot be read: {error}")
    if rows and not {"id", "state", "reason"} <= rows[0].keys():
        sys.exit(f"{file} needs the columns id, state, reason.")
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("book", type=Path)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("listen").add_argument("--once", action="store_true")
    write = commands.add_parser("write")
    write.add_argument("month", type=month)
    write.add_argument("file", type=Path)
    commands.add_parser("reconcile").add_argument("answers", type=Path)
    commands.add_parser("status")
    asked = parser.parse_args()
    book, wrong = Book(asked.book), []
    match asked.command:
        case "listen":
            asyncio.run(listen(book, asked.once))
        case "write":
            book.fix(asked.month)
            print(f"{book.write(asked.month, asked.file)} lines in {asked.file}")
            wrong = book.missing()
        case "reconcile":
            wrong = book.reconcile(answers(asked.answers))
        case _:
            wrong = book.missing()
            print(json.dumps(book.states()))
    for words in wrong:
        print(words, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
