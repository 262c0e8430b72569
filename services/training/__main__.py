"""`python -m services.training`: the service as a process."""

from services.training.app import SERVICE
from shared.runtime import main

main(SERVICE)
