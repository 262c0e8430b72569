"""Webhooks that were stopped: whoever made them is told."""

from services.notification.notice.hear import tell
from shared.contracts.feed import WebhookChanged
from shared.messaging.streams import Subscription

NOTICES = Subscription(durable="notification--feed--notices", messages=(WebhookChanged,), handle=tell, kind="event")
