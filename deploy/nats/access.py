"""Who may do what: accounts and users with least rights, the same on this machine, in containers and in a cluster.

Services share one account and are told apart by permissions. Whoever reads from outside has an account of its own and
reaches a few subjects of ours through it. Permissions alone would not hold: a reply is sent by the server itself, to
any subject that the request names, and so a right to ask is a right to publish within the account.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.nats.description import Subscriber
from shared.messaging.streams import OUTSIDE

ADMIN = "admin"
READER = "reader"
SYSTEM = "sys"
RESERVED = (ADMIN, READER, SYSTEM)
#: As which the nodes of a cluster know one another.
NODE = "node"
ACCOUNT = "KINERJA"

#: With which whoever is outside asks of streams, where others say `$JS.API`.
PREFIX = "KINERJA.API"

#: Requests and acknowledgements are small. What is delivered is not held against it.
_PAYLOAD = 16 * 1024
_SUBSCRIPTIONS = 50
#: The longest, in seconds, that a request for messages may wait for some.
MOST_PATIENCE = 30
#: Requests that are answered more than once. The server remembers each for this long: without an end, for as long as
#: somebody listens for the answers.
_MANY = {"response_type": "stream", "response_threshold": "40s"}


@dataclass(frozen=True)
class Inside:
    """A service: its durables and the stream of each, and the streams that it reads by sequence.

    Its own is never among these: an answer goes wherever the question says, so that it could say anything in the name of
    others. What others said is theirs under whatever subject, and believed under no other than its own.
    """

    durables: Mapping[str, str]
    reads: Sequence[str] = ()


def access(
    services: Mapping[str, Inside], subscribers: Mapping[str, Subscriber], password: Callable[[str], str]
) -> dict[str, Any]:
    """The part of a server's configuration that says who may do what; `password` is asked for each user."""
    inside = [{"user": ADMIN, "password": password(ADMIN)}]
    inside += [service_user(name, password(name), service) for name, service in services.items()]
    exports: list[dict[str, Any]] = []
    accounts: dict[str, Any] = {}
    outside = {READER: (_reader_exports(), 1000)}
    outside |= {name: (_subscriber_exports(name, each), each.connections) for name, each in subscribers.items()}
    for name, (given, connections) in outside.items():
        account = account_of(name)
        exports += [export | {"accounts": [account]} for export in given]
        accounts[account] = _account(name, password(name), [export["service"] for export in given], connections)
    return {
        "system_account": SYSTEM.upper(),
        "accounts": {
            SYSTEM.upper(): {"users": [{"user": SYSTEM, "password": password(SYSTEM)}]},
            ACCOUNT: {"jetstream": "enabled", "users": inside, "exports": exports},
            **accounts,
        },
    }


def users(services: Sequence[str], subscribers: Sequence[str]) -> list[str]:
    """Everybody who needs a password."""
    return [*RESERVED, *services, *subscribers]


def account_of(name: str) -> str:
    """The account of a subscriber, or of the reader."""
    return f"OUTSIDE-{name}".upper()


def durable_of(name: str) -> str:
    """The durable of a subscriber, of this name on each stream that it is granted."""
    return OUTSIDE + name


def service_user(service: str, password: str, rights: Inside) -> dict[str, Any]:
    """May publish its own messages and see who is behind with them, and fetch and acknowledge on its durables."""
    publish = [f"kinerja.*.{service}.>"]
    own = service.upper()
    publish += [f"$JS.API.STREAM.INFO.{own}", f"$JS.API.CONSUMER.LIST.{own}", f"$JS.API.CONSUMER.INFO.{own}.*"]
    for stream in rights.reads:
        publish += [f"$JS.API.STREAM.INFO.{stream}", f"$JS.API.DIRECT.GET.{stream}"]
    for durable, stream in rights.durables.items():
        publish += [
            f"$JS.API.CONSUMER.INFO.{stream}.{durable}",
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
            f"$JS.ACK.{stream}.{durable}.>",
            f"$JS.ACK.*.*.{stream}.{durable}.>",
        ]
    return _user(service, password, publish, f"_INBOX_{service}.>")


def _reader_exports() -> list[dict[str, Any]]:
    """May read every message by its sequence, look at streams and durables, and change nothing."""
    return [
        {"service": "$JS.API.DIRECT.GET.*", **_MANY},
        {"service": "$JS.API.STREAM.INFO.*"},
        {"service": "$JS.API.CONSUMER.INFO.*.*"},
    ]


def _subscriber_exports(name: str, subscriber: Subscriber) -> list[dict[str, Any]]:
    """May fetch and acknowledge on its durables and look at them."""
    durable, services = durable_of(name), []
    for stream in subscriber.subjects():
        services += [
            {"service": f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}", **_MANY},
            {"service": f"$JS.API.CONSUMER.INFO.{stream}.{durable}"},
            {"service": f"$JS.ACK.{stream}.{durable}.>"},
        ]
    return services


def _account(name: str, password: str, services: Sequence[str], connections: int) -> dict[str, Any]:
    return {
        "users": [_user(name, password, [_seen(each) for each in services], "_INBOX.>", f"_INBOX_{name}.>")],
        "limits": {"max_connections": connections, "max_subscriptions": _SUBSCRIPTIONS, "max_payload": _PAYLOAD},
        "imports": [{"service": {"account": ACCOUNT, "subject": each}, "to": _seen(each)} for each in services],
    }


def _seen(subject: str) -> str:
    """What a subject of ours is called outside: an account answers to `$JS.API` itself, that it has no streams."""
    return subject.replace("$JS.API", PREFIX)


def _user(name: str, password: str, publish: Sequence[str], *inboxes: str) -> dict[str, Any]:
    permissions = {"publish": {"allow": list(publish)}, "subscribe": {"allow": list(inboxes)}}
    return {"user": name, "password": password, "permissions": permissions}
