"""PostgreSQL's operator, KEDA and NATS's chart are told what their documentation asks for."""

import json
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from deploy.nats.description import Subscriber
from deploy.services import load, service_names
from shared.messaging.streams import stream_config
from tests.deploy.kubernetes.conftest import Rendered, environment, rendered

_ROLES = ("owner", "api", "worker")


def test_each_service_has_a_database_and_three_roles_on_one_server(manifests: Rendered) -> None:
    roles: dict[str, str] = {}
    for cluster in manifests.of("Cluster"):
        for role in cluster["spec"]["managed"]["roles"]:
            assert role["name"] not in roles
            roles[role["name"]] = cluster["metadata"]["name"]
            assert role["login"] is True
            refused = ("superuser", "createdb", "createrole", "replication", "bypassrls")
            assert [role[right] for right in refused] == [False] * 5
    assert set(roles) == {f"{name}_{role}" for name in service_names() for role in _ROLES}
    databases = {each["spec"]["name"]: each["spec"] for each in manifests.of("Database")}
    assert set(databases) == set(service_names())
    for name, spec in databases.items():
        assert spec["owner"] == f"{name}_owner"
        assert {spec["cluster"]["name"]} == {roles[f"{name}_{role}"] for role in _ROLES}
        assert spec["databaseReclaimPolicy"] == "retain"
        url = environment(manifests.templates()[f"{name}-api"])["KINERJA_DATABASE_URL_API"]
        assert url.endswith(f"@{spec['cluster']['name']}-rw:5432/{name}")


def test_a_small_site_has_one_server_and_a_large_one_a_server_for_each_service() -> None:
    assert [each["metadata"]["name"] for each in rendered("kecil").of("Cluster")] == ["postgres"]
    for size in ("sedang", "besar"):
        assert {each["metadata"]["name"] for each in rendered(size).of("Cluster")} == {
            f"postgres-{name}" for name in service_names()
        }


def test_a_commit_is_on_two_machines_before_it_is_answered_and_one_of_three_may_be_away(manifests: Rendered) -> None:
    for cluster in manifests.of("Cluster"):
        spec = cluster["spec"]
        assert spec["postgresql"]["synchronous"] == {"method": "any", "number": 1, "dataDurability": "required"}
        assert spec["instances"] == 3
        assert spec["postgresql"]["parameters"]["synchronous_commit"] == "on"
        assert (spec["affinity"]["enablePodAntiAffinity"], spec["affinity"]["podAntiAffinityType"]) == (
            True,
            "required",
        )
        assert spec["enableSuperuserAccess"] is False


def test_each_role_enters_its_own_database_only_and_only_encrypted(manifests: Rendered) -> None:
    for cluster in manifests.of("Cluster"):
        *rules, last = cluster["spec"]["postgresql"]["pg_hba"]
        assert last == "host all all all reject"
        assert len(rules) == len({role["name"].rsplit("_", 1)[0] for role in cluster["spec"]["managed"]["roles"]})
        for rule in rules:
            kind, database, users, address, method = rule.split()
            assert (kind, address, method) == ("hostssl", "all", "scram-sha-256")
            assert users.split(",") == [f"{database}_{role}" for role in _ROLES]


def test_memory_is_shared_out_as_postgresql_recommends() -> None:
    [cluster] = rendered("kecil").of("Cluster")  # 4 GB: a quarter for its own buffers, three quarters are cache
    parameters = cluster["spec"]["postgresql"]["parameters"]
    assert (parameters["shared_buffers"], parameters["effective_cache_size"]) == ("1024MB", "3072MB")
    assert all(isinstance(value, str) for value in parameters.values()), "the operator takes texts only"
    assert not {"archive_mode", "archive_command", "listen_addresses", "ssl", "port", "restore_command"} & set(
        parameters
    )


def test_every_server_is_backed_up_each_night_and_archives_its_log(manifests: Rendered) -> None:
    [store] = manifests.of("ObjectStore")
    assert re.fullmatch(r"[1-9]\d*[dwm]", store["spec"]["retentionPolicy"])
    servers = {each["metadata"]["name"] for each in manifests.of("Cluster")}
    assert {each["spec"]["cluster"]["name"] for each in manifests.of("ScheduledBackup")} == servers
    for backup in manifests.of("ScheduledBackup"):
        assert len(backup["spec"]["schedule"].split()) == 6, "the operator's schedules begin with seconds"
        assert (backup["spec"]["method"], backup["spec"]["pluginConfiguration"]) == (
            "plugin",
            {"name": "barman-cloud.cloudnative-pg.io"},
        )
    for cluster in manifests.of("Cluster"):
        [plugin] = cluster["spec"]["plugins"]
        assert plugin["isWALArchiver"] is True
        assert plugin["parameters"] == {"barmanObjectName": store["metadata"]["name"]}


def test_workers_are_scaled_by_every_durable_through_which_they_hear(manifests: Rendered) -> None:
    scaled = {each["metadata"]["name"]: each["spec"] for each in manifests.of("ScaledObject")}
    for name in service_names():
        spec = scaled[f"{name}-worker"]
        assert 1 <= spec["minReplicaCount"] < spec["maxReplicaCount"]
        hears = {(each.stream, each.durable) for each in load(name).subscriptions}
        found = set()
        for trigger in spec["triggers"]:
            if trigger["type"] == "nats-jetstream":
                said = trigger["metadata"]
                found.add((said["stream"], said["consumer"]))
                assert said["natsServerMonitoringEndpoint"] == "nats-headless.kinerja.svc:8222"
                assert said["account"] in manifests.nats["config"]["merge"]["accounts"]
                assert int(said["lagThreshold"]) > 0
                assert all(isinstance(value, str) for value in said.values()), "KEDA takes texts only"
        assert found == hears
        assert spec["triggers"]


def test_nats_is_three_nodes_apart_that_sync_what_they_acknowledge(manifests: Rendered) -> None:
    config, template = manifests.nats["config"], manifests.nats["podTemplate"]
    assert (config["cluster"]["enabled"], config["cluster"]["replicas"]) == (True, 3)
    assert config["nats"]["tls"] == config["cluster"]["tls"] == {"enabled": True, "secretName": "nats-tls"}
    assert config["jetstream"]["merge"] == {"sync_interval": "always"}
    assert template["topologySpreadConstraints"]["kubernetes.io/hostname"]["whenUnsatisfiable"] == "DoNotSchedule"
    for container in ("container", "reloader"):  # or the namespace, which is restricted, would not let them in
        closed = manifests.nats[container]["merge"]["securityContext"]
        assert closed == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert template["merge"]["spec"]["securityContext"]["runAsNonRoot"] is True


def test_all_streams_at_their_largest_fit_the_disk_of_a_node(manifests: Rendered) -> None:
    disk = int(manifests.nats["config"]["jetstream"]["fileStore"]["pvc"]["size"].removesuffix("Gi"))
    steps = [each for name, each in manifests.templates().items() if "-streams-" in name]
    arguments = [each["spec"]["containers"][0]["args"] for each in steps]
    assert all(args[args.index("--replicas") + 1] == "3" for args in arguments)
    sizes = [int(args[args.index("--max-gigabytes") + 1]) for args in arguments]
    assert len(sizes) == len(service_names())
    assert sum(sizes) <= 0.8 * disk
    assert stream_config("activity", 3, sizes[0]).num_replicas == 3


def _plain(said: Any) -> str:
    """What the chart makes of the values: JSON, in which << >> stands for the bare text."""
    return re.sub(r'"<< (.*?) >>"', r"\1", json.dumps(said))


@pytest.mark.parametrize("size", ["kecil"])
def test_a_real_server_accepts_the_configuration_and_every_password_is_given(size: str, tmp_path: Path) -> None:
    values = rendered(size).nats
    given = {name: f"secret-{number}" for number, name in enumerate(values["container"]["env"])}
    store = {"store_dir": str(tmp_path / "store"), **values["config"]["jetstream"]["merge"]}
    config = {"listen": "127.0.0.1:-1", "jetstream": store, **values["config"]["merge"]}
    file = tmp_path / "nats.conf"
    file.write_text(_plain(config))
    server = Path(sysconfig.get_path("scripts")) / "nats-server"
    done = subprocess.run([server, "-t", "-c", file], env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    missing = dict(list(given.items())[1:])
    done = subprocess.run([server, "-t", "-c", file], env=missing, capture_output=True, text=True, check=False)
    assert done.returncode == 1, "a password that nobody gives must not pass"


def test_a_subscriber_of_the_description_gets_an_account_and_a_password() -> None:
    from deploy.kubernetes.render import render
    from deploy.kubernetes.site import Site, sizes

    payroll = Subscriber(instansi=["kota-medan"], types=["appraisal.review.closed.v1"])
    files = render(Site(size=sizes()["kecil"], subscribers={"payroll": payroll}))
    assert "PASSWORD_PAYROLL" in files["nats-values.yaml"][0]["container"]["env"]
    assert "nats-user-payroll" in {each["name"] for each in files["required.yaml"][0]["secrets"]}
