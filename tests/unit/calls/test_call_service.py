"""Services: what a conversation gets to know, and what becomes of its caller."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from msgspec.structs import replace
from test_outside_lines import call_in
from world import World, sample_rows

from kiestoon.calls.call import Failure
from kiestoon.calls.service import Conversation
from kiestoon.media.protocol import DigitReceived
from kiestoon.sip.session import Session
from kiestoon.speech import Phrase


class Talk:
    """A caller in a service of the test's own making. ``said``: what the service noted down."""

    def __init__(self, service: Callable[[Conversation, list[Any]], Coroutine[Any, Any, None]]) -> None:
        self.world = World()
        self.said: list[Any] = []
        self.world.exchange.services["menu"] = lambda conversation, _: service(conversation, self.said)
        self.phone, self.session = call_in(self.world, "+31201234500")
        self.world.run()

    def key(self, digits: str) -> None:
        number = next(iter(self.world.media.terminations))
        for digit in digits:
            self.world.media.events.append(DigitReceived(number, digit, 100))
        self.world.network.drain(self.world.node)
        self.world.run(0.1)

    def prompt_ends(self) -> None:
        self.world.media.finish_files()
        self.world.network.drain(self.world.node)

    def end(self) -> None:
        session: Session = self.session
        session.bye(self.world.network.now)
        self.world.assert_nothing_left()
        assert len(self.world.records) == 1


async def asking(caller: Conversation, said: list[Any]) -> None:
    await caller.answer()
    while True:
        said.append(await caller.collect(most=3, timeout_s=5, prompt="/welcome"))


def test_digits_are_complete_at_the_most_or_at_the_end_key() -> None:
    talk = Talk(asking)
    talk.key("123")
    talk.key("4#")
    assert talk.said == ["123", "4"]
    talk.end()


def test_digits_keyed_ahead_are_kept_for_the_next_question() -> None:
    talk = Talk(asking)
    talk.key("12345#6")
    assert talk.said == ["123", "45"]
    talk.key("78")
    assert talk.said == ["123", "45", "678"]
    talk.end()


def test_an_end_key_alone_answers_with_nothing() -> None:
    talk = Talk(asking)
    talk.key("#")
    assert talk.said == [""]
    talk.end()


def test_a_key_stops_the_prompt_and_the_time_runs_from_the_last_key() -> None:
    talk = Talk(asking)
    assert talk.phone.hears(talk.session) == {"file:/welcome"}
    talk.world.run(60)
    assert talk.said == []  # the time has not begun while the prompt plays
    talk.key("1")
    assert talk.phone.hears(talk.session) == set()
    talk.world.run(4)
    talk.key("2")
    talk.world.run(4)
    assert talk.said == []
    talk.world.run(2)
    assert talk.said == ["12"]
    talk.end()


def test_the_time_runs_from_the_prompts_end_when_nothing_is_keyed() -> None:
    talk = Talk(asking)
    talk.prompt_ends()
    talk.world.run(4)
    assert talk.said == []
    talk.world.run(1.5)
    assert talk.said == [""]
    talk.end()


def test_a_caller_who_vanishes_closes_the_service() -> None:
    closed = []

    async def watching(caller: Conversation, said: list[Any]) -> None:
        try:
            await asking(caller, said)
        finally:
            closed.append(True)

    talk = Talk(watching)
    talk.end()
    assert closed == [True]


def test_a_fault_in_a_service_ends_its_call_with_a_record() -> None:
    async def faulty(caller: Conversation, said: list[Any]) -> None:
        await caller.answer()
        raise RuntimeError("injected")

    talk = Talk(faulty)
    assert talk.session.state == "ended"
    talk.end()
    assert (talk.world.records[0].outcome, talk.world.records[0].ended_by) == ("answered", "exchange")


def test_a_fault_before_answering_refuses_the_call() -> None:
    async def faulty(caller: Conversation, said: list[Any]) -> None:
        raise RuntimeError("injected")

    talk = Talk(faulty)
    assert talk.session.state == "ended"
    talk.end()
    assert (talk.world.records[0].outcome, talk.world.records[0].sip_status) == ("failed", 500)


def test_a_service_that_is_over_without_answering_refuses_the_call() -> None:
    async def nothing(caller: Conversation, said: list[Any]) -> None:
        return

    talk = Talk(nothing)
    assert talk.session.state == "ended"
    talk.end()
    assert talk.world.records[0].sip_status == 480


def test_a_service_that_is_over_hangs_up() -> None:
    async def brief(caller: Conversation, said: list[Any]) -> None:
        await caller.answer()
        await caller.play("/goodbye")

    talk = Talk(brief)
    assert talk.session.state == "confirmed"
    talk.prompt_ends()
    talk.world.run()
    assert talk.session.state == "ended"
    talk.end()


def test_a_connection_that_fails_comes_back_with_its_reason() -> None:
    async def connecting(caller: Conversation, said: list[Any]) -> None:
        await caller.answer()
        for extension in ("101", "999", "200", "102"):
            said.append(await caller.connect(extension))
        await caller.play("/goodbye")

    talk = Talk(connecting)
    assert [failure.outcome for failure in talk.said] == ["unreachable", "not_found", "refused", "unreachable"]
    assert all(isinstance(failure, Failure) for failure in talk.said)
    assert talk.phone.hears(talk.session) == {"file:/goodbye"}
    talk.end()


class Slow(Talk):
    """Speech that is not rendered yet."""

    def __init__(self, service: Any, *unsayable: str) -> None:
        async def slowed(caller: Conversation, said: list[Any]) -> None:
            self.world.engine.speech.slow = True
            self.world.engine.speech.unsayable.update(unsayable)
            await service(caller, said)

        super().__init__(slowed)

    def finish(self, key: str) -> None:
        for call in self.world.engine.speech.finish(key):
            self.world.engine.speech_ready(call, self.world.network.now)
        self.world.network.drain(self.world.node)

    def hears(self) -> set[str]:
        return self.phone.hears(self.session)


async def greeting(caller: Conversation, said: list[Any]) -> None:
    await caller.answer()
    await caller.say(Phrase("voicemail-saved"), Phrase("goodbye"))
    said.append("over")


def test_phrases_are_said_one_after_the_other_in_the_callers_language() -> None:
    talk = Talk(greeting)
    for key in ("voicemail-saved", "goodbye"):
        assert talk.phone.hears(talk.session) == {f"file:/prompts/nl/{key}.ogg"}
        assert talk.said == []
        talk.prompt_ends()
    assert talk.said == ["over"]
    talk.world.assert_nothing_left()


def test_what_is_not_rendered_yet_is_waited_for_and_all_of_it_is_requested_at_once() -> None:
    talk = Slow(greeting)
    assert [key for key, _ in talk.world.engine.speech.requested][:2] == ["voicemail-saved", "goodbye"]
    assert talk.hears() == set()
    talk.finish("goodbye")
    assert talk.hears() == set()  # not before the other one
    talk.finish("voicemail-saved")
    assert talk.hears() == {"file:/prompts/nl/voicemail-saved.ogg"}
    talk.finish("voicemail-saved")  # told once more: nothing of it
    talk.prompt_ends()
    assert talk.hears() == {"file:/prompts/nl/goodbye.ogg"}
    talk.prompt_ends()
    assert talk.said == ["over"]


def test_who_hangs_up_while_speech_is_rendered_leaves_nothing_behind() -> None:
    talk = Slow(greeting)
    talk.end()
    talk.finish("voicemail-saved")
    assert talk.said == []


def test_what_cannot_be_said_is_left_out() -> None:
    talk = Slow(greeting, "voicemail-saved")
    talk.finish("goodbye")
    assert talk.hears() == {"file:/prompts/nl/goodbye.ogg"}
    talk.prompt_ends()
    assert talk.said == ["over"]


async def asking_at_length(caller: Conversation, said: list[Any]) -> None:
    await caller.answer()
    said.append(await caller.collect(most=3, timeout_s=5, prompt=[Phrase("desk-nobody"), Phrase("desk-ask-extension")]))
    said.append(await caller.collect(most=3, timeout_s=5, prompt=Phrase("desk-ask-pin")))


def test_a_prompt_of_several_phrases_is_heard_whole_and_the_time_runs_from_its_end() -> None:
    talk = Talk(asking_at_length)
    assert talk.phone.hears(talk.session) == {"file:/prompts/nl/desk-nobody.ogg"}
    talk.prompt_ends()
    assert talk.phone.hears(talk.session) == {"file:/prompts/nl/desk-ask-extension.ogg"}
    talk.world.run(60)
    assert talk.said == []
    talk.prompt_ends()
    talk.world.run(5.5)
    assert talk.said == [""]
    talk.end()


def test_a_key_silences_all_of_a_prompt() -> None:
    talk = Talk(asking_at_length)
    talk.key("1")
    assert talk.phone.hears(talk.session) == set()
    talk.world.run(1)
    assert talk.phone.hears(talk.session) == set()
    talk.end()


def test_a_key_pressed_while_a_prompt_is_rendered_counts_as_an_answer() -> None:
    talk = Slow(asking_at_length)
    talk.key("12")
    talk.finish("desk-nobody")
    talk.finish("desk-ask-extension")
    assert talk.hears() == set()  # who knows what is asked need not hear it
    talk.key("3")
    assert talk.said == ["123"]
    talk.end()


def test_the_language_is_the_phones_else_the_persons_else_the_companys() -> None:
    rows = sample_rows()
    anna, bert, carla, second = rows.devices
    people = (rows.users[0], replace(rows.users[1], language="de"), *rows.users[2:])
    world = World(rows=replace(rows, users=people, devices=(replace(anna, language="lv"), bert, carla, second)))
    for name, host, language in (
        ("anna", "192.0.2.1", "lv"),
        ("bert", "192.0.2.2", "de"),
        ("carla", "192.0.2.3", "nl"),
    ):
        phone = world.phone(name, host)
        session = phone.dial("200")
        world.run()
        assert phone.hears(session) == {f"file:/prompts/{language}/menu-welcome.ogg"}
        session.bye(world.network.now)
        world.run()
