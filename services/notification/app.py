"""Who must know: notices in the inbox and by mail."""

from services.notification.hears_activity import handlers as activity
from services.notification.hears_appraisal import handlers as appraisal
from services.notification.hears_directory import handlers as directory
from services.notification.hears_feed import handlers as feed
from services.notification.hears_training import handlers as training
from services.notification.notice import api as notices
from services.notification.notice.owed import settle_everywhere
from services.notification.notice.proof import prove_notices
from services.notification.notice.retention import forget_notices
from services.notification.notice.sender import send_mail
from services.notification.notice.summary import summarise
from services.notification.now import NOW
from services.notification.preference import api as preferences
from shared.runtime import Job, Service

SERVICE = Service(
    name="notification",
    title="Kinerja: notification",
    routers=[notices.router, preferences.router],
    subscriptions=[
        directory.PEOPLE,
        activity.NOTICES,
        activity.WAITING,
        appraisal.NOTICES,
        training.NOTICES,
        feed.NOTICES,
    ],
    jobs=[
        Job("mail", 1.0, send_mail),
        Job("owed", 30.0, settle_everywhere),
        Job("summary", 20.0, summarise),
        Job("retention", 86_400, forget_notices),
    ],
    proofs=[prove_notices],
    figures=NOW,
)
