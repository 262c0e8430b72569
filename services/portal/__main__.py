"""`python -m services.portal`."""

from services.portal.app import SERVICE
from shared.runtime import main

main(SERVICE)
