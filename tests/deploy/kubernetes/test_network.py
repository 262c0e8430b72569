"""The policies, read as a cluster reads them, open each connection that is needed and no other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.nats.description import Subscriber
from deploy.services import service_names
from tests.deploy.kubernetes.conftest import Document, Rendered, rendered

Connection = tuple[str, str, int]
#: Whatever a process of this system, or of its cluster, listens on; and two that nobody does.
_PORTS = (22, 25, 53, 80, 443, 587, 4222, 4318, 5432, 6222, 6443, 8000, 8222, 9187)


@dataclass(frozen=True)
class Peer:
    """A pod with labels in a namespace, or an address outside the cluster."""

    name: str
    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()


def _pod(name: str, namespace: str = "kinerja", **labels: str) -> Peer:
    return Peer(name, namespace, tuple(labels.items()))


def peers(manifests: Rendered) -> list[Peer]:
    """Everybody there is: our pods, the servers', those of others, a stranger in our namespace and one outside."""
    ours = [
        Peer(name.removesuffix("-1-2-3"), "kinerja", tuple(template["metadata"]["labels"].items()))
        for name, template in manifests.templates().items()
    ]
    servers = [
        Peer(each["metadata"]["name"], "kinerja", (("cnpg.io/cluster", each["metadata"]["name"]),))
        for each in manifests.of("Cluster")
    ]
    nats = Peer("nats", "kinerja", (("app.kubernetes.io/name", "nats"),))
    others = [_pod(name, name) for name in ("ingress", "monitoring", "keda", "cnpg-system", "somebody-else")]
    names = Peer("dns", "kube-system", (("k8s-app", "kube-dns"),))
    return [*ours, *servers, nats, *others, names, _pod("stranger", "kinerja", app="stranger"), Peer("outside")]


def _has(wanted: Document, labels: Mapping[str, str]) -> bool:
    return bool(wanted.get("matchLabels", {}).items() <= labels.items())


def _is_meant(rule: Document, peer: Peer) -> bool:
    if "ipBlock" in rule:
        assert rule["ipBlock"] == {"cidr": "0.0.0.0/0"}
        return True  # pods have addresses too
    here = {"kubernetes.io/metadata.name": peer.namespace}
    if not peer.namespace or not _has(
        rule.get("namespaceSelector", {"matchLabels": {"kubernetes.io/metadata.name": "kinerja"}}), here
    ):
        return False
    return _has(rule.get("podSelector", {}), dict(peer.labels))


def _allows(policies: list[Document], direction: str, owner: Peer, other: Peer, port: int) -> bool:
    """Whether a connection may pass at `owner`'s end. Where no policy speaks of a pod, everything may."""
    if owner.namespace != "kinerja":
        return True
    side = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}[direction]
    speaking = [
        each["spec"]
        for each in policies
        if direction in each["spec"]["policyTypes"] and _has(each["spec"]["podSelector"], dict(owner.labels))
    ]
    rules = [rule for spec in speaking for rule in spec.get(side[0], [])]
    return not speaking or any(
        port in [each["port"] for each in rule["ports"]] and any(_is_meant(peer, other) for peer in rule[side[1]])
        for rule in rules
    )


def connections(manifests: Rendered) -> Iterator[Connection]:
    """Every connection that passes at both ends and touches a pod of ours."""
    policies, everybody = manifests.of("NetworkPolicy"), peers(manifests)
    for one in everybody:
        for other in everybody:
            if "kinerja" not in (one.namespace, other.namespace):
                continue
            for port in _PORTS:
                if _allows(policies, "Egress", one, other, port) and _allows(policies, "Ingress", other, one, port):
                    yield one.name, other.name, port


def needed(server_of: Mapping[str, str]) -> set[Connection]:
    """By hand: what this system is made of."""
    found: set[Connection] = set()
    for name in service_names():
        for part in ("api", "worker", "migrate"):
            found.add((f"{name}-{part}", server_of[name], 5432))
        for part in ("worker", "streams"):
            found.add((f"{name}-{part}", "nats", 4222))
        found.add(("ingress", f"{name}-api", 8000))
        for part in ("api", "worker"):
            found.add(("monitoring", f"{name}-{part}", 8000))
            found.add((f"{name}-{part}", "monitoring", 4318))
    found |= {("feed-api", "nats", 4222), ("notification-worker", "directory-api", 8000)}
    found |= {("portal-api", f"{name}-api", 8000) for name in service_names() if name != "portal"}
    for server in set(server_of.values()):
        found |= {(server, server, 5432), (server, server, 8000), ("monitoring", server, 9187)}
        found |= {("cnpg-system", server, 5432), ("cnpg-system", server, 8000)}
    return found | {("nats", "nats", 6222), ("keda", "nats", 8222), ("monitoring", "nats", 8222)}


@pytest.mark.parametrize("size", ["kecil", "sedang"])
def test_each_needed_connection_within_the_cluster_is_open_and_no_other(size: str) -> None:
    manifests = rendered(size)
    server_of = {name: "postgres" if size == "kecil" else f"postgres-{name}" for name in service_names()}
    away = {"outside", "dns"}
    # To any address on a port means to pods of other namespaces too: they are not ours to close.
    anywhere = {"ingress", "monitoring", "keda", "cnpg-system", "somebody-else"}
    opened = {
        (one, other, port)
        for one, other, port in connections(manifests)
        if not {one, other} & away and not (other in anywhere and port in (443, 587, 6443))
    }
    assert opened == needed(server_of)


def test_only_names_are_asked_for_by_all_and_few_reach_the_world_on_few_ports() -> None:
    manifests = rendered("sedang")
    opened = set(connections(manifests))
    ours = {peer.name for peer in peers(manifests) if peer.namespace == "kinerja"}
    assert {(one, port) for one, other, port in opened if other == "dns" and port == 53} == {(one, 53) for one in ours}
    world = {(one, port) for one, other, port in opened if other == "outside"}
    servers = {f"postgres-{name}" for name in service_names()}
    assert world == {
        ("notification-worker", 587),
        ("feed-worker", 443),
        *((server, port) for server in servers for port in (443, 6443)),
    }
    assert not [one for one, other, port in opened if one == "outside"]


def test_a_stranger_in_the_namespace_reaches_nothing_and_nobody_reaches_it() -> None:
    touching = {found for found in connections(rendered("kecil")) if "stranger" in found[:2]}
    assert touching == {("stranger", "dns", 53)}


def test_who_listens_from_outside_reaches_nats_by_the_way_in_and_nothing_else_is_opened_for_them() -> None:
    payroll = Subscriber(instansi=["kota-medan"], types=["appraisal.review.closed.v1"])
    with_them = set(connections(Rendered("kecil", subscribers={"payroll": payroll})))
    assert with_them - set(connections(rendered("kecil"))) == {("ingress", "nats", 4222)}


def test_without_the_policy_that_closes_everything_the_test_would_see_it() -> None:
    class Opened(Rendered):
        def __init__(self) -> None:
            whole = rendered("kecil")
            self.documents: list[Any] = [each for each in whole.documents if each["metadata"]["name"] != "closed"]

    assert ("stranger", "outside", 443) not in set(connections(Opened()))  # `dns` speaks of its ways out
    assert ("somebody-else", "stranger", 22) in set(connections(Opened()))
