"""Every code of every preset is dialled once, and does what the preset says of it (CALL-23)."""

from __future__ import annotations

import pytest
from code_world import ANNA, BERT, CARLA, CodeWorld

from kiestoon.app.services import all_services
from kiestoon.company.code_presets import PRESETS, CodePreset
from kiestoon.company.codes import FEATURES, KEYS_IN_CALLS, NOT_BUILT, PER_CALL
from kiestoon.company.model import Queue, SpeedDial, User

SAYS: dict[str, str] = {
    "who_logged_in": "desk-is name=Anna extension=101",
    "log_in": "desk-bound",
    "log_out": "desk-bound",
    "record_prompt": "not-possible-now",  # this world has nowhere to keep recordings
    "listen_in": "not-permitted",
    "barge_in": "not-permitted",
    "change_pin": "pin-ask-current",
    "pickup": "pickup-nothing",
    "pickup_directed": "pickup-nothing",
    "take_over": "takeover-nothing",
    "forward_menu": "forward-menu",
    "plan_menu": "service-not-available",  # there are no plans
    "queue_log_in": "queue-logged-in queue=Support",
    "queue_log_out": "queue-logged-out queue=Support",
    "queue_forward_on": "queue-nowhere",  # no destination is set
    "queue_forward_off": "queue-forward-off queue=Support",
    "night_service_on": "queue-night-none",
    "night_service_off": "queue-night-none",
    "voicemail": "voicemail-empty",
    "voicemail_box": "voicemail-greeting-of name=Bert",
    "park": "park-nothing",
    "park_at": "park-nothing",
    "park_lot": "park-nothing",
    "retrieve_lot": "park-line-empty line=1",
    "retrieve_line": "park-line-empty line=12",
    "retrieve_at": f"park-at-empty extension={BERT}",
    "status_available": "status-is status=Phrase(key='status-available', params={})",
    "status_away": "status-is-until status=Phrase(key='status-away'",
    "call_return": "return-none",
    "callback_cancel": "callback-none",
    "echo": "echo-begin",
    "clock": "date day=2026-03-02",
    "own_number": "own-extension extension=101",
    "forward_always_voicemail": "forward-always-voicemail",
    **{f"forward_{case}_on": f"forward-{case.replace('_', '-')}-to to={BERT}"
       for case in ("always", "busy", "no_answer", "unreachable")},
    **{f"forward_{case}_off": f"forward-{case.replace('_', '-')}-off"
       for case in ("always", "busy", "no_answer", "unreachable")},
    **{f"{feature}_{way}": f"{said}-{way}"
       for feature, said in (("do_not_disturb", "dnd"), ("anonymous_rejection", "anonymous-rejection"),
                             ("call_waiting", "call-waiting")) for way in ("on", "off")},
    "caller_id_hide_on": "caller-id-hidden",
    "caller_id_hide_off": "caller-id-shown",
}  # fmt: skip
"""What whoever dials it hears first."""
REACHES = {**dict.fromkeys((*PER_CALL, "intercom"), BERT), "speed_dial": CARLA, "redial": CARLA}
"""Or who is called; the speed dial goes before the redial in every preset that has both."""
ARGUMENTS = {"extension": BERT, "number": BERT, "nothing": ""}
DIGITS = {"speed_dial": "01", "park_lot": "1", "retrieve_lot": "1", "retrieve_line": "12", "status_away": "1430"}


def became_of(world: CodeWorld, code: str, feature: str) -> str:
    """Anna dials it: what she hears, whom she reaches, or the status she is refused with."""
    argument = ARGUMENTS.get(FEATURES[feature].follows, DIGITS.get(feature, ""))
    before = len(world.records)
    talk = world.call(code + argument)
    heard = talk.hears
    if not talk.over:
        talk.hang_up()
    world.run(2)
    record = world.records[before]
    if heard.startswith("nl/"):
        return heard.removeprefix("nl/")
    return record.final_party if record.outcome == "answered" else f"refused {record.sip_status}"


@pytest.mark.parametrize("preset", [preset for preset in PRESETS if preset != "none"])
def test_every_code_does_what_it_is_there_for(preset: CodePreset) -> None:
    world = CodeWorld(preset)
    world.change(User, world.user(ANNA).id, may_configure_time=True)
    world.add(SpeedDial(id=0, company_id=1, user_id=world.user(ANNA).id, code="01", number=CARLA))
    world.add(Queue(id=0, company_id=1, extension="301", name="Support"))
    for extension in (ANNA, BERT, CARLA):
        world.desk(extension)
    for code, feature in PRESETS[preset].items():
        if FEATURES[feature].place == "call":
            continue
        told = became_of(world, code, feature)
        if feature in NOT_BUILT:
            assert (code, told) == (code, "refused 404")
        elif feature in REACHES:
            assert (code, told) == (code, REACHES[feature])
        else:
            assert (code, told[: len(SAYS[feature])]) == (code, SAYS[feature])
    world.assert_nothing_left()


def test_a_feature_is_either_built_or_known_not_to_be() -> None:
    built = {*all_services(), *KEYS_IN_CALLS}
    assert {*FEATURES} - built == NOT_BUILT


@pytest.mark.parametrize(("code", "field"), [("*77", "reject_anonymous"), ("*43", "call_waiting")])
def test_switches_of_ones_own_are_written_and_asked(code: str, field: str) -> None:
    world = CodeWorld("one-net")
    off = {"*77": "*87", "*43": "#43"}[code]
    said = {"*77": "nl/anonymous-rejection", "*43": "nl/call-waiting"}[code]
    for dialled, on in ((code, True), (off, False)):
        assert world.call(dialled).listen() == [f"{said}-{'on' if on else 'off'}"]
        assert getattr(world.user(ANNA), field) is on
        assert world.call(f"{code}*").listen() == world.call(f"{off}*").listen() == [f"{said}-{'on' if on else 'off'}"]
    assert set(world.trail()) == {("Anna (phone)", "users")}
    world.assert_nothing_left()
