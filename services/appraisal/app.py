"""What the appraisal service is made of."""

from services.appraisal.hears_activity.handlers import ENTRIES, SATISFACTION, SEALS, SERVICE_RECORDS
from services.appraisal.hears_directory.handlers import PEOPLE
from services.appraisal.hears_training.handlers import CONFIRMED
from services.appraisal.plan.slice import PLAN
from services.appraisal.review.opening import at_each_day
from services.appraisal.review.slice import REVIEW
from shared.runtime import Job, Service

SERVICE = Service(
    name="appraisal",
    title="Appraisal: what work is worth",
    slices=[PLAN, REVIEW],
    subscriptions=[PEOPLE, ENTRIES, SERVICE_RECORDS, SATISFACTION, SEALS, CONFIRMED],
    jobs=[Job("open-reviews", 30, at_each_day)],
)
