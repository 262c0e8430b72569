"""`python -m services.feed`."""

from services.feed.app import SERVICE
from shared.runtime import main

main(SERVICE)
