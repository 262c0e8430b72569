"""Plans, scores, ratings, reviews and gaps: whoever they concern is told."""

from typing import get_args

from services.notification.notice.hear import tell
from services.notification.notice.rules import AppraisalFact
from shared.messaging.streams import Subscription

NOTICES = Subscription(
    durable="notification--appraisal--notices", messages=get_args(AppraisalFact), handle=tell, kind="event"
)
