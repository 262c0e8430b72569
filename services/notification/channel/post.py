"""Mail over SMTP: one connection, kept between mails."""

import re
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as MAIL_POLICY

import aiosmtplib

from services.notification.notice.catalogue import Language, Text

_TIMEOUT_SECONDS = 10.0
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f]+@[^\s@<>()\[\]\\,;:\"\x00-\x1f]+")
_SHUTTING_DOWN = 421


class PostAway(Exception):
    """The mail server takes nothing now; this says nothing about any single mail."""


class MailRefused(Exception):
    """This mail was refused; `reason` is a code without addresses, `final`: trying again is of no use."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.reason, self.final = reason, final


def compose(
    text: Text, language: Language, *, sender: str, name: str, address: str, message_id: str, date: datetime
) -> EmailMessage:
    """The mail; raises MailRefused for an address that cannot be one."""
    if not _ADDRESS.fullmatch(address):
        raise MailRefused("address-invalid", final=True)
    mail = EmailMessage(policy=MAIL_POLICY)
    try:
        mail["To"] = Address(" ".join(name.split()), addr_spec=address)
    except (ValueError, HeaderParseError):
        raise MailRefused("address-invalid", final=True) from None
    mail["From"] = sender
    mail["Subject"] = text.subject
    mail["Message-ID"] = message_id
    mail["Date"] = date
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text.body)  # before the language: it removes whatever says something about the content
    mail["Content-Language"] = language
    return mail


class Post:
    """An SMTP server as we use it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._connection: aiosmtplib.SMTP | None = None

    async def ready(self) -> None:
        """Connect where there is no connection. PostAway."""
        await self._connected()

    async def send(self, mail: EmailMessage) -> None:
        """Hand over one mail. PostAway: nothing was tried; MailRefused: the server does not take this one."""
        # A kept connection may have died while it was idle, so a lost one is worth a second attempt. A mail that
        # loses a fresh one too is to blame itself: counted as away it would hold up all others for ever.
        for _ in range(2):
            connection = await self._connected()
            try:
                await connection.send_message(mail)
                return
            except (ConnectionError, TimeoutError, OSError):
                self.drop()
            except (aiosmtplib.SMTPException, ValueError) as error:
                refusal = self._refusal(error)
                if refusal is not None:
                    raise refusal from None
                self.drop()
        raise MailRefused("smtp-disconnected", final=False)

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._connection is None or not self._connection.is_connected:
            connection = aiosmtplib.SMTP(hostname=self._host, port=self._port, timeout=_TIMEOUT_SECONDS)
            try:
                await connection.connect()
                await connection.ehlo()
            except (aiosmtplib.SMTPException, OSError) as error:
                connection.close()
                raise PostAway(f"no mail server at {self._host}:{self._port}: {type(error).__name__}") from None
            self._connection = connection
        return self._connection

    def _refusal(self, error: Exception) -> MailRefused | None:
        """What the error says about this mail; None: the server is shutting down. PostAway: it takes none of ours."""
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
            error = error.recipients[0]
        if isinstance(error, aiosmtplib.SMTPSenderRefused):
            self.drop()
            raise PostAway(f"the mail server refuses our sender with {error.code}")
        if isinstance(error, aiosmtplib.SMTPResponseException):
            if error.code == _SHUTTING_DOWN:
                return None
            return MailRefused(f"smtp-{error.code}", final=error.code >= 500)
        if isinstance(error, aiosmtplib.SMTPNotSupported):
            return MailRefused("smtputf8-unsupported", final=True)
        return MailRefused("address-invalid", final=True)

    def drop(self) -> None:
        """Close the connection; the next mail opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
