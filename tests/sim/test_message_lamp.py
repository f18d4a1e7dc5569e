"""The message lamp (MWI): counts by every name of the own mailbox, and for phones that do not subscribe (VM-3)."""

from __future__ import annotations

import msgspec
import pytest
from lamp_world import MESSAGES, LampWorld
from test_lamp_kinds import coded, grouped
from test_lamps import company
from world import DOMAIN, sample_rows

from kiestoon.company.model import CompanyRows


@pytest.mark.parametrize("name", ["", "carla", "103", "1233"])
def test_the_message_lamp_counts_by_any_name_of_the_own_mailbox(name: str) -> None:
    world = LampWorld(rows=coded())
    world.counts["103"] = (2, 5, 1, 0)
    lamp = world.watcher("carla", "192.0.2.3").watch(name, MESSAGES)
    assert lamp.status == 200
    assert lamp.text == (f"Messages-Waiting: yes\r\nMessage-Account: sip:1233@{DOMAIN}\r\nVoice-Message: 2/5 (1/0)\r\n")
    world.counts["103"] = (0, 7, 0, 1)
    world.lamps.mailbox_changed(1, "103", world.network.now)
    world.run()
    assert "Messages-Waiting: no" in lamp.text
    assert "0/7 (0/1)" in lamp.text
    assert len(lamp.notifies) == 2


def test_other_peoples_mailboxes_are_nobodys_business() -> None:
    world = LampWorld(rows=grouped())
    carla = world.watcher("carla", "192.0.2.3")
    assert carla.watch("102", MESSAGES).status == 403
    assert carla.watch("999", MESSAGES).status == 404
    assert carla.watch("300", MESSAGES).status == 200  # her group's
    assert world.watcher("anna", "192.0.2.1").watch("300", MESSAGES).status == 403


def test_the_code_of_group_voicemail_is_the_box_of_the_group_one_is_in() -> None:
    world = LampWorld(rows=msgspec.structs.replace(grouped(), feature_codes=coded().feature_codes))
    world.counts.update({"103": (1, 0, 0, 0), "300": (2, 0, 0, 0)})
    assert "2/0" in world.watcher("carla", "192.0.2.3").watch("920", MESSAGES).text
    assert world.watcher("anna", "192.0.2.1").watch("920", MESSAGES).status == 404


def test_a_phone_on_which_somebody_else_logs_in_shows_that_persons_messages() -> None:
    rows = sample_rows()
    world = LampWorld(rows=rows)
    world.counts.update({"103": (1, 0, 0, 0), "102": (4, 0, 0, 0)})
    lamp = world.watcher("carla", "192.0.2.3").watch("carla", MESSAGES)

    def logged_in(user_id: int | None) -> CompanyRows:
        devices = tuple(
            msgspec.structs.replace(d, user_id=user_id) if d.username == "carla" else d for d in rows.devices
        )
        return msgspec.structs.replace(rows, devices=devices)

    assert "1/0" in lamp.text
    world.change(logged_in(None))
    assert "Messages-Waiting: no" in lamp.text
    world.change(logged_in(2))
    assert "4/0" in lamp.text


def test_phones_that_do_not_subscribe_are_told_where_the_company_wants_it() -> None:
    world = LampWorld(rows=company(sample_rows(), unsolicited_mwi=True))
    world.counts["103"] = (3, 0, 0, 0)
    carla, anna = world.watcher("carla", "192.0.2.3"), world.watcher("anna", "192.0.2.1")
    assert "3/0" in carla.unsolicited[0]
    carla.register()
    world.run()
    assert len(carla.unsolicited) == 1  # once for each new registration
    world.counts["103"] = (0, 3, 0, 0)
    world.lamps.mailbox_changed(1, "103", world.network.now)
    world.run()
    assert "0/3" in carla.unsolicited[-1]
    assert len(anna.unsolicited) == 1


def test_phones_that_subscribe_are_not_told_twice_and_others_not_at_all() -> None:
    world = LampWorld(rows=company(sample_rows(), unsolicited_mwi=True))
    carla = world.watcher("carla", "192.0.2.3")
    carla.watch("carla", MESSAGES)
    before = len(carla.unsolicited)
    world.lamps.mailbox_changed(1, "103", world.network.now)
    world.run()
    assert len(carla.unsolicited) == before
    world = LampWorld()
    quiet = world.watcher("carla", "192.0.2.3")
    world.lamps.mailbox_changed(1, "103", world.network.now)
    world.run()
    assert quiet.unsolicited == []


def test_a_phone_that_does_not_subscribe_is_told_when_somebody_logs_in_and_out_on_it() -> None:
    def used_by(guest: int | None) -> CompanyRows:
        rows = company(sample_rows(), unsolicited_mwi=True)
        first, *others = rows.devices
        desk = msgspec.structs.replace(first, user_id=None, logged_in_user_id=guest)
        return msgspec.structs.replace(rows, devices=(desk, *others))

    world = LampWorld(rows=used_by(None))
    world.counts["102"], world.counts["103"] = (2, 0, 0, 0), (3, 0, 0, 0)
    desk, carla = world.watcher("anna", "192.0.2.1"), world.watcher("carla", "192.0.2.3")
    assert desk.unsolicited == []
    for guest, counts in ((2, "2/0"), (3, "3/0"), (None, "0/0")):
        before = len(desk.unsolicited), len(carla.unsolicited)
        world.change(used_by(guest))
        world.run()
        assert (len(desk.unsolicited), len(carla.unsolicited)) == (before[0] + 1, before[1])
        assert counts in desk.unsolicited[-1]
