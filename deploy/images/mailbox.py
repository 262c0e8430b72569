"""The mailbox of a site without a registry: SMTP on port 1025, each mail a file below /data, nothing sent on."""

import asyncio
import signal
from pathlib import Path

from deploy.embedded.mailbox import Mailbox


async def _serve() -> None:
    server = await Mailbox(Path("/data")).listen(1025, "0.0.0.0")
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
