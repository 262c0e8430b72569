"""The compose file, the proxy and the folder of secrets, as far as they can be looked at without Docker."""

import contextlib
import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml
from click.testing import CliRunner

from cli.main import main
from deploy.compose.render import files
from deploy.services import load, service_names
from services.portal.backend import ISSUER
from shared.web.signing import signed_token


def init(folder: Path, *arguments: str, code: int = 0) -> str:
    """`kinerja compose init` in a folder; what it printed."""
    with contextlib.chdir(folder):
        done = CliRunner().invoke(main, ["compose", "init", *arguments])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    init(folder)
    return folder


def compose() -> dict[str, Any]:
    [text] = [text for path, text in files(service_names()).items() if path.name == "docker-compose.yml"]
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def everything(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_stands_in_the_repository_is_what_the_services_there_are_make() -> None:
    for path, text in files(service_names()).items():
        assert path.read_text() == text, "run `kinerja compose render`"


def test_no_secret_stands_in_the_file_and_every_container_is_closed() -> None:
    for name, service in compose()["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert [key for key in service.get("environment", {}) if "PASSWORD" in key or "_URL_" in key] == [], name


def test_a_half_of_a_service_is_given_its_own_role_and_no_other() -> None:
    services = compose()["services"]
    for name in service_names():
        given = {
            half: [Path(each).name for each in services[f"{name}-{half}"]["env_file"]] for half in ("api", "worker")
        }
        road, own = [f"{name}.env"], [f"{name}.env"] if name == "feed" else []
        assert given["api"] == [f"{name}-api.env", *(road if load(name).reads_road else []), *own]
        assert given["worker"] == [f"{name}-worker.env", *road, *own]


def test_init_makes_what_the_file_asks_for_and_lets_nobody_else_in(site: Path) -> None:
    assert stat.S_IMODE((site / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((site / "secrets/keys/signing.pem").stat().st_mode) == 0o600
    wanted = {file for service in compose()["services"].values() for file in service.get("env_file", [])}
    missing = [file for file in wanted if not (site / "secrets" / file.partition("}/")[2]).is_file()]
    assert missing == []
    assert "KINERJA_SECRETS=./secrets\n" in (site / ".env").read_text()


def test_init_again_changes_nothing_but_the_token_and_keeps_other_lines(site: Path) -> None:
    before = everything(site / "secrets")
    with (site / ".env").open("a") as file:
        file.write("KINERJA_LISTEN=0.0.0.0:80\n")
    init(site)
    after = everything(site / "secrets")
    assert {name for name in after if after[name] != before.get(name)} <= {"system/token", "lock"}
    assert "KINERJA_LISTEN=0.0.0.0:80\n" in (site / ".env").read_text()


def test_new_passwords_are_for_the_service_that_was_named(site: Path) -> None:
    before = json.loads((site / "secrets/secrets.json").read_text())
    init(site, "--rotate", "activity")
    after = json.loads((site / "secrets/secrets.json").read_text())
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"nats activity", *(f"postgres activity {role}" for role in ("owner", "api", "worker"))}
    assert after["nats activity"] in (site / "secrets/nats/clients/activity.env").read_text()
    assert after["postgres activity api"] in (site / "secrets/database/activity-api.env").read_text()


def test_the_portals_api_signs_with_a_key_that_others_know_only_the_public_half_of(site: Path) -> None:
    services = compose()["services"]
    asked = services["portal-api"]["environment"]["KINERJA_SERVICES"].split(",")
    assert asked == [f"{name}=http://{name}-api:8000" for name in service_names() if name != "portal"]
    targets = {
        name: [each["target"] for each in service["volumes"] if isinstance(each, dict)]
        for name, service in services.items()
        if "volumes" in service
    }
    assert [name for name, mounted in targets.items() if "/run/portal" in mounted] == ["portal-api"]
    signed = portal_token(site)
    for file in ("jwks.json", "portal.json"):
        assert reads(site / "secrets/jwks" / file, signed)
    own = (site / "secrets/keys/signing.pem").read_bytes()
    assert not reads(site / "secrets/jwks/portal.json", token(own)), "in earnest the system signs nothing"


def test_the_key_of_the_portal_before_this_one_is_trusted_until_init_runs_again(tmp_path: Path) -> None:
    init(tmp_path)
    public, before = tmp_path / "secrets/jwks/portal.json", portal_token(tmp_path)
    init(tmp_path, "--rotate", "portal")
    assert (reads(public, before), reads(public, portal_token(tmp_path))) == (True, True)
    init(tmp_path)
    assert (reads(public, before), reads(public, portal_token(tmp_path))) == (False, True)


def test_with_an_issuer_of_the_agency_the_portals_tokens_are_trusted_beside_its_own(tmp_path: Path) -> None:
    init(tmp_path, "--issuer", "https://sso.example", "--jwks", "https://sso.example/jwks.json")
    said = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines())
    assert said["KINERJA_ISSUERS"] == f"{ISSUER},https://sso.example"
    assert said["KINERJA_JWKS"] == "/run/jwks/portal.json,https://sso.example/jwks.json"
    assert "KINERJA_ENVIRONMENT" not in said
    before = (tmp_path / ".env").read_text()
    (tmp_path / "secrets/system/token").write_text("of the agency's own")
    init(tmp_path, "--rotate", "portal")
    assert (tmp_path / "secrets/system/token").read_text() == "of the agency's own"
    assert sorted((tmp_path / ".env").read_text().split()) == sorted(before.split()), "it stays in earnest"
    assert compose()["x-settings"]["KINERJA_ISSUERS"] == f"${{KINERJA_ISSUERS:-{ISSUER}}}"


def portal_token(site: Path) -> str:
    """What the portal signs now."""
    return token((site / "secrets/portal/key.pem").read_bytes())


def token(key: bytes) -> str:
    return signed_token(key, issuer=ISSUER, instansi="kota", roles=["hr"], lifetime=timedelta(minutes=5))


def reads(jwks: Path, signed: str) -> bool:
    """Whether who has these keys trusts the token."""
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_json(jwks.read_text()).keys}
    key = keys.get(jwt.get_unverified_header(signed)["kid"])
    return key is not None and jwt.decode(signed, key, audience="kinerja")["iss"] == ISSUER


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rotate", "payroll"], "There is no service 'payroll'; there are: activity"),
        (["--issuer", "https://sso.example"], "--issuer and --jwks go together"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, arguments: list[str], said: str) -> None:
    assert said in init(tmp_path, *arguments, code=2)
    assert not (tmp_path / ".env").exists()
