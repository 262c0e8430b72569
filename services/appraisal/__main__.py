"""`python -m services.appraisal [--only api|worker]`."""

from services.appraisal.app import SERVICE
from shared.runtime import main

main(SERVICE)
