"""What has to be in the namespace before anything is applied; no value of it is ever in a manifest."""

from collections.abc import Sequence

from deploy.kubernetes.pod import NATS_TLS
from deploy.kubernetes.service import beyond
from deploy.kubernetes.site import Document, Site, database_secret, nats_secret
from deploy.nats.access import users
from deploy.provision import ROLES


def required(site: Site, services: Sequence[str]) -> Document:
    """The secrets and config maps: name, keys, and what each holds. Passwords have letters, digits, `-` and `_` only."""
    secrets = [
        {
            "name": database_secret(service, role),
            "type": "kubernetes.io/basic-auth",
            "keys": {"username": f"{service}_{role}", "password": "at random"},
        }
        for service in services
        for role in ROLES
    ]
    secrets += [
        {"name": nats_secret(user), "type": "Opaque", "keys": {"password": "at random"}}
        for user in users(services, list(site.subscribers))
    ]
    secrets.append(
        {
            "name": "kinerja-backup-storage",
            "type": "Opaque",
            "keys": {"ACCESS_KEY_ID": "of the object storage", "ACCESS_SECRET_KEY": "of the object storage"},
        }
    )
    hosts = ["nats", "nats.{0}.svc", "nats-headless", "*.nats-headless", "*.nats-headless.{0}.svc.cluster.local"]
    certificate = f"for {', '.join(host.format(site.namespace) for host in hosts)}"
    of_nats = {"ca.crt": "its authority", "tls.crt": certificate, "tls.key": "its key"}
    secrets.append({"name": NATS_TLS, "type": "kubernetes.io/tls", "keys": of_nats})
    secrets += [
        {"name": of, "type": "Opaque", "keys": {"password": f"{variable}: see shared/web/settings.py"}}
        for service in services
        for variable, of in beyond(service).secrets.items()
    ]
    token = "a token of role system for every instansi, renewed before it expires"
    secrets.append({"name": "kinerja-system-token", "type": "Opaque", "keys": {"token": token}})
    settings = {
        "KINERJA_ISSUERS": "trusted issuers of tokens, with commas between",
        "KINERJA_SMTP_HOST": "the mail server",
        "KINERJA_MAIL_FROM": "the sender of mails, such as Kinerja <kinerja@kota.go.id>",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "where traces go, port 4318 in the namespace of monitoring; may be left out",
    }
    return {
        "namespace": site.namespace,
        "secrets": secrets,
        "configmaps": [
            {"name": "kinerja-settings", "keys": settings},
            {"name": "kinerja-token-keys", "keys": {"jwks.json": "the public keys of the issuers, as a JWKS document"}},
        ],
    }
