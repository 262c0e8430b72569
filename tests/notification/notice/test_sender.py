"""The sender against a real mail server: whatever breaks, each mail notice is sent, and looks like one mail."""

import pytest

from tests.notification import world
from tests.notification.conftest import Notification, Posting
from tests.notification.world import RINA, SITI


@pytest.mark.usefixtures("contacts")
async def test_a_proposed_development_plan_is_mailed_to_the_employee_and_to_who_approves(
    service: Notification, posting: Posting
) -> None:
    await service.hear(world.development_plan())
    assert await service.notices() == {
        (SITI, "inbox", "development-plan.proposed"),
        (SITI, "mail", "development-plan.proposed"),
        (RINA, "inbox", "development-plan.proposed.superior"),
        (RINA, "mail", "development-plan.proposed.superior"),
    }
    await posting.sender.run(service.worker)
    assert sorted(posting.mail.told()) == [
        ("Rina Lubis <rina@medan.example>", "Rencana pengembangan 2026 menunggu persetujuan Anda"),
        ("Siti Aminah <siti@medan.example>", "Rencana pengembangan 2026 untuk Anda sudah diusulkan"),
    ]
    [to_rina] = [mail for mail in posting.mail.mails if "rina" in str(mail["To"])]
    assert "Siti Aminah menunggu persetujuan Anda: Komunikasi." in to_rina.get_content()
    assert to_rina.get_content().startswith("Yth. Bapak/Ibu Rina Lubis,\r\n\r\n")
    assert posting.mail.connections == 1
