"""Telephony inside the control process: media links, registrar, SIP endpoint, transports and call control, joined."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import structlog

from kiestoon.app.back_office import BackOffice
from kiestoon.app.call_orders import CallOrders
from kiestoon.app.control_core import ControlCore
from kiestoon.app.line_view import LineView
from kiestoon.app.listeners import explain_start, net_settings
from kiestoon.app.live_events import LiveEvents
from kiestoon.app.live_orders import LiveOrders
from kiestoon.app.live_quality import LiveQuality
from kiestoon.app.live_view import LiveView
from kiestoon.app.media_links import MediaLinks
from kiestoon.app.metrics import Metric
from kiestoon.app.phone_requests import register_all
from kiestoon.app.queue_view import QueueView
from kiestoon.app.room_orders import RoomOrders
from kiestoon.app.selftest_accounts import SelftestAccounts
from kiestoon.app.services import all_services, all_ways
from kiestoon.app.speaking import Speaking
from kiestoon.app.tracing import Tracing
from kiestoon.app.voicemail import Voicemail
from kiestoon.calls.engine import ExchangeEngine
from kiestoon.calls.events import CallEvent
from kiestoon.calls.exchange import Exchange, Settings
from kiestoon.calls.ids import Ids
from kiestoon.calls.journal import CallJournal, replay, replay_messages, snapshot
from kiestoon.calls.lines import Lines
from kiestoon.calls.mailboxes import MailboxChanged
from kiestoon.calls.media_pool import MediaPool
from kiestoon.calls.record import CallRecord, encode_record
from kiestoon.calls.sharing_journal import Shares, encode_hunt, encode_share, encode_shares, replay_shares
from kiestoon.company.directory import Directory
from kiestoon.company.numbers import emergency_spellings
from kiestoon.media.audio.sounds import MUSIC_ON_HOLD
from kiestoon.media.client import MediaClient
from kiestoon.media.protocol import AuditedContext, QualityMeasured
from kiestoon.media.protocol import Event as MediaEvent
from kiestoon.net.driver import EndpointDriver
from kiestoon.net.local import ListenerAddresses
from kiestoon.net.overload import OverloadGate
from kiestoon.net.resolver import SipResolver
from kiestoon.net.transports import SipTransports
from kiestoon.phones.lamps import Lamps, decode_journal, survivors
from kiestoon.registrar import (
    BindingChanged,
    Bindings,
    Doorkeeper,
    DoorkeeperSettings,
    Guard,
    GuardSettings,
    Registrar,
)
from kiestoon.registrar.journal import decode_changes, encode_change
from kiestoon.sip.digest import Challenger
from kiestoon.sip.endpoint import Endpoint
from kiestoon.sip.endpoint import Settings as EndpointSettings
from kiestoon.sip.events import Event
from kiestoon.sip.flow import Flow
from kiestoon.store.records import list_records

log = structlog.get_logger(__name__)

_TICK_S = 1.0
_RECENT = 256  # ended calls whose trace can be asked for before the clerk has brought them into the database
_CALLS_COMPACT_BYTES = 64 << 20  # 20,000 calls' worth: seconds of the heaviest load
_BINDINGS_COMPACT_BYTES = 16 << 20
_SUBSCRIPTIONS_COMPACT_BYTES = 16 << 20
_HUNTS_COMPACT_BYTES = 4 << 20
_NO_RTP_S = 20.0  # longer than silence suppression and slow set-ups take
_FAREWELL_S = 1.5  # for the BYEs and records of calls that our own end interrupts


class Telephony:
    """Built on the core; ``start`` opens everything to the world, ``stop`` ends calls and closes it again."""

    def __init__(self, core: ControlCore) -> None:
        self.core = core
        self._ended: deque[CallRecord] = deque(maxlen=_RECENT)
        self.media = MediaLinks(
            map(str, core.settings.media_sockets), self._media_event, self._media_gone, self._media_back
        )
        self.registrar = _build_registrar(core)
        local = ListenerAddresses()
        self.endpoint = Endpoint(local, settings=EndpointSettings(udp_limit=core.settings.sip.udp_limit))
        self.office = BackOffice(core.database, core.vault, core.loop, core.reload, self._replied)
        self.office.ended = self._ended
        register_all(self.office)
        self.speech = Speaking(core.settings, core.directory, self._speech_ready)
        self.exchange = self._build_exchange()
        self.lamps = Lamps(
            self.exchange,
            keep=core.subscription_journal.append,
            wall_s=time.time,
            mailbox_counts=self._messages_of,
        )
        self.exchange.watching = self.lamps
        self.engine = ExchangeEngine(
            self.exchange,
            on_bindings=self._bindings_changed,
            on_events=self._calls_happened,
            before_output=self._make_safe,
            keep_alive_s=core.settings.sip.keep_alive_s,
        )
        self.events = LiveEvents(self.exchange, core.loop)
        self.voicemail = Voicemail(self.exchange, core.database)
        self.exchange.mailboxes.listeners += [self.events.mailbox_changed, self._mailbox_changed]
        self.gate = OverloadGate(secrets.token_bytes(32), emergency_users(core.directory))
        self.driver: EndpointDriver[Event] = EndpointDriver(self.engine, _treated, gate=self.gate)
        self.quality = LiveQuality()
        self.view = LiveView(self.exchange, core.loop.time)
        self.tracing = Tracing(core.settings, self._call_ids)
        self.net = net_settings(core.settings)
        guard = self.registrar.doorkeeper.guard
        self.transports = SipTransports(
            self.driver, self.net, allowed=guard.allowed, gate=self.gate, tap=self.tracing.tap,
            on_closed=self._connection_closed,
        )  # fmt: skip
        self.transports.local = local  # the endpoint asks it; the transports fill it when their listeners are open
        self.driver.attach(self.transports, SipResolver(nameservers=core.settings.sip.nameserver_addresses))
        self.selftest = SelftestAccounts(core.directory, self.registrar, core.loop, core.settings.sip)
        self.orders = LiveOrders(
            self.engine, self.transports, core.loop.time, self.driver.touch,
            (core.settings.certificate, core.settings.certificate_key),
        )  # fmt: skip
        self.call_orders = CallOrders(self.engine, core.loop.time, self.driver.touch)
        self.queue_view = QueueView(self.exchange)
        self.line_view = LineView(self.exchange, self.lamps)
        self.room_orders = RoomOrders(self.engine, core.loop.time, self.driver.touch)
        self._timer: asyncio.TimerHandle | None = None
        core.collector.live = lambda: len(self.exchange.calls)
        self._register()

    async def start(self) -> None:
        """Take over what the process before left, then open the listeners. Raises ``OperatorError``."""
        await self.speech.start()
        audits = await self.media.start()
        try:
            await self.transports.start()
        except OSError as error:
            raise explain_start(error, self.net.listeners) from None
        # No turn of the loop passes between opening and taking over: no request finds its dialog missing.
        self._take_over(audits)
        self.engine.register_lines(self.core.loop.time())
        self.engine.keep_phones_reachable(self.core.loop.time())
        self.engine.configuration_changed(self.core.loop.time())
        self.driver.flush()
        self.core.collector.settle()
        self._tick()

    async def stop(self) -> None:
        """End every call with BYE and record, then close."""
        if self._timer is not None:
            self._timer.cancel()
        await self._end_calls()
        await self.office.close()
        await self.driver.close()
        await self.transports.close()
        await self.speech.stop()
        await self.media.stop()
        self.tracing.close()

    # --- joining -----------------------------------------------------------------------------------------------------

    def _build_exchange(self) -> Exchange:
        core = self.core
        return Exchange(
            endpoint=self.endpoint,
            directory=core.directory,
            registrar=self.registrar,
            doorkeeper=self.registrar.doorkeeper,
            media=MediaPool(list(self.media.clients)),
            lines=Lines(),
            ids=Ids(int(time.time()), random.SystemRandom()),
            wall_ms=lambda: int(time.time() * 1000),
            journal=CallJournal(core.call_journal.append),
            record=self._record,
            settings=Settings(
                music_path=MUSIC_ON_HOLD,
                recordings_folder=str(core.settings.recordings_dir.absolute()),
                voicemail_folder=str(core.settings.voicemail_dir),
                max_calls=core.settings.limits.max_calls,
                no_rtp_s=_NO_RTP_S,
            ),
            services=all_services(),
            ways=all_ways(),
            back_office=self.office,
            speech=self.speech,
        )

    def _record(self, record: CallRecord) -> None:
        self.core.spool.append(encode_record(record))
        self._ended.append(record)

    def _replied(self, token: int, reply: object) -> None:
        self.engine.replied(token, reply, self.core.loop.time())
        self.driver.touch()

    def _calls_happened(self, events: list[CallEvent]) -> None:
        self.events.happened(events)

    def _messages_of(self, company_id: int, extension: str) -> tuple[int, int, int, int]:
        """For message lamps; the boxes do not count urgent messages apart."""
        return (*self.exchange.mailboxes.counts(company_id, extension), 0, 0)

    def _mailbox_changed(self, change: MailboxChanged) -> None:
        self.lamps.mailbox_changed(change.company_id, change.extension, self.core.loop.time())
        self.driver.touch()

    def _media_event(self, event: MediaEvent) -> None:
        if isinstance(event, QualityMeasured):
            self.quality.measured(event)
            return
        self.engine.media_event(event, self.core.loop.time())
        self.driver.touch()

    def _media_gone(self, client: MediaClient, reason: str) -> None:
        self.engine.media_lost(client, reason, self.core.loop.time())
        self.driver.touch()

    def _media_back(self, client: MediaClient, contexts: tuple[AuditedContext, ...]) -> None:
        self.engine.media_back(client, contexts, self.core.loop.time())
        self.driver.touch()

    def _speech_ready(self, call_id: str) -> None:
        self.engine.speech_ready(call_id, self.core.loop.time())
        self.driver.touch()

    def _connection_closed(self, flow: Flow) -> None:
        self.engine.connection_closed(flow, self.core.loop.time())
        self.driver.touch()

    def _make_safe(self) -> None:
        """A phone that has heard our 200 relies on it: a crash right after it must find the call in the journal and
        its media in place."""
        self.core.call_journal.flush()
        self.core.binding_journal.flush()
        self.core.subscription_journal.flush()
        for client in self.media.clients:
            client.flush()

    def _bindings_changed(self, changes: list[BindingChanged]) -> None:
        for change in changes:
            self.core.binding_journal.append(encode_change(change))
        self.events.bindings_changed(changes)

    def _take_over(self, audits: dict[str, tuple[AuditedContext, ...]]) -> None:
        core, now = self.core, self.core.loop.time()
        self.registrar.restore(decode_changes(core.binding_records), now)
        self._restore_shares()
        states = list(replay(core.call_records).values())
        adopted = self.engine.take_over(states, audits, now, replay_messages(core.call_records))
        if states:
            log.info("calls taken over", adopted=adopted, ended=len(states) - adopted)
        self.lamps.restore(decode_journal(core.subscription_records), now)
        core.binding_records.clear()
        core.call_records.clear()
        core.subscription_records.clear()
        self._compact_bindings()
        self._compact_calls()

    def _restore_shares(self) -> None:
        """How hunt groups and queues have shared out their calls."""
        present, queues, core = self.exchange.present, self.exchange.queues, self.core
        shares = replay_shares(core.hunt_records)
        present.restore_hunts(shares.hunts)
        queues.shares.restore(shares.queues)
        present.on_hunt = lambda group_id, record: core.hunt_journal.append(encode_hunt(group_id, record))
        queues.shares.on_share = lambda share: core.hunt_journal.append(encode_share(share))
        core.hunt_records.clear()
        self._compact_hunts()

    async def _end_calls(self) -> None:
        x, now = self.exchange, self.core.loop.time()
        self.engine.end_calls(now)
        self.driver.flush()
        deadline = now + _FAREWELL_S
        while (x.calls or x.messages) and self.core.loop.time() < deadline:  # noqa: ASYNC110 - call control knows no events; only here
            await asyncio.sleep(0.02)
        self.engine.close_calls()

    # --- housekeeping ------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self.tracing.tick()
        self.media.ask()
        core = self.core
        self.voicemail.tick(core.loop.time())
        if core.call_journal.outgrown(_CALLS_COMPACT_BYTES):
            self._compact_calls()
        if core.binding_journal.outgrown(_BINDINGS_COMPACT_BYTES):
            self._compact_bindings()
        if core.subscription_journal.outgrown(_SUBSCRIPTIONS_COMPACT_BYTES):
            core.subscription_journal.compact_by(survivors)
        if core.hunt_journal.outgrown(_HUNTS_COMPACT_BYTES):
            self._compact_hunts()
        self._timer = core.loop.call_later(_TICK_S, self._tick)

    def _compact_calls(self) -> None:
        x = self.exchange
        messages = [leaving.message for leaving in x.messages.values()]
        self.core.call_journal.compact(snapshot(x.calls.values(), messages))

    def _compact_bindings(self) -> None:
        changes = self.registrar.bindings.snapshot(self.core.loop.time(), time.time())
        self.core.binding_journal.compact([encode_change(change) for change in changes])

    def _compact_hunts(self) -> None:
        shares = Shares(self.exchange.present.hunts, self.exchange.queues.shares.records)
        self.core.hunt_journal.compact(encode_shares(shares))

    def _register(self) -> None:
        core = self.core
        core.commands.add("registrations", self.view.registrations)
        core.commands.add("calls", self._calls)
        core.commands.add("call", self._call)
        core.commands.add("inventory", self.view.inventory)
        core.commands.add("bans", self.view.bans)
        core.commands.add("subscriptions", lambda: self.lamps.subscriptions(core.loop.time()))
        core.commands.add("lines", self.view.lines)
        core.commands.add("hang_up", self.orders.hang_up)
        core.commands.add("live_calls", self.call_orders.live)
        core.commands.add("dial_for", self.call_orders.dial)
        core.commands.add("operate_call", self.call_orders.operate)
        core.commands.add("live_queues", self.queue_view.live)
        core.commands.add("live_lines", self.line_view.lines)
        core.commands.add("live_rooms", self.room_orders.live)
        core.commands.add("operate_room", self.room_orders.operate)
        core.commands.add("unban", self.orders.unban)
        core.commands.add("forget_device", self.orders.forget_device)
        core.commands.add("reload_certificates", self.orders.reload_certificates)
        core.commands.add("mailbox_changed", self.voicemail.changed)
        core.commands.add("media", self.media.report)
        core.commands.add("trace", self.tracing.show)
        core.commands.add("selftest_begin", self.selftest.begin)
        core.commands.add("selftest_end", self.selftest.end)
        core.commands.add_stream("events", self.events.stream)
        core.metrics.add(self.selftest.metrics)
        core.metrics.add(self.events.metrics)
        core.metrics.add(self.media.metrics)
        core.metrics.add(self.speech.metrics)
        core.metrics.add(self.view.metrics)
        core.metrics.add(self.tracing.metrics)
        core.metrics.add(self.voicemail.metrics)
        core.metrics.add(self._net_metrics)
        core.on_reload.append(self._reloaded)
        core.on_reload.append(self.voicemail.reloaded)

    def _reloaded(self, companies: frozenset[int]) -> None:
        """Devices that were deleted or locked are unreachable at once; new lines log in; lamps show what is set now."""
        now = self.core.loop.time()
        self.events.changed(self.core.last_change, companies)
        self.gate.let_pass(emergency_users(self.core.directory))
        for device_id in {binding.device_id for binding in self.registrar.bindings.all()}:
            if self.core.directory.device_by_id(device_id) is None:
                self.engine.forget_device(device_id, now)
        self.speech.prepare()
        self.engine.register_lines(now)
        self.engine.configuration_changed(now)
        self.lamps.configuration_changed(companies, now)
        self.driver.touch()

    async def _calls(self) -> list[dict[str, Any]]:
        """Admin command: every live call with how it sounds."""
        return self.view.calls(await self.quality.measure(self.view.terminations()))

    async def _call(self, call: str) -> dict[str, Any]:
        """Admin command: one live call in detail."""
        return self.view.call(call, await self.quality.measure(self.view.terminations(call)))

    def _call_ids(self, call_id: str) -> list[str]:
        """The SIP Call-IDs of a call, live or recorded."""
        live = self.view.call_ids(call_id)
        if live:
            return live
        found = [record for record in self._ended if record.call_id == call_id]
        found = found or list_records(self.core.database, call_id=call_id)
        return [leg.sip_call_id for record in found for leg in record.legs if leg.sip_call_id]

    def _net_metrics(self) -> Iterable[Metric]:
        yield Metric("calls_admitted", "counter", "INVITEs let in", self.gate.admitted)
        for package, number in self.lamps.table.counts.items():
            yield Metric("subscriptions", "gauge", "Subscriptions of phones", number, {"package": package})
        yield Metric("phones_silent", "gauge", "Watching phones that do not answer", self.lamps.silent_phones)
        notifies = self.endpoint.subscriptions.notifies
        yield Metric("notifies", "counter", "NOTIFYs sent to watchers", notifies)
        yield Metric("calls_refused_overload", "counter", "INVITEs refused with 503", self.gate.refused)


def emergency_users(directory: Directory) -> frozenset[str]:
    """What is dialled for help in any company: overload protection must see it from the Request-URI alone."""
    found = {"sos", *emergency_spellings("")}
    for index in directory:
        countries = {index.company.country, *(device.country for device in index.devices.values() if device.country)}
        for country in countries:
            found.update(emergency_spellings(country, index.company.access_code))
    return frozenset(found)


def _treated(event: Event, _: float) -> None:
    """The engine treats the endpoint's events inside; none comes out."""


def _build_registrar(core: ControlCore) -> Registrar:
    bindings = Bindings()
    doorkeeper = Doorkeeper(
        core.directory,
        Challenger(secrets.token_bytes(32), algorithms=core.settings.sip.digest),
        Guard(GuardSettings(exempt=core.settings.sip.never_banned), bindings.devices_at),
        DoorkeeperSettings(bare_ip_domain=_bare_ip_domain(core)),
    )
    return Registrar(doorkeeper, bindings, wall_s=time.time)


def _bare_ip_domain(core: ControlCore) -> str:
    """Whose phones may register with the server's address: only clear when there is one company."""
    if not core.settings.sip.allow_bare_ip:
        return ""
    domains = [index.company.domain for index in core.directory]
    if len(domains) != 1:
        log.warning("sip.allow_bare_ip is ignored: it needs exactly one company", companies=len(domains))
        return ""
    return domains[0]
