"""Where webhooks are sent, and how they are signed."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks.webhooks import Webhook

from services.feed.webhook.address import AddressRefused, Rules, UrlNotAllowed, target
from services.feed.webhook.keyring import Keyring, WebhooksOff, new_secret, signature
from services.feed.webhook.sending import Sender


async def _behind(*addresses: str) -> str:
    async def ask(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return await target(Rules(["10.20.0.0/16"]), "https://receiver.example.test/", ask)


@pytest.mark.parametrize(
    "inner",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
        "ff02::1",
    ],
)  # fmt: skip
async def test_no_address_of_the_inside_is_sent_to_however_it_is_written(inner: str) -> None:
    with pytest.raises(AddressRefused):
        await _behind(inner)


async def test_public_addresses_and_allowed_networks_are_sent_to() -> None:
    assert await _behind("203.0.114.7") == "203.0.114.7"
    assert await _behind("10.0.0.1", "2a02::7") == "2a02::7", "the first that is allowed"
    assert await _behind("10.20.3.4") == "10.20.3.4"


def test_only_the_embedded_system_sends_without_tls_and_only_to_itself() -> None:
    Rules(local_http=True).check("http://127.0.0.1:9000/x")
    for rules, url in ((Rules(), "http://127.0.0.1:9000/x"), (Rules(local_http=True), "http://127.0.0.2/")):
        with pytest.raises(UrlNotAllowed):
            rules.check(url)


def test_signatures_are_those_of_the_specification() -> None:
    secret, at, body = new_secret(), datetime.now(UTC), '{"nilai": "85,5 ≥ 80"}'
    assert signature(secret, "msg_1", at, body.encode()) == Webhook(secret).sign("msg_1", at, body)


def test_secrets_open_with_any_key_that_is_known_and_only_in_their_place() -> None:
    sealed = Keyring(["old" * 12]).seal("whsec_x", "medan/1")
    assert Keyring(["new" * 12, "old" * 12]).open(sealed, "medan/1") == "whsec_x"
    for keyring, place in (
        (Keyring(["old" * 12]), "medan/2"),
        (Keyring(["new" * 12]), "medan/1"),
        (Keyring([]), "medan/1"),
    ):
        with pytest.raises(WebhooksOff):
            keyring.open(sealed, place)


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key, who = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "c.pem", folder / "k.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return files


async def test_the_certificate_is_that_of_the_name_although_the_address_was_looked_up_before(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path, "receiver.example.test")
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate, key)
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\nnever read to its end")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=serving)
    port = server.sockets[0].getsockname()[1]

    async def ask(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    sender = Sender(Rules(["127.0.0.0/8"]), ask, ssl.create_default_context(cafile=str(certificate)))
    for name, word in (("receiver.example.test", "delivered"), ("other.example.test", "unreachable")):
        async with sender.line(f"https://{name}:{port}/hook", [new_secret()]) as line:
            assert (await line.post("msg_1", b"{}")).word == word
    assert [f"Host: receiver.example.test:{port}" in head for head in heads] == [True]
    async with Sender(Rules(), ask).line(f"https://receiver.example.test:{port}/", [new_secret()]) as line:
        assert (await line.post("msg_1", b"{}")).word == "address-refused"
    server.close()
