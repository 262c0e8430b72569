"""Tokens: which are valid, what each wrong one is told, and how keys are found and renewed."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from shared.errors import Refusal
from shared.web.development import development_token, jwks_of, new_signing_key
from shared.web.keys import KeySource, KeysUnavailable
from shared.web.tokens import DEVELOPMENT_ISSUER, Caller, Role, TokenVerifier

SITI = UUID("01955091-1800-7000-8000-000000000001")


class Clock:
    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def verifier_of(file: Path, **options: Any) -> TokenVerifier:
    return TokenVerifier(
        KeySource(str(file), min_interval=options.pop("min_interval", 10.0)),
        issuers=options.pop("issuers", [DEVELOPMENT_ISSUER]),
        environment=options.pop("environment", "embedded"),
        **options,
    )


async def refused(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(Refusal) as refusal:
        await verifier.verify(token)
    assert refusal.value.status == 401
    return refusal.value.code


async def test_a_valid_token_names_its_caller(signing_key: bytes, key_file: Path) -> None:
    made = development_token(signing_key, instansi="medan", roles=["staff", "leader"], employee=SITI, jti="t-1")
    caller = await verifier_of(key_file).verify(made)
    assert caller == Caller("medan", SITI, frozenset({Role.STAFF, Role.LEADER}), "t-1", str(SITI))
    assert caller.id == str(SITI)


async def test_a_systems_id_survives_a_new_token(signing_key: bytes, key_file: Path) -> None:
    verifier = verifier_of(key_file)
    ids = {
        (
            await verifier.verify(
                development_token(signing_key, instansi="medan", roles=["system"], subject="importer")
            )
        ).id
        for _ in range(2)
    }
    assert ids == {"importer"}


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": datetime.now(UTC) - timedelta(seconds=1)}, "token-expired"),
        ({"exp": None}, "token-invalid"),
        ({"exp": "soon"}, "token-invalid"),
        ({"exp": float("inf")}, "token-invalid"),
        ({"nbf": datetime.now(UTC) + timedelta(hours=1)}, "token-invalid"),
        ({"aud": "payroll"}, "token-invalid"),
        ({"aud": None}, "token-invalid"),
        ({"iss": "somebody"}, "token-invalid"),
        ({"iss": ["a"]}, "token-invalid"),
        ({"iss": None}, "token-invalid"),
        ({"instansi": "Kota Medan"}, "token-invalid"),
        ({"instansi": "medan\n"}, "token-invalid"),
        ({"instansi": None}, "token-invalid"),
        ({"roles": []}, "token-invalid"),
        ({"roles": "staff"}, "token-invalid"),
        ({"roles": ["root"]}, "token-invalid"),
        ({"roles": [["staff"]]}, "token-invalid"),
        ({"employee": "198001012005011001"}, "token-invalid"),
        ({"employee": 7}, "token-invalid"),
        ({"employee": None}, "token-invalid"),
    ],
)
async def test_a_token_with_wrong_claims_is_refused(
    signing_key: bytes, key_file: Path, claims: dict[str, Any], code: str
) -> None:
    made = development_token(signing_key, instansi="medan", roles=["staff"], employee=SITI)
    right = jwt.decode(made, options={"verify_signature": False})
    content = {name: value for name, value in {**right, **claims}.items() if value is not None}
    header = {"kid": jwt.get_unverified_header(made)["kid"]}
    payload = json.dumps(content, default=datetime.timestamp).encode()
    wrong = jwt.PyJWS().encode(payload, signing_key, "EdDSA", header)
    assert await refused(verifier_of(key_file), wrong) == code


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "....", "eyJhbGciOiJub25lIn0.e30."])
async def test_what_is_no_token_is_refused(key_file: Path, token: str) -> None:
    assert await refused(verifier_of(key_file), token) == "token-invalid"


async def test_a_forged_token_is_refused(signing_key: bytes, key_file: Path) -> None:
    made = development_token(signing_key, instansi="medan", roles=["staff"], employee=SITI)
    header, content, signature = made.split(".")
    claims = json.loads(base64.urlsafe_b64decode(content + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "roles": ["hr"]}).encode()).rstrip(b"=").decode()
    assert await refused(verifier_of(key_file), f"{header}.{forged}.{signature}") == "token-invalid"


async def test_a_public_key_used_as_a_shared_secret_and_no_signature_are_refused(
    signing_key: bytes, key_file: Path
) -> None:
    made = development_token(signing_key, instansi="medan", roles=["staff"], employee=SITI)
    claims = jwt.decode(made, options={"verify_signature": False})
    kid = jwt.get_unverified_header(made)["kid"]
    public = base64.urlsafe_b64decode(json.loads(jwks_of(signing_key))["keys"][0]["x"] + "=")
    hashed = jwt.encode(claims, public, algorithm="HS256", headers={"kid": kid})
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": kid})
    for forged in (hashed, unsigned):
        assert await refused(verifier_of(key_file), forged) == "token-invalid"


async def test_a_key_of_another_kind_in_the_document_is_never_used(tmp_path: Path) -> None:
    secret = b"a shared secret that is long enough"
    file = tmp_path / "jwks.json"
    encoded = base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
    file.write_text(json.dumps({"keys": [{"kty": "oct", "kid": "s", "k": encoded}]}))
    claims = {"iss": DEVELOPMENT_ISSUER, "aud": "kinerja", "exp": time.time() + 60}
    token = jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "s"})
    assert await refused(verifier_of(file), token) == "token-invalid"


@pytest.mark.parametrize("kind", ["ES256", "RS256"])
async def test_the_other_two_algorithms_are_accepted(tmp_path: Path, kind: str) -> None:
    if kind == "ES256":
        private: Any = ec.generate_private_key(ec.SECP256R1())
        public: dict[str, Any] = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    else:
        private = rsa.generate_private_key(65537, 2048)
        public = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [{**public, "kid": "k"}]}))
    claims = {"iss": "sso", "aud": "kinerja", "exp": time.time() + 60, "instansi": "medan", "roles": ["hr"]}
    token = jwt.encode(claims, private, algorithm=kind, headers={"kid": "k"})
    verifier = verifier_of(file, issuers=["sso"], environment="production")
    assert (await verifier.verify(token)).roles == {Role.HR}


@pytest.mark.parametrize("trusted", [[], ["sso"], [DEVELOPMENT_ISSUER]])
async def test_a_development_token_is_refused_outside_the_embedded_system(
    signing_key: bytes, key_file: Path, trusted: list[str]
) -> None:
    verifier = verifier_of(key_file, environment="production", issuers=trusted)
    token = development_token(signing_key, instansi="medan", roles=["hr"])
    assert await refused(verifier, token) == "development-token-refused"


async def test_a_remembered_token_still_expires(signing_key: bytes, key_file: Path) -> None:
    clock = Clock()
    verifier = verifier_of(key_file, clock=clock)
    token = development_token(signing_key, instansi="medan", roles=["hr"], lifetime=timedelta(minutes=1))
    await verifier.verify(token)
    clock.ahead = 61
    assert await refused(verifier, token) == "token-expired"


async def test_a_token_is_checked_once_and_only_so_many_are_remembered(
    signing_key: bytes, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verifier = verifier_of(key_file, remembered=2)
    check = verifier._check

    async def counting(token: str) -> tuple[int, Caller]:
        checked.append(token)
        return await check(token)

    monkeypatch.setattr(verifier, "_check", counting)
    one, two, three = (development_token(signing_key, instansi="medan", roles=["hr"]) for _ in range(3))
    for token in (one, two, one, three, one, two):
        await verifier.verify(token)
    assert checked == [one, two, three, two]


async def test_a_new_key_is_found_and_a_removed_one_ends(signing_key: bytes, tmp_path: Path) -> None:
    file, other = tmp_path / "jwks.json", new_signing_key()
    file.write_bytes(jwks_of(signing_key))
    verifier = verifier_of(file, min_interval=0.0)
    old = development_token(signing_key, instansi="medan", roles=["hr"])
    new = development_token(other, instansi="medan", roles=["hr"])
    await verifier.verify(old)
    assert await refused(verifier, new) == "token-invalid"
    file.write_bytes(jwks_of(other))
    await verifier.verify(new)
    assert await refused(verifier, old) == "token-invalid"


async def test_keys_of_several_places_are_known_together_and_one_that_is_away_keeps_nobody_else_out(
    signing_key: bytes, tmp_path: Path
) -> None:
    portal, sso, other = tmp_path / "portal.json", tmp_path / "sso.json", new_signing_key()
    portal.write_bytes(jwks_of(signing_key))
    keys = KeySource(f"{sso}, {portal}", min_interval=0.0)
    verifier = TokenVerifier(keys, issuers=[DEVELOPMENT_ISSUER], environment="embedded")
    ours = development_token(signing_key, instansi="medan", roles=["hr"])
    theirs = development_token(other, instansi="medan", roles=["hr"])
    await verifier.verify(ours)
    with pytest.raises(KeysUnavailable):
        await verifier.verify(theirs)
    sso.write_bytes(jwks_of(other))
    await verifier.verify(theirs)
    portal.unlink()
    forged = development_token(new_signing_key(), instansi="medan", roles=["hr"])
    assert await refused(verifier, forged) == "token-invalid"
    await verifier.verify(ours)


class Issuer:
    """A real HTTP server with a JWKS document; counts the requests."""

    def __init__(self, document: bytes) -> None:
        self.document, self.status, self.asked = document, 200, 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        await asyncio.sleep(0.02)
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.document)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + self.document)
        await writer.drain()
        writer.close()


@pytest.fixture
async def issuer(signing_key: bytes) -> AsyncIterator[tuple[Issuer, str]]:
    made = Issuer(jwks_of(signing_key))
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    async with server:
        yield made, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json"


async def test_keys_from_an_address_are_read_once_for_many_callers_and_many_forged_key_ids(
    signing_key: bytes, issuer: tuple[Issuer, str]
) -> None:
    served, address = issuer
    clock = Clock()
    keys = KeySource(address, min_interval=10, max_age=600, clock=clock)
    verifier = TokenVerifier(keys, issuers=[DEVELOPMENT_ISSUER], environment="embedded")
    tokens = [development_token(signing_key, instansi="medan", roles=["hr"]) for _ in range(20)]
    callers = await asyncio.gather(*(verifier.verify(token) for token in tokens))
    assert {caller.instansi for caller in callers} == {"medan"}
    assert served.asked == 1
    forged = [development_token(new_signing_key(), instansi="medan", roles=["hr"]) for _ in range(5)]
    for token in forged:
        assert await refused(verifier, token) == "token-invalid"
    assert served.asked == 1
    clock.ahead = 11
    for token in forged:
        assert await refused(verifier, token) == "token-invalid"
    assert served.asked == 2


async def test_known_keys_stay_valid_while_the_address_is_away(signing_key: bytes, issuer: tuple[Issuer, str]) -> None:
    served, address = issuer
    clock = Clock()
    keys = KeySource(address, max_age=600, clock=clock)
    verifier = TokenVerifier(keys, issuers=[DEVELOPMENT_ISSUER], environment="embedded")
    token = development_token(signing_key, instansi="medan", roles=["hr"])
    await verifier.verify(token)
    for status, document in ((500, b"broken"), (200, b"not json"), (200, b'{"keys": []}'), (200, b"[]")):
        served.status, served.document = status, document
        clock.ahead += 601
        await verifier.verify(token)
    assert served.asked == 5


@pytest.mark.parametrize("location", ["nowhere/jwks.json", "http://127.0.0.1:1/jwks.json", ""])
async def test_without_any_key_ever_read_the_answer_is_unavailable(signing_key: bytes, location: str) -> None:
    verifier = TokenVerifier(KeySource(location), issuers=[DEVELOPMENT_ISSUER], environment="embedded")
    token = development_token(signing_key, instansi="medan", roles=["hr"])
    with pytest.raises(KeysUnavailable):
        await verifier.verify(token)
