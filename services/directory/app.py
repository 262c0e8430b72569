"""What the directory service is made of."""

from services.directory.assignment.api import router as assignments
from services.directory.catalogue.api import router as catalogue
from services.directory.employee.api import router as employees
from services.directory.instansi.api import router as instansi
from services.directory.instansi.queries import announce_due_rules
from services.directory.lookup.api import router as lookup
from services.directory.proof import published_is_recorded
from services.directory.reorganisation.api import router as reorganisation
from services.directory.roster.api import router as roster
from services.directory.wording import TITLES
from shared.runtime import Job, Service

SERVICE = Service(
    name="directory",
    title="Kinerja: direktori pegawai",
    routers=[instansi, catalogue, lookup, employees, assignments, roster, reorganisation],
    jobs=[Job("rules-in-force", 60, announce_due_rules)],
    proofs=[published_is_recorded],
    titles=TITLES,
)
