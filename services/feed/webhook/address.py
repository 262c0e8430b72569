"""Where webhooks may go: public addresses over https, and networks of one's own that operators allow."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import httpx

from shared.errors import Refusal

Address = IPv4Address | IPv6Address
#: A host name and port to the addresses behind it.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_NAT64 = IPv6Network("64:ff9b::/96")
_LONGEST = 2000


class UrlNotAllowed(Refusal):
    """The address of a webhook is none that we send to."""

    code = "url-not-allowed"
    status = 422


class AddressRefused(Exception):
    """The host is behind no address that we send to."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`networks`: CIDRs allowed besides public addresses; `local_http`: also http to 127.0.0.1 (the embedded system)."""

    networks: Sequence[str] = ()
    local_http: bool = False

    def check(self, url: str) -> None:
        """UrlNotAllowed for what could never be sent to, whatever its name stands for."""
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname or "", parts.port
        except ValueError:
            raise _not_allowed() from None
        plain = parts.scheme == "http" and host == "127.0.0.1" and self.local_http
        if not (parts.scheme == "https" or plain) or not host or parts.username is not None or parts.fragment:
            raise _not_allowed()
        try:
            httpx.URL(url)
        except httpx.InvalidURL as error:
            raise _not_allowed() from error
        if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
            raise _not_allowed()
        if (literal := _literal(host)) is not None and not self.allows(literal):
            raise _not_allowed()

    def allows(self, address: Address) -> bool:
        """Whether we send to this address; what is tunnelled in it counts too."""
        inner = _inside(address)
        if inner.is_loopback and self.local_http:
            return inner == IPv4Address("127.0.0.1")
        if any(inner in ip_network(network) for network in self.networks):
            return True
        site_local = isinstance(inner, IPv6Address) and inner.is_site_local
        return inner.is_global and not (inner.is_multicast or inner.is_reserved or site_local)


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, by this machine's resolver. OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for _family, _type, _proto, _name, sockaddr in found]


async def target(rules: Rules, url: str, ask: Resolve = resolve) -> str:
    """The address to connect to: connecting by name would ask again, and could be told another. AddressRefused, OSError."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    for address in await ask(host, port):
        if rules.allows(ip_address(address.partition("%")[0])):
            return address
    raise AddressRefused


def _inside(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
    return address


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _not_allowed() -> UrlNotAllowed:
    return UrlNotAllowed(
        "Pakai https dengan alamat publik, tanpa nama pengguna dan tanpa #. / "
        "Use https and a public address, without a user name and without #."
    )
