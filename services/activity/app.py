"""What the activity service is made of."""

from services.activity.entry import api as entries
from services.activity.entry import verification_api as verification
from services.activity.entry.slice import ENTRY
from services.activity.hears_appraisal.handlers import PLANS
from services.activity.hears_directory.handlers import PEOPLE
from shared.runtime import Service

SERVICE = Service(
    name="activity",
    title="Kinerja: activity",
    routers=[entries.router, verification.router],
    slices=[ENTRY],
    subscriptions=[PEOPLE, PLANS],
)
