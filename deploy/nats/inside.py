"""Who is inside: every service with what it hears."""

from deploy.nats.access import NODE, RESERVED, Inside
from deploy.services import load, service_names


def inside() -> dict[str, Inside]:
    """What each service needs to be allowed."""
    services = {name: load(name) for name in service_names()}

    def reads(reader: str) -> list[str]:
        return [name.upper() for name in services if name != reader] if services[reader].reads_road else []

    return {
        name: Inside({each.durable: each.stream for each in service.subscriptions}, reads(name))
        for name, service in services.items()
    }


def taken() -> list[str]:
    """The names that no subscriber can have."""
    return [*RESERVED, NODE, *service_names()]
