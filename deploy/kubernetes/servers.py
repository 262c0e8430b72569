"""PostgreSQL by the CloudNativePG operator, and the values of the official Helm chart of NATS."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.kubernetes.pod import NATS_TLS
from deploy.kubernetes.site import (
    CONNECTIONS,
    MONITOR,
    NATS,
    NODES,
    Document,
    Site,
    database_secret,
    metadata,
    nats_secret,
)
from deploy.nats.access import access, users
from deploy.nats.description import variable
from deploy.nats.inside import inside
from deploy.nats.render import MAX_PAYLOAD
from deploy.provision import ROLES

_SETTINGS = Path(__file__).parents[1] / "postgres" / "postgresql.conf"
_SPARE_CONNECTIONS = 30
_STORE, _STORE_SECRET = "kinerja-backups", "kinerja-backup-storage"
_PLUGIN = "barman-cloud.cloudnative-pg.io"


def postgres(site: Site, services: Sequence[str]) -> list[Document]:
    """The servers, a database and three roles for each service, and the backups."""
    found: list[Document] = [_store(site)]
    for server in sorted({site.server(service) for service in services}):
        held = [service for service in services if site.server(service) == server]
        found += [_cluster(site, server, held), *(_database(server, service) for service in held)]
        found.append(_daily(server))
    return found


def settings() -> dict[str, str]:
    """postgresql.conf of this project, as parameters of a server of the operator."""
    lines = (line for line in _SETTINGS.read_text().splitlines() if line and not line.startswith("#"))
    said = dict(re.split(r"\s*=\s*", line, maxsplit=1) for line in lines)
    return {name: value.strip("'") for name, value in said.items()}


def _cluster(site: Site, server: str, services: Sequence[str]) -> Document:
    size = site.size.postgres
    memory = f"{size.memory_gigabytes}Gi"
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": metadata(server),
        "spec": {
            "instances": NODES,
            **({"imageName": site.postgres_image} if site.postgres_image else {}),
            "primaryUpdateStrategy": "unsupervised",
            "enableSuperuserAccess": False,
            "enablePDB": True,
            "bootstrap": {
                "initdb": {
                    "encoding": "UTF8",
                    "localeCollate": "C.UTF-8",
                    "localeCType": "C.UTF-8",
                    "dataChecksums": True,
                }
            },
            "storage": {"size": f"{size.storage_gigabytes}Gi"},
            "walStorage": {"size": f"{size.wal_gigabytes}Gi"},
            "resources": {"requests": {"cpu": size.cpu, "memory": memory}, "limits": {"memory": memory}},
            "affinity": {"enablePodAntiAffinity": True, "podAntiAffinityType": "required"},
            "postgresql": {
                # No commit is answered before a second machine has it; with one of three away that still holds.
                "synchronous": {"method": "any", "number": 1, "dataDurability": "required"},
                "parameters": _parameters(site, len(services)),
                "pg_hba": _who_may_enter(services),
            },
            "managed": {"roles": [_role(service, role) for service in services for role in ROLES]},
            "plugins": [{"name": _PLUGIN, "isWALArchiver": True, "parameters": {"barmanObjectName": _STORE}}],
        },
    }


def _parameters(site: Site, services: int) -> dict[str, str]:
    size = site.size.postgres
    processes = services * (site.size.api.replicas[1] + 1 + site.size.worker.replicas[1] + 1)  # a new one beside
    return settings() | {
        "max_connections": str(processes * CONNECTIONS + _SPARE_CONNECTIONS),
        "shared_buffers": f"{size.memory_gigabytes * 256}MB",
        "effective_cache_size": f"{size.memory_gigabytes * 768}MB",
    }


def _who_may_enter(services: Sequence[str]) -> list[str]:
    """Each role only its own database, encrypted; nobody else by network."""
    rules = [f"hostssl {name} {','.join(f'{name}_{role}' for role in ROLES)} all scram-sha-256" for name in services]
    return [*rules, "host all all all reject"]


def _role(service: str, role: str) -> Document:
    refused = {"superuser": False, "createdb": False, "createrole": False, "replication": False, "bypassrls": False}
    secret = {"name": database_secret(service, role)}
    return {"name": f"{service}_{role}", "ensure": "present", "login": True, **refused, "passwordSecret": secret}


def _database(server: str, service: str) -> Document:
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Database",
        "metadata": metadata(f"{server}-{service}" if server == "postgres" else server),
        "spec": {
            "name": service,
            "owner": f"{service}_owner",
            "ensure": "present",
            "databaseReclaimPolicy": "retain",
            "cluster": {"name": server},
        },
    }


def _store(site: Site) -> Document:
    def key(name: str) -> Document:
        return {"name": _STORE_SECRET, "key": name}

    return {
        "apiVersion": "barmancloud.cnpg.io/v1",
        "kind": "ObjectStore",
        "metadata": metadata(_STORE),
        "spec": {
            # Longer than what the road keeps: whatever a restore takes back, the facts lost by it can be listed.
            "retentionPolicy": "30d",
            "configuration": {
                "destinationPath": site.backups,
                "s3Credentials": {"accessKeyId": key("ACCESS_KEY_ID"), "secretAccessKey": key("ACCESS_SECRET_KEY")},
                "wal": {"compression": "gzip", "maxParallel": 4},
                "data": {"compression": "gzip", "jobs": 2},
            },
        },
    }


def _daily(server: str) -> Document:
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "ScheduledBackup",
        "metadata": metadata(f"{server}-daily"),
        "spec": {
            "schedule": "0 0 18 * * *",  # with seconds; 18:00 UTC is one in the night in Jakarta
            "immediate": True,
            "backupOwnerReference": "self",
            "cluster": {"name": server},
            "method": "plugin",
            "pluginConfiguration": {"name": _PLUGIN},
        },
    }


def nats(site: Site, services: Sequence[str]) -> Document:
    """Values for the chart: three nodes, streams on disk, every message there before it is acknowledged."""
    size = site.size.nats
    everybody = users(services, list(site.subscribers))
    rights = access(inside(), site.subscribers, lambda user: f"<< ${variable(user)} >>")
    closed = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    apart: Mapping[str, Document] = {"kubernetes.io/hostname": {"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}}
    who = {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "fullnameOverride": "nats",
        # Nodes know one another by the same authority as clients know them.
        "tlsCA": {"enabled": True, "secretName": NATS_TLS},
        "config": {
            "cluster": {"enabled": True, "replicas": NODES, "tls": {"enabled": True, "secretName": NATS_TLS}},
            "jetstream": {
                "enabled": True,
                "fileStore": {"enabled": True, "pvc": {"enabled": True, "size": f"{size.storage_gigabytes}Gi"}},
                "merge": {"sync_interval": "always"},
            },
            "nats": {"port": NATS, "tls": {"enabled": True, "secretName": NATS_TLS}},
            "monitor": {"enabled": True, "port": MONITOR},
            "merge": {"max_payload": MAX_PAYLOAD, **rights},
        },
        "container": {
            "env": {variable(user): _password(user) for user in everybody},
            "merge": {
                "resources": {"requests": {"cpu": size.cpu, "memory": size.memory}, "limits": {"memory": size.memory}},
                "securityContext": closed,
            },
        },
        "reloader": {"merge": {"securityContext": closed}},
        "podTemplate": {
            "topologySpreadConstraints": apart,
            "merge": {"spec": {"automountServiceAccountToken": False, "securityContext": who}},
        },
        "podDisruptionBudget": {"enabled": True},
        "natsBox": {"enabled": False},
    }


def _password(user: str) -> Document:
    return {"valueFrom": {"secretKeyRef": {"name": nats_secret(user), "key": "password"}}}
