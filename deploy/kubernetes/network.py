"""Who may speak with whom. Everything is closed; each connection that is needed is opened at both of its ends."""

from collections.abc import Sequence

from deploy.kubernetes.service import asked, beyond, needs_nats
from deploy.kubernetes.site import HTTP, MONITOR, NATS, POSTGRES, Document, Site, labels, metadata
from shared.runtime import Service

_ROUTES = 6222
_INSTANCE = 8000  # where PostgreSQL's operator asks an instance how it is
_EXPORTER = 9187
_TRACES = 4318
#: The API of Kubernetes, and object storage for backups.
_MANAGEMENT = (443, 6443)
_NATS_PODS = {"app.kubernetes.io/name": "nats"}


def network(site: Site, services: Sequence[Service]) -> list[Document]:
    """Every policy of the namespace."""
    closed = _policy("closed", {}, [], [])
    names = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    dns = {"to": [names], "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]}
    found = [closed, _policy("dns", {}, None, [dns])]
    for service in services:
        found += [_api(site, service, services), _worker(site, service), *_steps(site, service.name)]
    servers = sorted({site.server(service.name) for service in services})
    return [*found, *(_postgres(site, server, services) for server in servers), _nats(site, services)]


def _api(site: Site, service: Service, services: Sequence[Service]) -> Document:
    askers = [
        _pods(labels(each.name, part))
        for each in services
        for part in ("api", "worker")
        if service.name in asked(each.name, part)
    ]
    callers = [_namespace(site.ingress_namespace), _namespace(site.monitoring_namespace), *askers]
    traces = _to(_namespace(site.monitoring_namespace), _TRACES)
    reached = [_to(_database(site, service.name), POSTGRES), traces]
    if needs_nats(service, "api"):
        reached.append(_to(_pods(_NATS_PODS), NATS))
    reached += [_to(_pods(labels(other, "api")), HTTP) for other in asked(service.name, "api")]
    return _policy(f"{service.name}-api", labels(service.name, "api"), [_from(callers, HTTP)], reached)


def _worker(site: Site, service: Service) -> Document:
    more = beyond(service.name)
    reached = [_to(_database(site, service.name), POSTGRES), _to(_pods(_NATS_PODS), NATS)]
    reached.append(_to(_namespace(site.monitoring_namespace), _TRACES))
    reached += [_to(_pods(labels(other, "api")), HTTP) for other in asked(service.name, "worker")]
    if ports := [*more.ports, *([site.mail_port] if more.mail else [])]:
        reached.append(_to({"ipBlock": {"cidr": "0.0.0.0/0"}}, *ports))
    watched = [_from([_namespace(site.monitoring_namespace)], HTTP)]
    return _policy(f"{service.name}-worker", labels(service.name, "worker"), watched, reached)


def _steps(site: Site, service: str) -> list[Document]:
    return [
        _policy(f"{service}-migrate", labels(service, "migrate"), [], [_to(_database(site, service), POSTGRES)]),
        _policy(f"{service}-streams", labels(service, "streams"), [], [_to(_pods(_NATS_PODS), NATS)]),
    ]


def _postgres(site: Site, server: str, services: Sequence[Service]) -> Document:
    own = _pods({"cnpg.io/cluster": server})
    users = [
        _pods(labels(each.name, part))
        for each in services
        if site.server(each.name) == server
        for part in ("api", "worker", "migrate")
    ]
    allowed = [
        _from(users, POSTGRES),
        _from([own, _namespace(site.operator_namespace)], POSTGRES, _INSTANCE),
        _from([_namespace(site.monitoring_namespace)], _EXPORTER),
    ]
    reached = [_to(own, POSTGRES, _INSTANCE), _to({"ipBlock": {"cidr": "0.0.0.0/0"}}, *_MANAGEMENT)]
    return _policy(server, {"cnpg.io/cluster": server}, allowed, reached)


def _nats(site: Site, services: Sequence[Service]) -> Document:
    users = [
        _pods(labels(each.name, part))
        for each in services
        for part in ("api", "worker", "streams")
        if part == "streams" or needs_nats(each, part)
    ]
    if site.subscribers:  # who listens from outside comes in where requests do
        users.append(_namespace(site.ingress_namespace))
    allowed = [
        _from(users, NATS),
        _from([_pods(_NATS_PODS)], _ROUTES),
        _from([_namespace(site.keda_namespace), _namespace(site.monitoring_namespace)], MONITOR),
    ]
    return _policy("nats", _NATS_PODS, allowed, [_to(_pods(_NATS_PODS), _ROUTES)])


def _policy(name: str, pods: Document, ingress: list[Document] | None, egress: list[Document]) -> Document:
    """For the pods with these labels. An empty list closes a direction, None says nothing about it."""
    said: Document = {} if ingress is None else {"ingress": ingress}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(name),
        "spec": {
            "podSelector": {"matchLabels": pods} if pods else {},
            "policyTypes": ["Egress"] if ingress is None else ["Ingress", "Egress"],
            **said,
            "egress": egress,
        },
    }


def _pods(wanted: Document | dict[str, str]) -> Document:
    return {"podSelector": {"matchLabels": wanted}}


def _namespace(name: str) -> Document:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _database(site: Site, service: str) -> Document:
    return _pods({"cnpg.io/cluster": site.server(service)})


def _from(peers: list[Document], *ports: int) -> Document:
    return {"from": peers, "ports": _ports(ports)}


def _to(peer: Document, *ports: int) -> Document:
    return {"to": [peer], "ports": _ports(ports)}


def _ports(ports: Sequence[int]) -> list[Document]:
    return [{"protocol": "TCP", "port": port} for port in ports]
