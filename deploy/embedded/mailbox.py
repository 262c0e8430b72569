"""A mail server that keeps every mail as a file and sends nothing on."""

import asyncio
import os
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from shared.ids import fresh_id


class Mailbox:
    """Writes what it receives to `folder`, one .eml file per mail with the recipients as first header."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def listen(self, port: int, host: str = "127.0.0.1") -> asyncio.Server:
        """Serve SMTP."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: SMTP(self, enable_SMTPUTF8=True, hostname="localhost"), host, port)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Answers only when the mail is on disk."""
        content = envelope.content or b""
        recipients = ", ".join(envelope.rcpt_tos).encode()
        path = self.folder / f"{fresh_id()}.eml"
        unfinished = path.with_suffix(".new")
        body = content if isinstance(content, bytes) else content.encode()
        with unfinished.open("wb") as file:
            file.write(b"X-Envelope-To: " + recipients + b"\r\n" + body)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
        return "250 kept"
