"""What the control process' telephony takes from the configuration."""

from __future__ import annotations

from kiestoon.app.telephony import emergency_users
from kiestoon.company.directory import Directory
from kiestoon.company.model import Company, CompanyRows, Device
from kiestoon.net.overload import OverloadGate


def rows(company_id: int, **more: str) -> Company:
    return Company(id=company_id, name=f"c{company_id}", domain=f"c{company_id}.example", **more)  # type: ignore[arg-type]  # all texts


def test_every_companys_emergency_numbers_pass_with_and_without_its_access_code() -> None:
    abroad = Device(id=1, company_id=1, username="d", secret="s" * 16, country="GB")
    directory = Directory(
        [CompanyRows(company=rows(1), devices=(abroad,)), CompanyRows(company=rows(2, country="US", access_code="9"))]
    )
    users = emergency_users(directory)
    assert {"112", "0112", "+112", "+31112", "911", "9911", "999", "0999", "sos"} <= users
    assert not {"+0112", "100", "0101", "0", ""} & users


def test_without_companies_the_common_number_passes() -> None:
    assert {"112", "sos"} <= emergency_users(Directory([]))


def test_a_closed_gate_lets_help_be_called_behind_the_access_code() -> None:
    gate = OverloadGate(b"key", emergency_users(Directory([CompanyRows(company=rows(1))])), interval_s=1000)
    gate.sample(0.0, 1.0)
    gate.rate, gate._tokens = 1e-9, 0.0

    def invite(user: str) -> bytes:
        return (
            f"INVITE sip:{user}@c1.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bK{user}\r\n"
            f"From: <sip:a@c1.example>;tag=1\r\nTo: <sip:{user}@c1.example>\r\n"
            f"Call-ID: {user}\r\nCSeq: 1 INVITE\r\n\r\n"
        ).encode()

    assert gate.screen(invite("101"), ("192.0.2.5", 5060), 1.0) is not None
    assert gate.screen(invite("0112"), ("192.0.2.5", 5060), 1.0) is None
