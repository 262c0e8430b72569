"""One service at work: its two halves, its address, what scales it and what keeps enough of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deploy.kubernetes.pod import KEYS, PORTAL_KEY, TOKEN, database, files, nats, secret, setting, template, value
from deploy.kubernetes.site import HTTP, MONITOR, Document, Pods, Site, labels, metadata
from deploy.nats.access import ACCOUNT
from deploy.services import service_names
from shared.runtime import Service

#: Requests are taken so long after a pod was told to end: until then whoever sends them has learnt of it.
DRAIN_SECONDS = 10
#: Draining, ten seconds for requests in hand, twenty for the batch in hand and the broker's farewell; and some to spare.
GRACE_SECONDS = 60
_BUSY_PERCENT = 70


@dataclass(frozen=True)
class Beyond:
    """What a service has beside its database and NATS: services that its worker asks, all others that its API asks for
    whoever signed in (`for_people`), the mail server, ports outside that it reaches, and variables of both halves: out of the
    `password` of a secret, and out of the site's settings if set there."""

    services: Sequence[str] = ()
    for_people: bool = False
    mail: bool = False
    ports: Sequence[int] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    settings: Sequence[str] = ()


#: The exceptions. A service that is not named reaches nothing else.
BEYOND: Mapping[str, Beyond] = {
    "notification": Beyond(services=["directory"], mail=True),
    "feed": Beyond(
        ports=[443],
        secrets={"KINERJA_WEBHOOK_KEYS": "kinerja-webhook-keys"},
        settings=["KINERJA_WEBHOOK_NETWORKS"],
    ),
    "portal": Beyond(for_people=True),
}


def beyond(service: str) -> Beyond:
    """What a service has besides."""
    return BEYOND.get(service, Beyond())


def asked(service: str, part: str) -> Sequence[str]:
    """The services that a half of a service asks."""
    more = beyond(service)
    if part == "api":
        return [name for name in service_names() if name != service] if more.for_people else ()
    return more.services


def needs_nats(service: Service, part: str) -> bool:
    """Workers hear and send; the API of a service that reads the road for others needs it too."""
    return part == "worker" or service.reads_road


def running(site: Site, service: Service) -> list[Document]:
    """Everything of a service but its deploy steps."""
    address = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(service.name),
        "spec": {
            "selector": labels(service.name, "api"),
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
        },
    }
    halves = [_deployment(site, service, part) for part in ("api", "worker")]
    budgets = [_budget(service.name, part) for part in ("api", "worker")]
    return [address, *halves, *budgets, _by_work(site, service.name), _by_lag(site, service)]


def _environment(site: Site, service: Service, part: str) -> list[Document]:
    name, more = service.name, beyond(service.name)
    found = [value("KINERJA_HOST", "0.0.0.0"), value("KINERJA_PORT", HTTP), value("KINERJA_JWKS", KEYS)]
    found += [setting("KINERJA_ISSUERS"), setting("OTEL_EXPORTER_OTLP_ENDPOINT", optional=True)]
    found += database(site, name, part)
    if needs_nats(service, part):
        found += nats(name)
    found += [secret(variable, of) for variable, of in more.secrets.items()]
    found += [setting(variable, optional=True) for variable in more.settings]
    if part == "api":
        if more.for_people:
            others = ",".join(f"{other}=http://{other}" for other in asked(name, part))
            found += [value("KINERJA_PORTAL_KEY_FILE", PORTAL_KEY), value("KINERJA_SERVICES", others)]
        return [*found, value("KINERJA_DRAIN_SECONDS", DRAIN_SECONDS)]
    if more.mail:
        found += [setting("KINERJA_SMTP_HOST"), value("KINERJA_SMTP_PORT", site.mail_port)]
        found.append(setting("KINERJA_MAIL_FROM"))
    if more.services:
        found += [value(f"KINERJA_{other.upper()}_URL", f"http://{other}") for other in more.services]
        found.append(value("KINERJA_SYSTEM_TOKEN_FILE", TOKEN))
    return found


def _deployment(site: Site, service: Service, part: str) -> Document:
    """The API or the worker. How many is said by what scales it, so that a new version does not set it back."""
    name, size = service.name, _pods(site, part)
    container: Document = {
        "image": site.image(name),
        "args": ["--only", part],
        "ports": [{"name": "http", "containerPort": HTTP}],
        "env": _environment(site, service, part),
        "resources": {"requests": {"cpu": size.cpu, "memory": size.memory}, "limits": {"memory": size.memory}},
        **_probes(),
    }
    selector = {"matchLabels": labels(name, part)}
    spread = [
        {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": selector}
        for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    ]
    own = {"api": ["portal"] * beyond(name).for_people, "worker": ["system"] * bool(beyond(name).services)}[part]
    wanted = ["postgres", "keys", *["nats"] * needs_nats(service, part), *own]
    seen = files(site, name, *wanted)
    timing = {"terminationGracePeriodSeconds": GRACE_SECONDS, "topologySpreadConstraints": spread}
    pod = template(name, part, container, seen, **timing)
    if not site.prometheus_operator:  # or a Prometheus that looks for both would ask twice
        scraped = {"prometheus.io/scrape": "true", "prometheus.io/port": str(HTTP), "prometheus.io/path": "/metrics"}
        pod["metadata"]["annotations"] = scraped
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(f"{name}-{part}", labels(name, part)),
        "spec": {
            "selector": selector,
            "progressDeadlineSeconds": 300,
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": pod,
        },
    }


def _pods(site: Site, part: str) -> Pods:
    return site.size.api if part == "api" else site.size.worker


def _probes() -> Document:
    def ask(path: str, **more: int) -> Document:
        return {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": 5, **more}

    return {
        "startupProbe": ask("/healthz", periodSeconds=2, failureThreshold=60),
        "livenessProbe": ask("/healthz", periodSeconds=10, failureThreshold=6),
        "readinessProbe": ask("/readyz", periodSeconds=3, failureThreshold=2),
    }


def _budget(service: str, part: str) -> Document:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(f"{service}-{part}"),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels(service, part)}},
    }


def _by_work(site: Site, service: str) -> Document:
    """As many APIs as their processors need."""
    least, most = site.size.api.replicas
    used = {"type": "Utilization", "averageUtilization": _BUSY_PERCENT}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(f"{service}-api"),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"{service}-api"},
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": used}}],
        },
    }


def _by_lag(site: Site, service: Service) -> Document:
    """As many workers as what waits for them needs; those of a service that hears nobody, as their processors need.

    The endpoint is the headless address: the scaler asks each node by its name before it.
    """
    least, most = site.size.worker.replicas
    endpoint = f"nats-headless.{site.namespace}.svc:{MONITOR}"
    triggers: list[Document] = [
        {
            "type": "nats-jetstream",
            "metadata": {
                "natsServerMonitoringEndpoint": endpoint,
                "account": ACCOUNT,
                "stream": subscription.stream,
                "consumer": subscription.durable,
                "lagThreshold": str(site.size.lag_per_worker),
            },
        }
        for subscription in service.subscriptions
    ]
    by_work = {"type": "cpu", "metricType": "Utilization", "metadata": {"value": str(_BUSY_PERCENT)}}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": metadata(f"{service.name}-worker"),
        "spec": {
            "scaleTargetRef": {"name": f"{service.name}-worker"},
            "minReplicaCount": least,
            "maxReplicaCount": most,
            "pollingInterval": 15,
            "cooldownPeriod": 300,
            "triggers": triggers or [by_work],
        },
    }
