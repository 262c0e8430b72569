"""What the appraisal service is made of."""

from services.appraisal.competency import api as competencies
from services.appraisal.hears_activity.handlers import ENTRIES, SATISFACTION, SEALS, SERVICE_RECORDS
from services.appraisal.hears_directory.handlers import PEOPLE
from services.appraisal.hears_training.handlers import CONFIRMED
from services.appraisal.now import NOW
from services.appraisal.period import api as periods
from services.appraisal.period.close import close_periods
from services.appraisal.plan import api as plans
from services.appraisal.plan import reading_api as plan_reading
from services.appraisal.plan.slice import PLAN
from services.appraisal.proof import prove_reviews
from services.appraisal.review import api as reviews
from services.appraisal.review import unplaced
from services.appraisal.review.opening import at_each_day
from services.appraisal.review.slice import REVIEW
from services.appraisal.wording import TITLES
from shared.people.erasure import erasure
from shared.runtime import Job, Service

_ABOUT = """
SELECT id FROM plan WHERE instansi = $1 AND employee = $2
UNION ALL SELECT id FROM review WHERE instansi = $1 AND employee = $2
"""

SERVICE = Service(
    name="appraisal",
    title="Appraisal: what work is worth",
    routers=[
        plans.router,
        plan_reading.router,
        reviews.router,
        unplaced.router,
        periods.router,
        competencies.router,
        erasure(_ABOUT),
    ],
    slices=[PLAN, REVIEW],
    subscriptions=[PEOPLE, ENTRIES, SERVICE_RECORDS, SATISFACTION, SEALS, CONFIRMED],
    jobs=[Job("open-reviews", 30, at_each_day), Job("close-periods", 1, close_periods)],
    proofs=[prove_reviews],
    titles=TITLES,
    figures=NOW,
)
