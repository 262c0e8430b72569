"""What the training service is made of."""

from services.training.competency.api import router as competencies
from services.training.competency.slice import COMPETENCY
from services.training.course.api import router as courses
from services.training.development_plan.api import router as development_plans
from services.training.development_plan.slice import DEVELOPMENT_PLAN
from services.training.enrolment.api import router as enrolments
from services.training.enrolment.slice import ENROLMENT
from services.training.hears_appraisal.handlers import GAPS
from services.training.learning_hours.api import router as learning_hours
from services.training.need.api import router as needs
from services.training.need.proof import prove_needs
from services.training.wording import TITLES
from shared.people.erasure import erasure
from shared.people.hear import directory_subscription
from shared.runtime import Service

_ABOUT = """
SELECT id FROM development_plan WHERE instansi = $1 AND employee = $2
UNION ALL SELECT id FROM enrolment WHERE instansi = $1 AND employee = $2
UNION ALL SELECT id FROM competency WHERE instansi = $1 AND employee = $2
"""

SERVICE = Service(
    name="training",
    title="Pelatihan dan pengembangan kompetensi",
    routers=[courses, needs, development_plans, enrolments, competencies, learning_hours, erasure(_ABOUT)],
    slices=[DEVELOPMENT_PLAN, ENROLMENT, COMPETENCY],
    subscriptions=[directory_subscription("training"), GAPS],
    proofs=[prove_needs],
    titles=TITLES,
)
