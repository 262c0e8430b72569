"""What is rendered is whole, fits together and fits what the services are."""

import inspect
import json
import re
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import kubernetes_validate
import pytest
import yaml
from click.testing import CliRunner

from cli.kubernetes import kubernetes
from deploy.services import load, service_names
from shared.eventstore.database import Database
from shared.messaging import subscriber
from shared.testing.system import kinerja
from shared.web import serving
from shared.web.settings import PREFIX, Settings
from shared.web.signing import signed_token
from tests.deploy.kubernetes.conftest import Document, Rendered, environment, rendered

_OPERATORS = ("postgresql.cnpg.io/", "barmancloud.cnpg.io/", "keda.sh/", "monitoring.coreos.com/")
_KUBERNETES = "1.37"
_MINUTE = timedelta(minutes=1)


def test_every_document_fits_the_published_schemas() -> None:
    checked = [each for each in rendered("sedang").documents if not each["apiVersion"].startswith(_OPERATORS)]
    assert len(checked) > 8 * len(service_names())
    for document in checked:
        kubernetes_validate.validate(document, _KUBERNETES, strict=True)


def test_the_schemas_would_refuse_a_misspelt_field() -> None:
    [account, *_] = rendered("sedang").of("ServiceAccount")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(account | {"automountToken": False}, _KUBERNETES, strict=True)


def test_every_service_is_there_whole(manifests: Rendered) -> None:
    for name in service_names():
        kinds = sorted(each["kind"] for each in manifests.files[f"{name}/2-run.yaml"])
        assert kinds == [
            *("Deployment", "Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "PodDisruptionBudget"),
            *("ScaledObject", "Service"),
        ]
        # A Job whose account is not there yet would wait for minutes.
        assert [(each["kind"], each["metadata"]["name"]) for each in manifests.files[f"{name}/1-steps.yaml"]] == [
            ("ServiceAccount", name),
            ("Job", f"{name}-migrate-1-2-3"),
            ("Job", f"{name}-streams-1-2-3"),
        ]


def test_no_two_documents_share_a_name_and_all_are_in_the_namespace(manifests: Rendered) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in manifests.documents]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 63 for _, name in names)
    outside = [each["kind"] for each in manifests.documents if each["metadata"].get("namespace") != "kinerja"]
    assert outside == ["Namespace"]


def test_no_pod_may_do_more_than_its_work(manifests: Rendered) -> None:
    accounts = {each["metadata"]["name"] for each in manifests.of("ServiceAccount")}
    for name, template in manifests.templates().items():
        spec, [container] = template["spec"], template["spec"]["containers"]
        assert (spec["securityContext"]["runAsNonRoot"], spec["securityContext"]["runAsUser"] > 0) == (True, True), name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert spec["automountServiceAccountToken"] is False
        assert spec["serviceAccountName"] in accounts
        assert {"cpu", "memory"} == container["resources"]["requests"].keys()
        assert "memory" in container["resources"]["limits"]
        writable = [each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")]
        assert writable == ["/tmp"]


def test_the_user_of_the_pods_is_that_of_the_images() -> None:
    dockerfile = (Path(__file__).resolve().parents[3] / "Dockerfile").read_text()
    users = set(re.findall(r"^USER (\d+):(\d+)$", dockerfile, re.MULTILINE))
    pods = rendered("sedang").templates().values()
    assert {
        (str(pod["spec"]["securityContext"]["runAsUser"]), str(pod["spec"]["securityContext"]["runAsGroup"]))
        for pod in pods
    } == users


def test_whatever_selects_or_scales_meets_exactly_its_own_pods(manifests: Rendered) -> None:
    pods = {name: template["metadata"]["labels"] for name, template in manifests.templates().items()}

    def selected(wanted: dict[str, str]) -> list[str]:
        return [name for name, has in pods.items() if wanted.items() <= has.items()]

    for each in manifests.of("Deployment", "PodDisruptionBudget"):
        assert selected(each["spec"]["selector"]["matchLabels"]) == [each["metadata"]["name"]]
    for each in manifests.of("Service"):
        assert selected(each["spec"]["selector"]) == [f"{each['metadata']['name']}-api"]
    targets = [
        each["spec"]["scaleTargetRef"]["name"] for each in manifests.of("HorizontalPodAutoscaler", "ScaledObject")
    ]
    assert sorted(targets) == sorted(each["metadata"]["name"] for each in manifests.of("Deployment"))
    for each in manifests.of("Deployment"):
        assert "replicas" not in each["spec"], "a new version would set back what was scaled"
        spread = each["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert all(selected(one["labelSelector"]["matchLabels"]) == [each["metadata"]["name"]] for one in spread)


def test_a_node_can_be_emptied_and_enough_of_each_half_stays(manifests: Rendered) -> None:
    least = {each["spec"]["scaleTargetRef"]["name"]: each["spec"] for each in manifests.of("HorizontalPodAutoscaler")}
    least |= {each["spec"]["scaleTargetRef"]["name"]: each["spec"] for each in manifests.of("ScaledObject")}
    for budget in manifests.of("PodDisruptionBudget"):
        scaled = least[budget["metadata"]["name"]]
        minimum = scaled.get("minReplicas") or scaled["minReplicaCount"]
        assert 1 <= budget["spec"]["maxUnavailable"] < minimum


def test_a_pod_is_given_the_time_to_end_that_its_process_takes() -> None:
    source = inspect.getsource(subscriber.new_broker)
    [farewell] = re.findall(r"graceful_timeout=(\d+)", source)
    for deployment in rendered("sedang").of("Deployment"):
        spec = deployment["spec"]["template"]["spec"]
        drain = float(environment(deployment["spec"]["template"]).get("KINERJA_DRAIN_SECONDS", 0))
        assert spec["terminationGracePeriodSeconds"] > drain + serving._GRACE_SECONDS + int(farewell)
        if deployment["metadata"]["name"].endswith("-api"):
            probe = spec["containers"][0]["readinessProbe"]
            assert drain > probe["periodSeconds"] * probe["failureThreshold"], "it must be seen to be unready first"


def _references(document: Any, kind: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Names of secrets (or config maps) and the keys that are read, wherever they stand."""
    if isinstance(document, dict):
        match document:
            case {"secretKeyRef": {"name": name, "key": key}} if kind == "secrets":
                yield name, (key,)
            case {"configMapKeyRef": {"name": name, "key": key}} if kind == "configmaps":
                yield name, (key,)
            case {"secret": {"secretName": name}} if kind == "secrets":
                yield name, tuple(item["key"] for item in document["secret"].get("items", [{"key": "token"}]))
            case {"configMap": {"name": name}} if kind == "configmaps":
                yield name, ("jwks.json",)
            case {"enabled": True, "secretName": name} if kind == "secrets":
                yield name, ("ca.crt", "tls.crt", "tls.key")
            case {"passwordSecret": {"name": name}} if kind == "secrets":
                yield name, ("username", "password")
            case {"s3Credentials": {"accessKeyId": one, "secretAccessKey": other}} if kind == "secrets":
                yield one["name"], (one["key"], other["key"])
        for value in document.values():
            yield from _references(value, kind)
    elif isinstance(document, list):
        for value in document:
            yield from _references(value, kind)


@pytest.mark.parametrize("kind", ["secrets", "configmaps"])
def test_the_list_of_what_is_required_is_exactly_what_is_referred_to(manifests: Rendered, kind: str) -> None:
    made_by_the_operator = {f"{each['metadata']['name']}-ca" for each in manifests.of("Cluster")}
    used: dict[str, set[str]] = {}
    for name, keys in _references([*manifests.documents, manifests.nats], kind):
        if name not in made_by_the_operator:
            used.setdefault(name, set()).update(keys)
    assert used == {each["name"]: set(each["keys"]) for each in manifests.required[kind]}


def test_no_manifest_holds_a_secret(manifests: Rendered) -> None:
    assert manifests.of("Secret") == []
    for template in manifests.templates().values():
        for name, value in environment(template).items():
            if "PASSWORD" in name:
                assert value.keys() == {"secretKeyRef"}
            if name.startswith("KINERJA_DATABASE_URL_"):
                assert re.fullmatch(r"postgresql\+asyncpg://\w+:\$\(DATABASE_PASSWORD\)@[a-z-]+:5432/\w+", value)


def test_only_the_migration_is_the_owner_and_only_the_streams_step_is_admin(manifests: Rendered) -> None:
    for name, template in manifests.templates().items():
        said = yaml.safe_dump(environment(template))
        assert ("_owner" in said) == ("-migrate-" in name), name
        assert ("nats-user-admin" in said) == ("-streams-" in name), name


def test_every_variable_is_one_that_the_process_reads(manifests: Rendered) -> None:
    settings = {PREFIX + field.upper() for field in Settings.model_fields}
    steps = {"KINERJA_DATABASE_URL_OWNER"}
    others = {"DATABASE_PASSWORD", "PGSSLMODE", "PGSSLROOTCERT", "OTEL_EXPORTER_OTLP_ENDPOINT"}
    for template in manifests.templates().values():
        assert environment(template).keys() <= settings | steps | others
    mounted = {
        (name, value)
        for template in manifests.templates().values()
        for name, value in environment(template).items()
        if name.endswith(("_FILE", "_CA", "_JWKS")) or name == "PGSSLROOTCERT"
    }
    assert {value for _, value in mounted} == {
        "/etc/kinerja/keys/jwks.json",
        "/etc/kinerja/system/token",
        "/etc/kinerja/portal/key.pem",
        "/etc/kinerja/nats/ca.crt",
        "/etc/kinerja/postgres/ca.crt",
    }


@pytest.mark.parametrize("part", ["api", "worker"])
@pytest.mark.parametrize("service", service_names())
def test_each_half_starts_with_the_variables_it_is_given(
    service: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `python -m services.<name> --only <part>` asks for at its start."""
    given = environment(rendered("sedang").templates()[f"{service}-{part}"])
    for name, value in given.items():
        if isinstance(value, str) or not value.get("configMapKeyRef", {}).get("optional"):
            monkeypatch.setenv(name, value if isinstance(value, str) else "given" * 8)
    monkeypatch.setenv("KINERJA_NATS_CA", __file__)  # it looks whether that file is there
    needed = {"api": ["database_url_api", "jwks"], "worker": ["database_url_worker", "nats_url", "jwks"]}[part]
    needed += ["nats_url"] * load(service).reads_road
    needed += ["portal_key_file", "services"] * (load(service).site is not None and part == "api")
    settings = Settings.load(*needed)
    assert (settings.host, settings.port) == ("0.0.0.0", 8000)
    assert f"{service}_{part}:" in (settings.database_url_api or settings.database_url_worker)


def test_every_file_that_a_variable_names_is_mounted(manifests: Rendered) -> None:
    for name, template in manifests.templates().items():
        [container] = template["spec"]["containers"]
        mounted = {each["mountPath"] for each in container["volumeMounts"]}
        named = {value for value in environment(template).values() if isinstance(value, str) and value.startswith("/")}
        assert {str(Path(each).parent) for each in named} | {"/tmp"} == mounted, name
        assert [each["name"] for each in template["spec"]["volumes"]] == [
            each["name"] for each in container["volumeMounts"]
        ]


def test_the_portal_signs_with_a_key_that_no_other_process_sees_and_knows_where_every_other_service_is() -> None:
    templates = rendered("sedang").templates()
    holders = {name for name, pod in templates.items() if "kinerja-portal-key" in yaml.safe_dump(pod)}
    assert holders == {"portal-api"}
    said = environment(templates["portal-api"])["KINERJA_SERVICES"]
    assert said.split(",") == [f"{name}=http://{name}" for name in service_names() if name != "portal"]


def test_mail_and_the_directory_are_known_to_the_one_worker_that_sends_mail() -> None:
    knowing = {
        name for name, pod in rendered("sedang").templates().items() if {"KINERJA_SMTP_HOST"} <= environment(pod).keys()
    }
    assert knowing == {"notification-worker"}
    given = environment(rendered("sedang").templates()["notification-worker"])
    assert given["KINERJA_DIRECTORY_URL"] == "http://directory"
    assert given["KINERJA_SMTP_PORT"] == "587"


def test_a_server_allows_all_connections_that_all_its_processes_may_open(manifests: Rendered) -> None:
    pool = inspect.signature(Database.__init__).parameters["size"].default * 2  # as much again in a rush
    most = {each["spec"]["scaleTargetRef"]["name"]: each["spec"] for each in manifests.of("HorizontalPodAutoscaler")}
    most |= {each["spec"]["scaleTargetRef"]["name"]: each["spec"] for each in manifests.of("ScaledObject")}
    for cluster in manifests.of("Cluster"):
        owners = {role["name"].rsplit("_", 1)[0] for role in cluster["spec"]["managed"]["roles"]}
        processes = sum(
            (most[f"{owner}-{part}"].get("maxReplicas") or most[f"{owner}-{part}"]["maxReplicaCount"]) + 1
            for owner in owners
            for part in ("api", "worker")
        )
        allowed = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
        assert processes * (pool + 4) < allowed < 5_000


def test_the_command_writes_what_was_rendered_and_names_each_file(tmp_path: Path) -> None:
    done = kinerja(
        "kubernetes", "render", "--size", "kecil", "--out", tmp_path, "--images", "r.example/k/", "--tag", "9"
    )
    assert done.returncode == 0, done.stderr
    written = {Path(line) for line in done.stdout.splitlines()}
    assert written == {path for path in tmp_path.rglob("*") if path.is_file()}
    [_, deployment, *_] = yaml.safe_load_all((tmp_path / "activity" / "2-run.yaml").read_text())
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "r.example/k/kinerja-activity:9"
    steps: list[Document] = list(yaml.safe_load_all((tmp_path / "activity" / "1-steps.yaml").read_text()))
    [migrate] = steps[1]["spec"]["template"]["spec"]["containers"]
    assert (migrate["image"], migrate["args"]) == ("r.example/k/kinerja-ops:9", ["migrate", "activity"])


def test_an_unknown_size_is_wrong_usage(tmp_path: Path) -> None:
    done = CliRunner().invoke(kubernetes, ["render", "--size", "raksasa", "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert "kecil" in done.output


@pytest.mark.parametrize(
    ("option", "written"),
    [
        ("--images", "https://registry.kota.go.id/kinerja"),
        ("--images", "Registry/kinerja"),
        ("--tag", "0.2.0 final"),
        ("--tag", "-1"),
        ("--backups", "kinerja-backups"),
    ],
)
def test_what_no_cluster_would_accept_is_wrong_usage(option: str, written: str, tmp_path: Path) -> None:
    out = tmp_path / "manifests"
    done = CliRunner().invoke(kubernetes, ["render", "--size", "kecil", option, written, "--out", str(out)])
    assert (done.exit_code, "is to be written like" in done.output, out.exists()) == (2, True, False), done.output


def test_a_site_can_let_webhooks_go_to_networks_of_its_own(manifests: Rendered) -> None:
    for part in ("api", "worker"):  # the one checks addresses, the other sends
        told = environment(manifests.templates()[f"feed-{part}"])["KINERJA_WEBHOOK_NETWORKS"]
        assert told == {
            "configMapKeyRef": {"name": "kinerja-settings", "key": "KINERJA_WEBHOOK_NETWORKS", "optional": True}
        }


def test_the_portals_key_is_made_beside_the_keys_of_others_and_never_replaced(tmp_path: Path) -> None:
    key, jwks = tmp_path / "key.pem", tmp_path / "jwks.json"
    jwks.write_text('{"keys": [{"kty": "OKP", "kid": "sso", "crv": "Ed25519", "x": "AA"}]}')
    made = ["portal-key", "--out", str(key), "--jwks", str(jwks)]
    assert CliRunner().invoke(kubernetes, made).exit_code == 0
    token = signed_token(key.read_bytes(), issuer="kinerja-portal", instansi="*", roles=["system"], lifetime=_MINUTE)
    _, public = json.loads(jwks.read_text())["keys"]
    assert jwt.decode(token, jwt.PyJWK(public), audience="kinerja")["iss"] == "kinerja-portal"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    assert CliRunner().invoke(kubernetes, made).exit_code == 2
    assert key.read_bytes() == before
