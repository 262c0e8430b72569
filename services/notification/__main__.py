"""`python -m services.notification`."""

from services.notification.app import SERVICE
from shared.runtime import main

main(SERVICE)
