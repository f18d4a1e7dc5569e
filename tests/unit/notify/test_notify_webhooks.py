"""Deliveries to a server that takes them, fails, hangs, redirects, or is where we may not go."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import pytest
from notify_rig import Installation
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook as Verifier

from kiestoon.company.model import Webhook
from kiestoon.notify.backoff import WEBHOOK_PAUSES_S, pause_s
from kiestoon.notify.courier import OF_ONE, Courier
from kiestoon.notify.posting import Poster
from kiestoon.notify.targets import TargetRefusedError, check_target, refuse_url
from kiestoon.store import outbox
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import TABLES


class Server:
    """A web server that answers as told and remembers what it got."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
        self.hang: asyncio.Event | None = None
        self.endless = False
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.waiting = 0
        self.most = 0
        self.port = 0

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await reader.readexactly(int(headers["content-length"]))
            self.got.append(({"request": first, **headers}, body))
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            if self.hang is not None:
                await self.hang.wait()
            writer.write(self.answer)
            while self.endless:
                writer.write(b"x" * 65536)
                await writer.drain()
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.waiting -= 1
            writer.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=1"


def answer(status: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "Content-Length: 0", "Connection: close", *headers, "", ""]).encode()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    running = await made.start()
    yield made
    made.endless = False
    if made.hang is not None:
        made.hang.set()
    running.close()


def courier(installation: Installation, *, private: bool = True, timeout_s: float = 5.0) -> Courier:
    poster = Poster(private=private, version="1", timeout_s=timeout_s)
    return Courier(installation.database, installation.vault, poster, installation.clock, random.Random(1))


async def run(made: Courier) -> None:
    while await made.work():
        await made.idle()


async def test_a_delivery_is_signed_so_that_the_reference_library_accepts_it(
    installation: Installation, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = installation.hook(server.url)
    installation.queue(hook, body='{"type":"webhook.test","data":{"naam":"Zoë"}}')
    await run(courier(installation))
    ((headers, body),) = server.got
    assert headers["request"] == "POST /hook?a=1 HTTP/1.1"
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "msg_1"
    import datetime

    class Now(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return datetime.datetime.fromtimestamp(installation.clock() / 1000, tz)

    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Now)
    Verifier(installation.current(hook).secret).verify(body, headers)
    with pytest.raises(Exception, match=r"[Nn]o matching signature"):
        Verifier(installation.current(hook).secret).verify(body + b" ", headers)
    (delivery,) = installation.deliveries(hook)
    assert (delivery.state, delivery.attempts, delivery.log[0][1]) == ("delivered", 1, 204)


async def test_what_fails_is_tried_ten_times_within_about_three_days_with_the_same_id(
    installation: Installation, server: Server
) -> None:
    server.answer = answer("500 Oops")
    hook = installation.hook(server.url)
    installation.queue(hook)
    made = courier(installation)
    began = installation.clock()
    dues = []
    for _ in range(20):
        await run(made)
        (delivery,) = installation.deliveries(hook)
        if delivery.due_ms is None:
            break
        dues.append(delivery.due_ms)
        installation.clock.ms = delivery.due_ms
    assert (delivery.state, delivery.attempts, len(server.got)) == ("failed", 10, 10)
    assert {headers["webhook-id"] for headers, _ in server.got} == {"msg_1"}
    assert 3 * 86400 < (dues[-1] - began) / 1000 < 4 * 86400
    assert delivery.log[0][1:3] == [500, "answered 500"]


async def test_a_webhook_that_takes_nothing_for_days_is_switched_off_and_its_company_told(
    installation: Installation, server: Server
) -> None:
    server.answer = answer("500 Oops")
    hook = installation.hook(server.url)
    installation.queue(hook)
    made = courier(installation)
    while installation.deliveries(hook)[0].due_ms is not None:
        installation.clock.ms = installation.deliveries(hook)[0].due_ms or 0
        await run(made)
    assert not installation.current(hook).active
    assert made.outcomes["disabled"] == 1
    from kiestoon.store.mailbox import due_mails

    with installation.database.read() as connection:
        (mail,) = due_mails(connection, installation.vault, installation.clock(), 10)
    assert (mail.kind, mail.recipient, mail.params["webhook"]) == ("webhook_disabled", "boss@bakery.example", hook.name)
    installation.queue(hook, "2")
    assert await made.work() == 0


async def test_a_webhook_that_takes_others_stays_on_when_one_fails(installation: Installation, server: Server) -> None:
    hook = installation.hook(server.url)
    made = courier(installation)
    server.answer = answer("500 Oops")
    installation.queue(hook)
    while installation.deliveries(hook)[-1].due_ms is not None:
        installation.clock.ms = installation.deliveries(hook)[-1].due_ms or 0
        await run(made)
        if len(server.got) == 5:
            server.answer = answer("200 OK")
            installation.queue(hook, "2")
            await run(made)
            server.answer = answer("500 Oops")
    assert [delivery.state for delivery in installation.deliveries(hook)] == ["delivered", "failed"]
    assert installation.current(hook).active


async def test_a_target_that_says_it_is_gone_is_switched_off_at_once(
    installation: Installation, server: Server
) -> None:
    server.answer = answer("410 Gone")
    hook = installation.hook(server.url)
    installation.queue(hook)
    await run(courier(installation))
    assert (installation.deliveries(hook)[0].state, installation.current(hook).active) == ("failed", False)


async def test_the_time_a_target_asks_for_is_kept(installation: Installation, server: Server) -> None:
    server.answer = answer("429 Too Many", "Retry-After: 1000")
    hook = installation.hook(server.url)
    installation.queue(hook)
    await run(courier(installation))
    assert installation.deliveries(hook)[0].due_ms == installation.clock() + 1_000_000


async def test_redirects_are_not_followed(installation: Installation, server: Server) -> None:
    other = Server()
    running = await other.start()
    server.answer = answer("307 Temporary Redirect", f"Location: {other.url}")
    hook = installation.hook(server.url)
    installation.queue(hook)
    await run(courier(installation))
    running.close()
    (delivery,) = installation.deliveries(hook)
    assert (delivery.state, delivery.log[0][1:3]) == ("waiting", [307, "redirects are not followed"])
    assert other.got == []


async def test_a_target_that_hangs_holds_up_no_other(installation: Installation, server: Server) -> None:
    """The other's is delivered while the first ones of the target that hangs are under way."""
    server.hang = asyncio.Event()
    quick = Server()
    running = await quick.start()
    slow_hook, quick_hook = installation.hook(server.url), installation.hook(quick.url)
    for number in range(60):
        installation.queue(slow_hook, f"slow{number}")
    installation.queue(quick_hook, "quick")
    made = courier(installation, timeout_s=60)
    await made.work()
    async with asyncio.timeout(30):
        while not installation.deliveries(quick_hook)[0].settled_ms:
            await asyncio.sleep(0.01)
    assert not any(delivery.attempts for delivery in installation.deliveries(slow_hook))
    server.hang.set()
    await made.idle()
    running.close()
    assert server.most == OF_ONE


async def test_a_target_that_hangs_is_left_in_time(installation: Installation, server: Server) -> None:
    server.hang = asyncio.Event()
    hook = installation.hook(server.url)
    installation.queue(hook)
    await run(courier(installation, timeout_s=0.3))
    (delivery,) = installation.deliveries(hook)
    assert (delivery.state, delivery.log[0][1:3]) == ("waiting", [0, "no answer in time"])


async def test_an_endless_answer_is_cut_off(installation: Installation, server: Server) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    server.endless = True
    hook = installation.hook(server.url)
    installation.queue(hook)
    await run(courier(installation))
    assert installation.deliveries(hook)[0].state == "delivered"


async def test_nobody_there_is_tried_again(installation: Installation) -> None:
    hook = installation.hook("http://127.0.0.1:9/")
    installation.queue(hook)
    await run(courier(installation))
    (delivery,) = installation.deliveries(hook)
    assert (delivery.state, delivery.log[0][1:3]) == ("waiting", [0, "cannot connect"])


async def test_what_was_under_way_when_the_process_ended_is_delivered_after_the_next_start(
    installation: Installation, server: Server
) -> None:
    server.hang = asyncio.Event()
    hook = installation.hook(server.url)
    installation.queue(hook)
    first = courier(installation)
    await first.work()
    while not server.got:
        await asyncio.sleep(0)
    await first.close()
    server.hang.set()
    await run(courier(installation))
    assert [headers["webhook-id"] for headers, _ in server.got] == ["msg_1", "msg_1"]
    assert installation.deliveries(hook)[0].state == "delivered"


async def test_a_private_target_gets_nothing_unless_it_is_allowed(installation: Installation, server: Server) -> None:
    hook = installation.hook(server.url)
    installation.queue(hook)
    await run(courier(installation, private=False))
    assert server.got == []
    assert "the URL is refused" in installation.deliveries(hook)[0].log[0][2]


PRIVATE = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "::1", "::", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "ff02::1", "240.0.0.1",
    "255.255.255.255", "192.0.2.1", "2001:db8::1",
)  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
async def test_names_that_lead_to_private_networks_are_refused(address: str) -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return ["93.184.215.14", address]

    with pytest.raises(TargetRefusedError, match="private network"):
        await check_target("https://rebind.example/", private=False, resolver=resolver)
    literal = f"[{address}]" if ":" in address else address
    assert refuse_url(f"https://{literal}/", private=False)


async def test_the_checked_address_is_the_one_connected_to() -> None:
    answers = [["93.184.215.14"], ["127.0.0.1"]]

    async def resolver(host: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    target = await check_target("https://rebind.example/x?y=z", private=False, resolver=resolver)
    assert target.url == "https://93.184.215.14:443/x?y=z"
    assert (target.host_header, len(answers)) == ("rebind.example", 1)


WRONG = ("ftp://a.example/", "https://", "https://u:p@a.example/", "http://a.example/", "https://a.example:0/", "x")


@pytest.mark.parametrize("url", WRONG)
def test_urls_that_are_refused_when_they_are_entered(url: str) -> None:
    assert refuse_url(url, private=False)


def test_pauses_grow_and_differ_by_chance() -> None:
    source = random.Random(7)
    some = {pause_s(WEBHOOK_PAUSES_S, 3, source) for _ in range(20)}
    assert len(some) == 20
    assert all(pause is not None and 1800 <= pause <= 2160 for pause in some)
    assert pause_s(WEBHOOK_PAUSES_S, 10, source) is None


async def test_old_deliveries_leave_the_log_and_those_of_a_silent_webhook_are_given_up(
    installation: Installation, server: Server
) -> None:
    hook = installation.hook(server.url)
    installation.queue(hook, "done")
    await run(courier(installation))
    installation.change(hook, active=False)
    installation.queue(hook, "held")
    installation.clock.step(31 * 86400)
    with installation.database.write() as connection:
        outbox.tidy(connection, installation.clock(), 4 * 86_400_000)
    assert [(delivery.message_id, delivery.state) for delivery in installation.deliveries(hook)] == [
        ("msg_held", "failed")
    ]


def test_secrets_are_encrypted_in_the_database(installation: Installation) -> None:
    hook = installation.hook("http://127.0.0.1:9/")
    with installation.database.read() as connection:
        (row,) = connection.execute(select(TABLES[Webhook]), execution_options=INSTALLATION).mappings().all()
    assert row["url"] == hook.url
    assert hook.secret.encode() not in b" ".join(str(value).encode() for value in row.values())
    assert hook.secret.encode() not in bytes(row["secret"])
