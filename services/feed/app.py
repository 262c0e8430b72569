"""For systems that cannot speak NATS: events to pull, and webhooks that push them."""

from services.feed.grant import api as grants
from services.feed.hears_directory.handlers import AGENCIES
from services.feed.pull import api as events
from services.feed.webhook import api as webhooks
from services.feed.webhook.courier import deliver
from services.feed.webhook.retention import forget_deliveries
from services.feed.wording import TITLES
from shared.runtime import Job, Service

SERVICE = Service(
    name="feed",
    title="Aliran peristiwa untuk sistem lain",
    routers=[events.router, grants.router, webhooks.router],
    subscriptions=[AGENCIES],
    jobs=[Job("webhooks", 1.0, deliver), Job("retention", 3_600, forget_deliveries)],
    titles=TITLES,
    reads_road=True,
)
