"""Who must know: notices in the inbox and by mail."""

from services.notification.hears_activity import handlers as activity
from services.notification.hears_appraisal import handlers as appraisal
from services.notification.hears_directory import handlers as directory
from services.notification.hears_training import handlers as training
from services.notification.notice.owed import RETRY_SECONDS, settle_everywhere
from services.notification.notice.sender import send_mail
from shared.runtime import Job, Service

SERVICE = Service(
    name="notification",
    title="Kinerja: notification",
    subscriptions=[directory.PEOPLE, activity.NOTICES, activity.WAITING, appraisal.NOTICES, training.NOTICES],
    jobs=[Job("mail", 1.0, send_mail), Job("owed", RETRY_SECONDS, settle_everywhere)],
)
