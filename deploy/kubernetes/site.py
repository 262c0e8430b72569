"""What the manifests are made for: one size, one version, and where the cluster keeps its own parts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from deploy.nats.description import Subscriber
from shared.runtime import VERSION

#: Connections a process may hold: its pool and the pool's overflow, the bell, the watch, the relay's own.
CONNECTIONS = 24
POSTGRES = 5432
NATS = 4222
MONITOR = 8222
HTTP = 8000
#: As many as a commit and a message need on more than one machine.
NODES = 3

Document = dict[str, Any]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Pods(_Part):
    """One half of a service."""

    replicas: tuple[int, int] = Field(description="least and most")
    cpu: str
    memory: str


class NatsSize(_Part):
    """Each of the three nodes, and the size of each stream."""

    cpu: str
    memory: str
    storage_gigabytes: int
    stream_gigabytes: int


class PostgresSize(_Part):
    """Each instance of a server, and whether each service has one of its own."""

    per_service: bool
    cpu: str
    memory_gigabytes: int
    storage_gigabytes: int
    wal_gigabytes: int


class Size(_Part):
    """One entry of sizes.yaml."""

    api: Pods
    worker: Pods
    lag_per_worker: int
    nats: NatsSize
    postgres: PostgresSize


def sizes() -> dict[str, Size]:
    """By name, the smallest first."""
    said = yaml.safe_load((Path(__file__).parent / "sizes.yaml").read_text())
    return {name: Size.model_validate(size) for name, size in said.items()}


@dataclass(frozen=True)
class Site:
    """A size in a cluster. The namespaces are those of the parts that others installed; `monitoring_labels` are those by
    which Prometheus' operator knows what is meant for it. Without that operator pods say by annotations where to ask."""

    size: Size
    images: str = ""
    tag: str = VERSION
    namespace: str = "kinerja"
    ingress_namespace: str = "ingress"
    monitoring_namespace: str = "monitoring"
    prometheus_operator: bool = True
    monitoring_labels: Mapping[str, str] = field(default_factory=dict)
    keda_namespace: str = "keda"
    operator_namespace: str = "cnpg-system"
    backups: str = "s3://kinerja-backups"
    mail_port: int = 587
    postgres_image: str = ""
    subscribers: Mapping[str, Subscriber] = field(default_factory=dict)

    def image(self, service: str) -> str:
        """The image of a service in this version."""
        return f"{self.images.rstrip('/')}/kinerja-{service}:{self.tag}".lstrip("/")

    def step(self, service: str, what: str) -> str:
        """The name of a deploy step, another one for each version: a Job that is there is never run again."""
        version = re.sub(r"[^a-z0-9]+", "-", self.tag.lower()).strip("-")
        return f"{service}-{what}-{version}"[:63].rstrip("-")

    def server(self, service: str) -> str:
        """The PostgreSQL that holds the database of a service."""
        return f"postgres-{service}" if self.size.postgres.per_service else "postgres"


def metadata(name: str, labels: Mapping[str, str] | None = None, **more: Any) -> Document:
    """The head of a document; everything of ours carries the same label."""
    return {"name": name, "labels": {"app.kubernetes.io/part-of": "kinerja", **(labels or {})}, **more}


def labels(service: str, part: str) -> dict[str, str]:
    """What selects the pods of a half of a service, or of one of its steps."""
    return {"app.kubernetes.io/name": service, "app.kubernetes.io/component": part}


def database_secret(service: str, role: str) -> str:
    """Holds `username` and `password` of a role; PostgreSQL's operator reads it too."""
    return f"{service}-database-{role}"


def nats_secret(user: str) -> str:
    """Holds the `password` of a NATS user."""
    return f"nats-user-{user}"
