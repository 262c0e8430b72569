"""What the training service is made of."""

from services.training.competency.slice import COMPETENCY
from services.training.development_plan.slice import DEVELOPMENT_PLAN
from services.training.enrolment.slice import ENROLMENT
from services.training.hears_appraisal.handlers import GAPS
from shared.people.hear import directory_subscription
from shared.runtime import Service

SERVICE = Service(
    name="training",
    title="Pelatihan dan pengembangan kompetensi",
    slices=[DEVELOPMENT_PLAN, ENROLMENT, COMPETENCY],
    subscriptions=[directory_subscription("training"), GAPS],
)
