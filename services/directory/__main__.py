"""python -m services.directory"""

from services.directory.app import SERVICE
from shared.runtime import main

main(SERVICE)
