"""Passwords as argon2 hashes, and keyed hashes of what is shown and never kept."""

import asyncio
import hashlib
import hmac
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from shared.errors import Refusal

SHORTEST = 10
_LONGEST = 200
#: OWASP's least: 19 MiB for each password that is looked at, two at once.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_WORK = ThreadPoolExecutor(2, "password")


class PasswordTooWeak(Refusal):
    """The password is too short, too long, the NIP itself, or one that everybody tries first."""

    code = "password-too-weak"
    status = 422


def check_password(password: str, nip: str = "") -> None:
    """PasswordTooWeak says what to change. Any letters will do: length keeps it safe, not odd characters."""
    plain = password.strip().lower()
    if not SHORTEST <= len(password) <= _LONGEST:
        raise PasswordTooWeak(
            f"Pakai {SHORTEST} sampai {_LONGEST} huruf atau angka, misalnya tiga kata. / "
            f"Use {SHORTEST} to {_LONGEST} characters, for example three words.",
            shortest=SHORTEST,
        )
    if (nip and nip in plain) or len(set(plain)) < 5 or plain.isdecimal():
        raise PasswordTooWeak(
            "Jangan pakai NIP, angka saja, atau huruf yang berulang. / No NIP, digits alone or repeated letters."
        )


async def hashed(password: str) -> str:
    """The argon2 hash, with a salt of its own."""
    return await asyncio.get_running_loop().run_in_executor(_AT_WORK, _HASHER.hash, password)


async def matches(password: str, kept: str | None) -> bool:
    """Whether `password` is the one of `kept`; without one, as much work is done, so that nobody learns who exists."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_AT_WORK, _matches, password, kept or _nobody()) and kept is not None


def _matches(password: str, kept: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe())


def new_token() -> str:
    """What a browser or a link shows: 256 random bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def keyed(key: bytes, *parts: str) -> bytes:
    """A hash that nobody without the key can make or try out."""
    return hmac.digest(key, "\0".join(parts).encode(), "sha256")
