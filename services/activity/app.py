"""What the activity service is made of."""

from services.activity import figures
from services.activity.entry import api as entries
from services.activity.entry import queue_api as queue
from services.activity.entry import reading_api as reading
from services.activity.entry import verification_api as verification
from services.activity.entry.slice import ENTRY
from services.activity.hears_appraisal.handlers import PLANS
from services.activity.hears_directory.handlers import PEOPLE
from services.activity.now import NOW
from services.activity.period import api as periods
from services.activity.period.sealing import SEALING, prove_seals
from services.activity.service_record import api as service_records
from services.activity.service_record.slice import SERVICE_RECORD
from services.activity.survey import api as surveys
from services.activity.survey.intake import prove_satisfaction
from services.activity.wording import TITLES
from shared.people.erasure import erasure
from shared.runtime import Service

SERVICE = Service(
    name="activity",
    title="Kinerja: activity",
    routers=[
        entries.router,
        reading.router,
        verification.router,
        queue.router,
        periods.router,
        service_records.router,
        surveys.router,
        figures.router,
        erasure("SELECT id FROM entry WHERE instansi = $1 AND employee = $2"),
    ],
    slices=[ENTRY, SERVICE_RECORD],
    subscriptions=[PEOPLE, PLANS],
    jobs=[SEALING],
    proofs=[prove_seals, prove_satisfaction],
    titles=TITLES,
    figures=NOW,
)
