"""Services that are not assigned are refused; licences are counted for company and location (ORG-5, ORG-11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from organisation_house import House

from kiestoon.company import model as m
from kiestoon.company.profiles import SERVICES
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.rules import Peek
from kiestoon.store.rules.licences import misplaced_packs
from kiestoon.store.service_names import NAMES
from kiestoon.store.write import changing

TO = m.Destination("number", "0612345678")
BOX = m.Destination("voicemail")


@pytest.fixture
def house(database: Database, vault: Vault) -> Iterator[House]:
    with changing(database, vault, acting_user="test") as changes:
        yield House(changes)


def test_every_service_has_a_name_in_both_languages() -> None:
    assert NAMES.keys() == SERVICES.keys()


def ring_number(house: House, service: str) -> Any:
    return house.add(m.RingNumber, user_id=house.ann.id, service=service, position=1, to=TO)


Work = Callable[[House], Any]
USES: list[tuple[str, Work]] = [
    ("forwarding", lambda h: h.add(m.Forward, extension="101", case="busy", to=TO)),
    ("voicemail", lambda h: h.add(m.Forward, extension="101", case="always", voicemail=True)),
    ("voicemail", lambda h: h.add(m.Forward, extension="101", case="no_answer", to=BOX)),
    ("ring_reminder", lambda h: h.add(m.Forward, extension="101", case="always", to=TO, ring_reminder=True)),
    ("voicemail", lambda h: h.add(m.VoicemailBox, extension="101", longest_s=60)),
    ("selective_forwarding", lambda h: h.add(m.Forward, extension="101", case="selective", to=TO)),
    ("selective_rejection", lambda h: h.add(m.Rule, service="selective_reject", name="No", extension="101")),
    ("call_notification", lambda h: h.add(m.Rule, service="notification", name="Mail", extension="101")),
    ("forwarding", lambda h: h.add(m.StatusForward, user_id=h.ann.id, status="lunch", to=TO)),
    ("alternate_numbers", lambda h: h.add(m.AlternateNumber, user_id=h.ann.id, extension="191")),
    ("distinctive_ringing", lambda h: h.add(m.AlternateNumber, user_id=h.ann.id, extension="191", ring_pattern=2)),
    ("reach", lambda h: h.add(m.ReachProfile, user_id=h.ann.id, name="Usual")),
    ("roaming_status", lambda h: h.add(m.ReachOverride, user_id=h.ann.id, roaming=True)),
    ("simultaneous_ringing", lambda h: h.add(m.SimultaneousRinging, user_id=h.ann.id)),
    ("sequential_ringing", lambda h: h.add(m.SequentialRinging, user_id=h.ann.id)),
    ("remote_office", lambda h: h.add(m.RemoteOffice, user_id=h.ann.id, number="0612345678")),
    ("simultaneous_ringing", lambda h: ring_number(h, "simultaneous")),
    ("sequential_ringing", lambda h: ring_number(h, "sequential")),
    ("sequential_ringing", lambda h: h.add(m.Rule, service="sequential_ringing", name="All", extension="101")),
    ("do_not_disturb", lambda h: h.change(h.ann, do_not_disturb=True)),
    ("anonymous_rejection", lambda h: h.change(h.ann, reject_anonymous=True)),
    ("caller_id_withheld", lambda h: h.change(h.ann, hide_number=True)),
    ("call_policies", lambda h: h.change(h.ann, connected_privacy="all")),
    ("distinctive_ringing", lambda h: h.change(h.change(h.ann, distinctive_ringing=False), distinctive_ringing=True)),
]
"""What sets up a service for Ann."""


def test_setting_up_a_service_that_is_taken_away_is_refused_and_works_once_it_is_back(house: House) -> None:
    for service, use in USES:
        withheld = house.hand("101", service, assigned=False)
        assert house.refuses(lambda use=use: use(house)) == ["service_not_assigned"], service  # type: ignore[misc]
        back = house.change(withheld, assigned=True)
        used = house.changes.connection.begin_nested()
        use(house)
        used.rollback()
        house.changes.remove(back)


def test_a_service_in_a_pack_is_for_whom_the_pack_is_given_to(house: House) -> None:
    pack = house.pack("forwarding")
    forward = {"extension": "101", "case": "always", "to": TO}
    assert house.refuses(lambda: house.add(m.Forward, **forward)) == ["service_not_assigned"]
    given = house.give(pack, "101")
    row = house.add(m.Forward, **forward)
    house.changes.remove(given)
    assert house.refuses(lambda: house.change(row, rings=6)) == ["service_not_assigned"]
    house.changes.remove(house.change(row, active=False))  # switching off and removing are everybody's


def test_the_sentence_names_the_service_and_whose_it_is_not(house: House) -> None:
    house.hand("101", "forwarding", assigned=False)
    with pytest.raises(Exception, match="call forwarding is not assigned to user 'Ann'"):  # noqa: SIM117
        with house.changes.connection.begin_nested():
            house.add(m.Forward, extension="101", case="always", to=TO)


def test_a_person_may_keep_what_was_set_before_and_change_the_rest(house: House) -> None:
    ann = house.change(house.ann, do_not_disturb=True)
    house.hand("101", "do_not_disturb", assigned=False)
    ann = house.change(ann, name="Anne")
    ann = house.change(ann, do_not_disturb=False)
    assert house.refuses(lambda: house.change(ann, do_not_disturb=True)) == ["service_not_assigned"]


def test_what_a_profile_does_not_offer_is_refused_at_once(house: House) -> None:
    mobile = {"extension": "104", "name": "Dot", "profile": "mobile"}
    assert house.refuses(lambda: house.add(m.User, **mobile, do_not_disturb_reminder=True)) == ["not_for_profile"]
    dot = house.add(m.User, **mobile)
    assert house.refuses(lambda: house.add(m.AlternateNumber, user_id=dot.id, extension="194")) == ["not_for_profile"]
    assert house.refuses(lambda: house.hand("104", "alternate_numbers")) == ["not_for_profile"]
    assert house.refuses(lambda: house.give(house.pack("line_status"), "104")) == ["not_for_profile"]


def test_another_profile_must_suit_what_was_given(house: House) -> None:
    house.hand("101", "hot_desking")
    house.give(house.pack("line_status"), "101")
    assert house.refuses(lambda: house.change(house.ann, profile="mobile")) == ["not_for_profile"] * 2


def test_virtual_users_have_services_and_functions_act_by_themselves(house: House) -> None:
    house.add(m.Forward, extension="300", case="always", voicemail=True)
    reminded = {"case": "selective", "to": TO, "ring_reminder": True}
    assert house.refuses(lambda: house.add(m.Forward, extension="300", **reminded)) == ["not_for_virtual"]
    for values in ({"to": TO}, {"voicemail": True}):
        assert house.refuses(lambda values=values: house.add(m.Forward, extension="301", case="always", **values)) == [  # type: ignore[misc]
            "not_for_virtual"
        ]
    policies = house.hand("300", "call_policies", assigned=False)
    assert house.refuses(lambda: house.change(house.hunt, connected_privacy="all")) == ["service_not_assigned"]
    house.changes.remove(policies)
    house.change(house.hunt, connected_privacy="all")
    house.give(house.pack("voicemail", "reach"), "300")
    assert house.refuses(lambda: house.give(house.pack("reach"), "300")) == ["pack_for_nothing"]
    assert house.refuses(lambda: house.hand("300", "reach")) == ["not_for_virtual"]
    house.add(m.AlternateNumber, user_id=house.ann.id, extension="191")
    assert house.refuses(lambda: house.hand("191", "voicemail")) == ["no_services"]


# --- licences --------------------------------------------------------------------------------------------------------


def test_no_more_is_given_than_was_bought_and_no_less_bought_than_is_given(house: House) -> None:
    pack = house.pack("voicemail", licences=2)
    first, _ = house.give(pack, "101"), house.give(pack, "102")
    assert house.refuses(lambda: house.give(pack, "103")) == ["licences_used"]
    assert house.refuses(lambda: house.change(pack, licences=1)) == ["licences_below_use"]
    house.changes.remove(first)
    house.give(pack, "103")
    house.change(pack, licences=0)  # without limit


def test_a_pack_that_locations_have_is_given_there_only_and_as_often_as_they_may(house: House) -> None:
    pack = house.pack("voicemail", licences=3)
    assert house.refuses(lambda: house.place(pack, house.there, 4)) == ["more_than_bought"]
    house.place(pack, house.there, 1)
    assert house.refuses(lambda: house.give(pack, "101")) == ["pack_elsewhere"]
    assert house.refuses(lambda: house.give(pack, "103")) == ["pack_elsewhere"]
    house.give(pack, "102")
    house.add(m.User, extension="104", name="Dot", location_id=house.there.id)
    assert house.refuses(lambda: house.give(pack, "104")) == ["licences_used_at"]
    assert house.refuses(lambda: house.add(m.PackAssignment, pack_id=pack.id, extension="101", licences=2)) == [
        "licences_per_extension"
    ]


def test_what_a_location_may_use_is_not_less_than_it_uses_nor_than_the_company_has(house: House) -> None:
    pack = house.pack("voicemail", licences=3)
    place = house.place(pack, house.there, 2)
    house.give(pack, "102")
    assert house.refuses(lambda: house.change(place, licences=0)) == ["licences_below_use"]
    assert house.refuses(lambda: house.change(pack, licences=1)) == ["licences_of_location"]


def test_packs_that_somebody_has_where_they_are_not_available_are_found(house: House) -> None:
    peek = Peek(house.changes.connection, house.company_id)
    pack = house.pack("voicemail")
    house.give(pack, "101")
    house.give(pack, "102")
    assert list(misplaced_packs(peek)) == []
    house.place(pack, house.here)
    found = list(misplaced_packs(peek, pack.id))
    assert [(problem.code, problem.params["value"]) for problem in found] == [("pack_used_elsewhere", "1")]
    assert all(problem.text(language) and problem.advice(language) for problem in found for language in ("en", "nl"))
    house.place(pack, house.there)
    assert list(misplaced_packs(peek)) == []


def test_who_moves_takes_packs_along_only_where_they_are_available(house: House) -> None:
    pack = house.pack("voicemail")
    house.place(pack, house.there, 1)
    house.give(pack, "102")
    assert house.refuses(lambda: house.change(house.bob, department_id=None, location_id=house.here.id)) == [
        "pack_stays_behind"
    ]
    assert house.refuses(lambda: house.change(house.sales, location_id=house.here.id)) == ["pack_stays_behind"]
    house.place(pack, house.here, 1)
    house.change(house.sales, location_id=house.here.id)


def test_what_is_counted_by_a_pack_is_not_given_by_hand(house: House) -> None:
    pack = house.pack("voicemail", licences=1)
    house.pack("forwarding")
    assert house.refuses(lambda: house.hand("101", "voicemail")) == ["licensed_by_pack"]
    house.hand("101", "forwarding")
    house.hand("102", "voicemail", assigned=False)
    house.give(pack, "101")
    house.hand("101", "voicemail")
    assert house.refuses(lambda: house.hand("101", "telepathy")) == ["unknown_service"]


# --- places ----------------------------------------------------------------------------------------------------------


def test_a_department_is_at_one_location_with_all_in_it(house: House) -> None:
    wrong = {"location_id": house.here.id, "department_id": house.sales.id}
    assert house.refuses(lambda: house.add(m.User, extension="104", name="Dot", **wrong)) == ["other_location"]
    assert house.refuses(lambda: house.change(house.hunt, **wrong)) == ["other_location"]
    assert house.refuses(lambda: house.add(m.Number, e164="+31205550100", **wrong)) == ["other_location"]
    inner = {"name": "Counter", "parent_id": house.sales.id}
    assert house.refuses(lambda: house.add(m.Department, **inner, location_id=house.here.id)) == ["other_location"]
    house.add(m.Department, **inner, location_id=house.there.id)
    assert house.refuses(lambda: house.change(house.sales, location_id=house.here.id)) == ["others_elsewhere"]
    house.change(house.sales, name="Selling")
