"""`python -m services.activity [--only api|worker]`."""

from services.activity.app import SERVICE
from shared.runtime import main

main(SERVICE)
