"""What people see: pages over what the other services know and do."""

from services.portal.account import api as accounts
from services.portal.account.retention import forget
from services.portal.hears_activity.handlers import ENTRIES
from services.portal.hears_directory.handlers import PEOPLE
from services.portal.live.hears import HEARS
from services.portal.site import site
from services.portal.wording import TITLES
from shared.runtime import Job, Service

SERVICE = Service(
    name="portal",
    title="Portal Kinerja",
    routers=[accounts.router],
    site=site,
    subscriptions=[PEOPLE, ENTRIES, *HEARS],
    jobs=[Job("retention", 3_600, forget)],
    titles=TITLES,
)
