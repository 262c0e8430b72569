"""Who is who and who judges whom: kept as the directory tells it."""

from shared.people.hear import directory_subscription

PEOPLE = directory_subscription("activity")
