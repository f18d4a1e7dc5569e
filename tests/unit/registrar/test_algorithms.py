"""Phones that fail at algorithms they do not know get MD5 alone; the others both."""

from __future__ import annotations

from kiestoon.registrar.algorithms import AlgorithmMemory


def test_a_new_phone_is_offered_everything() -> None:
    assert not AlgorithmMemory().limit("192.0.2.1", "101", "Yealink SIP-T46U", 0.0)


def test_a_phone_that_comes_back_without_credentials_is_offered_md5_only_from_then_on() -> None:
    memory = AlgorithmMemory()
    assert not memory.limit("192.0.2.1", "101", "", 0.0)
    assert memory.limit("192.0.2.1", "101", "", 30.0)
    memory.answered("192.0.2.1", "101")
    assert memory.limit("192.0.2.1", "101", "", 5000.0)
    assert not memory.limit("192.0.2.1", "102", "", 30.0)


def test_a_phone_that_answered_is_offered_everything_again() -> None:
    memory = AlgorithmMemory()
    memory.limit("192.0.2.1", "101", "", 0.0)
    memory.answered("192.0.2.1", "101")
    assert not memory.limit("192.0.2.1", "101", "", 30.0)


def test_retransmissions_are_no_second_try() -> None:
    memory = AlgorithmMemory()
    for at in (0.0, 0.1, 0.3):
        assert not memory.limit("192.0.2.1", "101", "", at)


def test_phones_known_to_fail_are_spared_the_first_failure() -> None:
    assert AlgorithmMemory().limit("192.0.2.1", "101", "baresip v1.0.0 (x86_64/linux)", 0.0)
    assert not AlgorithmMemory().limit("192.0.2.1", "101", "baresip v3.1.0", 0.0)


def test_memory_stays_bounded_whoever_asks() -> None:
    memory = AlgorithmMemory(most=10)
    for number in range(100):
        memory.limit(f"192.0.2.{number}", "101", "", 0.0)
        memory.limit(f"192.0.2.{number}", "101", "", 5.0)
    assert len(memory._challenged) <= 10
    assert len(memory._limited) <= 10
