"""What has to be in the namespace before anything is applied; no value of it is ever in a manifest."""

from collections.abc import Sequence

from deploy.kubernetes.pod import NATS_TLS
from deploy.kubernetes.service import beyond
from deploy.kubernetes.site import Document, Site, database_secret, nats_secret
from deploy.nats.access import users
from deploy.provision import ROLES

_SETTINGS = {
    "KINERJA_ISSUERS": "trusted issuers of tokens, with commas between; kinerja-portal is to be among them",
    "KINERJA_SMTP_HOST": "the mail server",
    "KINERJA_MAIL_FROM": "the sender of mails, such as Kinerja <kinerja@kota.go.id>",
    "KINERJA_WEBHOOK_NETWORKS": "networks of one's own that webhooks may go to, such as 10.1.0.0/16; may be left out",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "where traces go, port 4318 in the namespace of monitoring; may be left out",
}

_PUBLIC = "the public keys of the issuers, the portal's among them, as a JWKS document"


def required(site: Site, services: Sequence[str]) -> Document:
    """The secrets and config maps: name, keys, and what each holds. Passwords have letters, digits, `-` and `_` only."""
    roles = [(service, role) for service in services for role in ROLES]
    secrets = [
        _secret(database_secret(*each), "kubernetes.io/basic-auth", username="_".join(each), password="at random")
        for each in roles
    ]
    everybody = users(services, list(site.subscribers))
    secrets += [_secret(nats_secret(user), password="at random") for user in everybody]
    secrets += [
        _secret(of, password=f"{variable}: see shared/web/settings.py")
        for service in services
        for variable, of in beyond(service).secrets.items()
    ]
    return {
        "namespace": site.namespace,
        "secrets": [*secrets, *_others(site)],
        "configmaps": [
            {"name": "kinerja-settings", "keys": _SETTINGS},
            {"name": "kinerja-token-keys", "keys": {"jwks.json": _PUBLIC}},
        ],
    }


def _others(site: Site) -> list[Document]:
    hosts = ["nats", "nats.{0}.svc", "nats-headless", "*.nats-headless", "*.nats-headless.{0}.svc.cluster.local"]
    certificate = f"for {', '.join(host.format(site.namespace) for host in hosts)}"
    of_nats = {"ca.crt": "its authority", "tls.crt": certificate, "tls.key": "its key"}
    storage = dict.fromkeys(("ACCESS_KEY_ID", "ACCESS_SECRET_KEY"), "of the object storage")
    token = "a token of role system for every instansi, renewed before it expires"
    return [
        _secret(NATS_TLS, "kubernetes.io/tls", **of_nats),
        _secret("kinerja-backup-storage", **storage),
        _secret("kinerja-system-token", token=token),
        _secret("kinerja-portal-key", **{"key.pem": "made by `kinerja kubernetes portal-key`, as is its public key"}),
    ]


def _secret(name: str, kind: str = "Opaque", **keys: str) -> Document:
    return {"name": name, "type": kind, "keys": keys}
