"""What every pod of ours has in common: who it is, which files it sees, and the environment it reads."""

from typing import Any

from deploy.kubernetes.site import NATS, POSTGRES, Document, Site, database_secret, labels, nats_secret

_USER = 10001  # the images' own
_FOLDER = "/etc/kinerja"
_SETTINGS, _KEYS, _TOKEN = "kinerja-settings", "kinerja-token-keys", "kinerja-system-token"
_PORTAL_KEY = "kinerja-portal-key"
NATS_TLS = "nats-tls"
KEYS = f"{_FOLDER}/keys/jwks.json"
TOKEN = f"{_FOLDER}/system/token"
PORTAL_KEY = f"{_FOLDER}/portal/key.pem"


def value(name: str, said: object) -> Document:
    """A variable whose value anybody may know."""
    return {"name": name, "value": str(said)}


def setting(name: str, **more: bool) -> Document:
    """A variable out of the site's own settings."""
    return {"name": name, "valueFrom": {"configMapKeyRef": {"name": _SETTINGS, "key": name, **more}}}


def secret(name: str, of: str) -> Document:
    """A variable out of the `password` of a secret."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": of, "key": "password"}}}


def database(site: Site, service: str, role: str) -> list[Document]:
    """How a role reaches its database: by a password, at a server that proves who it is."""
    host = f"{site.server(service)}-rw:{POSTGRES}"
    return [
        secret("DATABASE_PASSWORD", database_secret(service, role)),
        value(
            f"KINERJA_DATABASE_URL_{role.upper()}",
            f"postgresql+asyncpg://{service}_{role}:$(DATABASE_PASSWORD)@{host}/{service}",
        ),
        value("PGSSLMODE", "verify-full"),
        value("PGSSLROOTCERT", f"{_FOLDER}/postgres/ca.crt"),
    ]


def nats(user: str) -> list[Document]:
    """How a user reaches NATS."""
    return [
        value("KINERJA_NATS_URL", f"tls://nats:{NATS}"),
        value("KINERJA_NATS_CA", f"{_FOLDER}/nats/ca.crt"),
        value("KINERJA_NATS_USER", user),
        secret("KINERJA_NATS_PASSWORD", nats_secret(user)),
    ]


def files(site: Site, service: str, *wanted: str) -> dict[str, list[Document]]:
    """Volumes (authorities of `postgres` and `nats`, `keys` of tokens, `system`: our token,
    `portal`: the key with which it signs), read-only, and a /tmp."""
    authority = {"items": [{"key": "ca.crt", "path": "ca.crt"}]}
    sources: dict[str, Document] = {
        "postgres": {"secret": {"secretName": f"{site.server(service)}-ca", **authority}},
        "nats": {"secret": {"secretName": NATS_TLS, **authority}},
        "keys": {"configMap": {"name": _KEYS}},
        "system": {"secret": {"secretName": _TOKEN}},
        "portal": {"secret": {"secretName": _PORTAL_KEY, "items": [{"key": "key.pem", "path": "key.pem"}]}},
    }
    volumes = [{"name": name, **sources[name]} for name in wanted]
    mounts: list[Document] = [{"name": name, "mountPath": f"{_FOLDER}/{name}", "readOnly": True} for name in wanted]
    return {
        "volumes": [*volumes, {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}],
        "mounts": [*mounts, {"name": "tmp", "mountPath": "/tmp"}],
    }


def template(service: str, part: str, container: Document, seen: dict[str, list[Document]], **more: Any) -> Document:
    """A pod that may do as little as a pod can. `seen` is what `files` gave; `more` goes to its spec."""
    closed = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    who = {"runAsNonRoot": True, "runAsUser": _USER, "runAsGroup": _USER, "fsGroup": _USER}
    spec = {
        "serviceAccountName": service,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {**who, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container | {"name": part, "volumeMounts": seen["mounts"], "securityContext": closed}],
        "volumes": seen["volumes"],
        **more,
    }
    return {"metadata": {"labels": {"app.kubernetes.io/part-of": "kinerja", **labels(service, part)}}, "spec": spec}
