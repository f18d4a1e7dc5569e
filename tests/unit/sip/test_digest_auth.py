"""Digest authentication: the RFCs' own examples, both sides together, and every way to be refused."""

from __future__ import annotations

import pytest

from kiestoon.sip.digest import (
    Challenger,
    DigestState,
    answer_challenge,
    answer_challenges,
    digest_response,
    find_authorization,
    is_same_target,
    is_stale,
    parse_authorization,
    parse_challenge,
)
from kiestoon.sip.headers import BadHeader
from kiestoon.sip.message import Request, Response

URI = "sip:company.nl"


def lookup(username: str, realm: str) -> str | None:
    return "secret" if (username, realm) == ("101", "company.nl") else None


def challenged(challenger: Challenger, now: float = 10.0, status: int = 401, stale: bool = False) -> Response:
    response = Response(status)
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    for value in challenger.challenge("company.nl", now, stale):
        response.add(name, value)
    return response


def credentials(
    response: Response, state: DigestState | None = None, password: str = "secret", user: str = "101"
) -> str:
    answer = answer_challenge(response, "REGISTER", URI, user, password, b"", state or DigestState())
    assert answer is not None
    return answer[1]


def test_rfc_2617_and_rfc_7616_examples() -> None:
    common = {"username": "Mufasa", "method": "GET", "uri": "/dir/index.html", "qop": "auth", "nc": "00000001"}
    assert (
        digest_response(
            "MD5", realm="testrealm@host.com", password="Circle Of Life", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
            cnonce="0a4f113b", **common,
        )
        == "6629fae49393a05397450978507c4ef1"
    )  # fmt: skip
    new = {
        "realm": "http-auth@example.org", "password": "Circle of Life",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    }  # fmt: skip
    assert digest_response("MD5", **common, **new) == "8ca523f5e9506fed4657c9700eebdbec"
    assert (
        digest_response("SHA-256", **common, **new)
        == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    )


def test_both_algorithms_are_offered_the_better_first() -> None:
    one, two = map(parse_challenge, Challenger(b"k").challenge("company.nl", 1.0))
    assert (one.algorithm, two.algorithm) == ("SHA-256", "MD5")
    assert one.qop == ("auth",)
    assert not one.stale


@pytest.mark.parametrize("status", [401, 407])
def test_the_right_password_is_accepted(status: int) -> None:
    challenger = Challenger(b"k")
    header = credentials(challenged(challenger, status=status))
    assert "algorithm=SHA-256" in header
    verdict = challenger.verify(header, "REGISTER", URI, lookup, 11.0)
    assert verdict.accepted
    assert (verdict.username, verdict.realm) == ("101", "company.nl")


def test_md5_only_phones_are_served() -> None:
    challenger = Challenger(b"k")
    response = challenged(challenger)
    response.set_all("WWW-Authenticate", response.all("WWW-Authenticate")[1:])
    header = credentials(response)
    assert "algorithm=MD5" in header
    assert challenger.verify(header, "REGISTER", URI, lookup, 11.0).accepted


@pytest.mark.parametrize(("user", "password"), [("101", "wrong"), ("999", "secret"), ("", "")])
def test_wrong_password_and_unknown_user_are_refused_alike(user: str, password: str) -> None:
    challenger = Challenger(b"k")
    header = credentials(challenged(challenger), password=password, user=user)
    assert challenger.verify(header, "REGISTER", URI, lookup, 11.0).outcome == "refused"


def test_a_method_or_uri_that_was_not_signed_is_refused() -> None:
    challenger = Challenger(b"k")
    header = credentials(challenged(challenger))
    assert challenger.verify(header, "INVITE", URI, lookup, 11.0).outcome == "refused"
    assert challenger.verify(header, "REGISTER", "sip:other.nl", lookup, 11.0).outcome == "malformed"


def test_a_nonce_count_is_good_once_and_must_grow() -> None:
    challenger, state = Challenger(b"k"), DigestState()
    first = credentials(challenged(challenger), state)
    ((_, second),) = state.authorize("REGISTER", URI, "101", "secret")
    ((_, third),) = state.authorize("REGISTER", URI, "101", "secret")
    assert "nc=00000003" in third
    assert challenger.verify(first, "REGISTER", URI, lookup, 11.0).accepted
    assert challenger.verify(first, "REGISTER", URI, lookup, 11.0).outcome == "stale"
    assert challenger.verify(third, "REGISTER", URI, lookup, 12.0).accepted
    assert challenger.verify(second, "REGISTER", URI, lookup, 12.0).outcome == "stale"


def test_clients_without_qop_use_a_nonce_once() -> None:
    challenger = Challenger(b"k")
    nonce = parse_challenge(challenger.challenge("company.nl", 10.0)[0]).nonce
    response = digest_response(
        "MD5", username="101", realm="company.nl", password="secret", method="REGISTER", uri=URI, nonce=nonce
    )
    header = f'Digest username="101",realm="company.nl",nonce="{nonce}",uri="{URI}",response="{response}"'
    assert challenger.verify(header, "REGISTER", URI, lookup, 11.0).accepted
    assert challenger.verify(header, "REGISTER", URI, lookup, 11.0).outcome == "stale"


def test_an_expired_foreign_or_forged_nonce_is_stale_only_with_the_right_password() -> None:
    challenger, other = Challenger(b"k", lifetime_s=60), Challenger(b"other")
    header = credentials(challenged(challenger))
    assert challenger.verify(header, "REGISTER", URI, lookup, 71.0).outcome == "stale"
    assert other.verify(header, "REGISTER", URI, lookup, 11.0).outcome == "stale"
    assert challenger.verify(header, "REGISTER", URI, lookup, 9.0).outcome == "stale"
    wrong = credentials(challenged(challenger), password="wrong")
    assert challenger.verify(wrong, "REGISTER", URI, lookup, 71.0).outcome == "refused"


def test_a_nonce_is_bound_to_its_realm() -> None:
    challenger = Challenger(b"k")
    response = Response(401)
    for value in challenger.challenge("other.nl", 10.0):
        response.add("WWW-Authenticate", value.replace("other.nl", "company.nl"))
    assert challenger.verify(credentials(response), "REGISTER", URI, lookup, 11.0).outcome == "stale"


def test_forgotten_counts_do_not_reopen_old_nonces() -> None:
    challenger = Challenger(b"k", capacity=2)
    headers = [credentials(challenged(challenger, now=10.0 + i)) for i in range(3)]
    assert all(challenger.verify(header, "REGISTER", URI, lookup, 20.0).accepted for header in headers)
    assert [challenger.verify(header, "REGISTER", URI, lookup, 20.0).outcome for header in headers] == ["stale"] * 3


def test_the_next_nonce_is_offered_in_the_second_half_of_life_and_taken() -> None:
    challenger, state = Challenger(b"k", lifetime_s=100), DigestState()
    verdict = challenger.verify(credentials(challenged(challenger), state), "REGISTER", URI, lookup, 11.0)
    assert challenger.authentication_info(verdict, 11.0) is None
    info = challenger.authentication_info(verdict, 70.0)
    assert info is not None
    state.succeeded(Response(200, headers=[("Authentication-Info", info)]))
    ((_, header),) = state.authorize("REGISTER", URI, "101", "secret")
    assert "nc=00000001" in header
    assert challenger.verify(header, "REGISTER", URI, lookup, 150.0).accepted


@pytest.mark.parametrize(
    "header",
    [
        "", "Digest", "Digest ", "Basic dXNlcjpwYXNz", 'Digest username="a"', "Digest username=\"a", "Digest =,",
        'Digest username="a", username="b", realm="r", nonce="n", uri="u", response="x"',
        f'Digest username="101", realm="company.nl", nonce="n", uri="{URI}", response="x", algorithm=SHA-1',
        f'Digest username="101", realm="company.nl", nonce="n", uri="{URI}", response="x", algorithm=MD5-sess',
        f'Digest username="101", realm="company.nl", nonce="n", uri="{URI}", response="x", qop=auth',
        f'Digest username="101", realm="company.nl", nonce="n", uri="{URI}", response="x", qop=auth-int, cnonce=1',
        f'Digest username="101", realm="company.nl", nonce="n", uri="{URI}", response="x", qop=auth, nc=1, cnonce=1',
        'Digest username="101", realm="company.nl", nonce="n", uri="<garbage>", response="x"',
    ],
)  # fmt: skip
def test_credentials_that_cannot_be_evaluated_are_malformed(header: str) -> None:
    assert Challenger(b"k").verify(header, "REGISTER", URI, lookup, 1.0).outcome == "malformed"


def test_hostile_bytes_in_credentials_are_only_refused() -> None:
    header = f'Digest username="\udcff\0", realm="é", nonce="\udcfe", uri="{URI}", response="\udcff"'
    assert Challenger(b"k").verify(header, "REGISTER", URI, lookup, 1.0).outcome == "refused"


def test_commas_and_escapes_in_quotes_do_not_split_parameters() -> None:
    found = parse_authorization(
        'Digest username="a,\\"b\\"", realm="x, y", nonce="n", uri="sip:a,b@c", response="r", nc=00000001, qop="auth"'
    )
    assert (found.username, found.login, found.realm, found.uri) == ('a,\\"b\\"', 'a,"b"', "x, y", "sip:a,b@c")
    assert found.qop == "auth"


def test_credentials_are_found_by_realm() -> None:
    request = Request("INVITE", "sip:a@b")
    request.add("Authorization", "Basic abc")
    for realm in ("one", "two"):
        request.add(
            "Proxy-Authorization", f'Digest username="u", realm="{realm}", nonce="n", uri="sip:a@b", response="r"'
        )
    found = find_authorization(request, "two")
    assert found is not None
    assert found.realm == "two"
    assert find_authorization(request, "three") is None


@pytest.mark.parametrize(
    ("digest_uri", "request_uri", "same"),
    [
        ("sip:company.nl", "sip:company.nl:5060;transport=tcp", True),
        ("sip:101@company.nl", "sip:101@COMPANY.nl;user=phone", True),
        ("sip:company.nl", "sip:101@company.nl", True),
        ("sip:102@company.nl", "sip:101@company.nl", False),
        ("sip:company.nl", "sip:other.nl", False),
        ("", "sip:other.nl", False),
        ("tel:+31-20", "tel:+3120", True),
    ],
)
def test_digest_uris_are_compared_as_phones_write_them(digest_uri: str, request_uri: str, same: bool) -> None:
    assert is_same_target(digest_uri, request_uri) is same


def test_the_client_takes_the_strongest_algorithm_whatever_the_order() -> None:
    response = Response(407)
    for algorithm in ("MD5", "SHA-512-256-foo", "SHA-256", "MD5-sess"):
        response.add("Proxy-Authenticate", f'Digest realm="r", nonce="n{algorithm}", algorithm={algorithm}, qop="auth"')
    answer = answer_challenge(response, "INVITE", "sip:a@b", "u", "p", b"", DigestState())
    assert answer is not None
    assert answer[0] == "Proxy-Authorization"
    assert "algorithm=SHA-256," in answer[1]


def test_the_client_answers_every_realm_and_both_kinds() -> None:
    response = Response(407)
    response.add("WWW-Authenticate", 'Digest realm="uas", nonce="a", qop="auth"')
    response.add("Proxy-Authenticate", 'Digest realm="one", nonce="b"')
    response.add("Proxy-Authenticate", 'Digest realm="two", nonce="c", opaque="o"')
    answers = answer_challenges(response, "INVITE", "sip:a@b", "u", "p", b"", DigestState())
    assert [name for name, _ in answers] == ["Proxy-Authorization", "Proxy-Authorization", "Authorization"]
    assert "qop" not in answers[0][1]
    assert 'opaque="o"' in answers[1][1]
    assert "algorithm" not in answers[2][1]


def test_the_client_protects_the_body_where_nothing_else_is_offered() -> None:
    response = Response(401, headers=[("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth-int"')])
    answer = answer_challenge(response, "INVITE", "sip:a@b", "u", "p", b"body", DigestState())
    assert answer is not None
    found = parse_authorization(answer[1])
    assert found.qop == "auth-int"
    assert found.response == digest_response(
        "MD5", username="u", realm="r", password="p", method="INVITE", uri="sip:a@b", nonce="n",
        nc="00000001", cnonce=found.cnonce, qop="auth-int", body=b"body",
    )  # fmt: skip


@pytest.mark.parametrize(
    "value", ["Basic realm=x", 'Digest realm="r"', 'Digest realm="r", nonce="n", algorithm=NEW', "", 'Digest realm="r']
)
def test_challenges_that_cannot_be_answered_are_left(value: str) -> None:
    response = Response(401, headers=[("WWW-Authenticate", value)])
    assert answer_challenge(response, "INVITE", "sip:a@b", "u", "p", b"", DigestState()) is None
    assert answer_challenge(Response(403), "INVITE", "sip:a@b", "u", "p", b"", DigestState()) is None


def test_stale_challenges_are_told_apart() -> None:
    challenger = Challenger(b"k")
    assert is_stale(challenged(challenger, stale=True))
    assert not is_stale(challenged(challenger))
    assert not is_stale(Response(200))


def test_a_new_nonce_starts_a_new_count_and_the_same_one_goes_on() -> None:
    challenger, state = Challenger(b"k"), DigestState()
    response = challenged(challenger)
    assert "nc=00000001" in credentials(response, state)
    assert "nc=00000002" in credentials(response, state)
    assert "nc=00000001" in credentials(challenged(challenger), state)


def test_a_server_with_ever_new_realms_does_not_fill_memory() -> None:
    state = DigestState()
    for i in range(100):
        response = Response(401, headers=[("WWW-Authenticate", f'Digest realm="r{i}", nonce="n"')])
        assert answer_challenge(response, "INVITE", "sip:a@b", "u", "p", b"", state) is not None
    assert len(state.authorize("INVITE", "sip:a@b", "u", "p")) == 8


def test_unknown_algorithms_are_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="SHA-1"):
        Challenger(b"k", algorithms=("SHA-1",))
    with pytest.raises(BadHeader):
        parse_authorization("Digest x")
