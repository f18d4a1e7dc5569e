"""The lite agent: which checks it answers, how, and what they prove (RFC 8445)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webrtc_party import ICE, check

from kiestoon.media import stun
from kiestoon.media.ice import CONSENT_S, MAX_ADDRESSES, REFUSALS_PER_S, Checked, IceAgent
from kiestoon.media.protocol import IceCredentials
from kiestoon.media.stun import parse_stun

HOME, MOBILE = ("192.0.2.7", 40000), ("2001:db8::7", 50000)
RESTARTED = IceCredentials("ours2", "another-secret-of-some-length", "theirs2")


def code_of(checked: Checked) -> int:
    """The error code of the answer, 0 for success."""
    answer = parse_stun(checked.response)
    if answer.kind == stun.SUCCESS:
        return 0
    assert answer.kind == stun.ERROR
    value = answer.attributes[stun.ERROR_CODE]
    return value[2] * 100 + value[3]


@pytest.fixture
def agent() -> IceAgent:
    return IceAgent(ICE, 0.0)


@pytest.mark.parametrize("address", [HOME, MOBILE])
def test_a_right_check_is_answered_with_the_address_it_came_from(agent: IceAgent, address: tuple[str, int]) -> None:
    asked = check()
    checked = agent.receive(asked, address, 1.0)
    answer = parse_stun(checked.response)
    assert (answer.kind, answer.transaction) == (stun.SUCCESS, asked[8:20])
    assert answer.attributes[stun.XOR_MAPPED_ADDRESS] == stun.xor_address(address, answer.transaction)
    assert answer.is_authentic(ICE.password)


def test_only_a_nomination_selects(agent: IceAgent) -> None:
    checked = agent.receive(check(nominate=False), HOME, 1.0)
    assert (checked.proven, checked.nominated) == (True, False)
    assert agent.selected is None
    assert agent.proves(HOME, 1.0)
    assert agent.receive(check(), MOBILE, 1.0).nominated
    assert agent.selected == MOBILE


def test_the_newest_nomination_counts(agent: IceAgent) -> None:
    agent.receive(check(), HOME, 1.0)
    agent.receive(check(), MOBILE, 2.0)
    assert agent.selected == MOBILE
    assert agent.proves(HOME, 3.0)  # media under way on the old path is the party's still


def test_a_path_without_checks_counts_for_nothing_after_the_consent_time(agent: IceAgent) -> None:
    agent.receive(check(), HOME, 1.0)
    agent.receive(check(), MOBILE, 2.0)
    assert not agent.proves(HOME, 1.0 + CONSENT_S)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"password": "guessed-and-wrong-password"}, 401),
        ({"username": "ours:somebody"}, 401),
        ({"username": "other:theirs"}, 401),
        ({"username": "ours"}, 401),
        ({"username": "theirs:ours"}, 401),
    ],
)
def test_wrong_credentials_get_401_and_prove_nothing(agent: IceAgent, wrong: dict[str, str], code: int) -> None:
    checked = agent.receive(check(**wrong), HOME, 1.0)  # type: ignore[arg-type]
    assert code_of(checked) == code
    assert parse_stun(checked.response).integrity is None  # RFC 8489 §9.1.4
    assert (checked.proven, agent.selected, agent.proves(HOME, 1.0)) == (False, None, False)


@pytest.mark.parametrize(
    "request_",
    [
        stun.encode_stun(stun.REQUEST, b"t" * 12, [(stun.USERNAME, b"ours:theirs")]),
        stun.encode_stun(stun.REQUEST, b"t" * 12, [(stun.PRIORITY, b"1234")], ICE.password),
        stun.encode_stun(stun.REQUEST, b"t" * 12, []),
    ],
    ids=["no integrity", "no username", "neither"],
)
def test_missing_credentials_get_400(agent: IceAgent, request_: bytes) -> None:
    assert code_of(agent.receive(request_, HOME, 1.0)) == 400


def test_an_attribute_that_must_be_understood_gets_420_with_its_name(agent: IceAgent) -> None:
    checked = agent.receive(check(more=((0x7777, b"?"),)), HOME, 1.0)
    assert code_of(checked) == 420
    answer = parse_stun(checked.response)
    assert answer.attributes[stun.UNKNOWN_ATTRIBUTES] == b"\x77\x77"
    assert answer.is_authentic(ICE.password)
    assert agent.selected is None


def test_a_peer_that_wants_to_be_controlled_is_told_to_switch(agent: IceAgent) -> None:
    """RFC 8445 §7.3.1.1: a lite agent never controls a full one."""
    checked = agent.receive(check(role=stun.ICE_CONTROLLED), HOME, 1.0)
    assert code_of(checked) == 487
    assert parse_stun(checked.response).is_authentic(ICE.password)
    assert agent.selected is None


@pytest.mark.parametrize("kind", [stun.INDICATION, stun.SUCCESS, stun.ERROR, 0x0003])
def test_what_is_no_binding_request_gets_no_answer(agent: IceAgent, kind: int) -> None:
    attributes = [(stun.USERNAME, b"ours:theirs"), (stun.USE_CANDIDATE, b"")]
    assert not agent.receive(stun.encode_stun(kind, b"t" * 12, attributes, ICE.password), HOME, 1.0).response
    assert agent.selected is None


def test_after_a_restart_the_old_path_stays_until_the_new_one_is_nominated(agent: IceAgent) -> None:
    agent.receive(check(), HOME, 1.0)
    agent.restart(RESTARTED)
    assert agent.receive(check(), HOME, 2.0).proven  # consent of the old generation
    assert not agent.receive(check(), MOBILE, 2.0).nominated
    assert agent.selected == HOME
    assert agent.receive(check(RESTARTED), MOBILE, 3.0).nominated
    assert agent.selected == MOBILE
    assert code_of(agent.receive(check(), HOME, 4.0)) == 401


def test_refusals_to_whoever_forges_are_few(agent: IceAgent) -> None:
    answers = [agent.receive(check(password="x" * 22), HOME, 1.0).response for _ in range(100)]
    assert sum(map(bool, answers)) == REFUSALS_PER_S
    assert agent.receive(check(password="x" * 22), HOME, 2.5).response
    assert agent.receive(check(), HOME, 1.0).proven  # the right ones are never among them


def test_no_answer_to_a_stranger_is_longer_than_the_question(agent: IceAgent) -> None:
    for question in (check(password="x" * 22), check(username="x")):
        assert len(agent.receive(question, HOME, 1.0).response) <= len(question)


def test_the_number_of_addresses_is_bounded(agent: IceAgent) -> None:
    agent.receive(check(), HOME, 1.0)
    for port in range(1000):
        agent.receive(check(nominate=False), ("192.0.2.8", 1024 + port), 2.0)
    assert sum(agent.proves(("192.0.2.8", 1024 + port), 2.0) for port in range(1000)) <= MAX_ADDRESSES
    assert agent.proves(HOME, 2.0)  # the selected one is not pushed out


@given(st.binary(max_size=100), st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=8))
def test_nothing_without_the_password_proves_an_address(junk: bytes, attributes: list[tuple[int, bytes]]) -> None:
    agent = IceAgent(ICE, 0.0)
    agent.receive(junk, HOME, 1.0)
    agent.receive(stun.encode_stun(stun.REQUEST, b"t" * 12, attributes, "no idea"), HOME, 1.0)
    assert not agent.proves(HOME, 1.0)
    assert agent.selected is None
