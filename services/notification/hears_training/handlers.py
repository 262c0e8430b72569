"""Development plans, enrolments and confirmed levels: whoever has to act or wants to know is told."""

from typing import get_args

from services.notification.notice.hear import tell
from services.notification.notice.rules import TrainingFact
from shared.messaging.streams import Subscription

NOTICES = Subscription(
    durable="notification--training--notices", messages=get_args(TrainingFact), handle=tell, kind="event"
)
