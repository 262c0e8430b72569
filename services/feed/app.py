"""For systems that cannot speak NATS: events to pull, and webhooks that push them."""

from services.feed.grant import api as grants
from services.feed.hears_directory.handlers import AGENCIES
from services.feed.pull import api as events
from services.feed.wording import TITLES
from shared.runtime import Service

SERVICE = Service(
    name="feed",
    title="Aliran peristiwa untuk sistem lain",
    routers=[events.router, grants.router],
    subscriptions=[AGENCIES],
    titles=TITLES,
    reads_road=True,
)
