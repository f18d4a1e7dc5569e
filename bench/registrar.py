"""Registrations through parse → doorkeeper (digest) → bindings → encode on one core, challenge round included.

What the whole exchange does per registration over the wire is ``registrations_per_second``; this is the engine alone.
Memory is what a registered device keeps beyond its configuration row. Last line: the figure for 10,000 devices.
"""

from __future__ import annotations

import gc
import hashlib
import time
import tracemalloc

from kiestoon.company.directory import Directory
from kiestoon.company.model import Company, CompanyRows, Device
from kiestoon.registrar import Bindings, Doorkeeper, Guard, Registrar
from kiestoon.sip.digest import Challenger
from kiestoon.sip.flow import Flow
from kiestoon.sip.message import Request
from kiestoon.sip.parse import parse_message
from kiestoon.sip.tokens import Tokens

DOMAIN = "town.example"
ROUNDS = 3


def build(devices: int) -> Registrar:
    rows = CompanyRows(
        company=Company(id=1, name="Town", domain=DOMAIN),
        devices=tuple(
            Device(id=n, company_id=1, username=f"device{n}", secret=f"s3cret-of-{n:08}") for n in range(devices)
        ),
    )
    bindings = Bindings()
    guard = Guard(devices_at=bindings.devices_at)
    doorkeeper = Doorkeeper(Directory([rows]), Challenger(b"k" * 32, capacity=4 * devices), guard)
    return Registrar(doorkeeper, bindings, wall_s=lambda: 1_800_000_000.0, tokens=Tokens())


def register_bytes(number: int, cseq: int, authorization: str = "") -> bytes:
    return (
        f"REGISTER sip:{DOMAIN} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.168.1.{number & 255}:5060;branch=z9hG4bK{number:08x}{cseq:08x};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:device{number}@{DOMAIN}>;tag={number:010x}\r\n"
        f"To: <sip:device{number}@{DOMAIN}>\r\nCall-ID: {number:032x}\r\nCSeq: {cseq} REGISTER\r\n"
        f"Contact: <sip:device{number}@192.168.1.{number & 255}:5060;transport=udp>;"
        f'+sip.instance="<urn:uuid:00000000-0000-1000-8000-{number:012x}>";reg-id=1\r\n'
        f"Expires: 3600\r\nSupported: path, outbound\r\nUser-Agent: Desk Phone 1.2\r\n{authorization}"
        "Content-Length: 0\r\n\r\n"
    ).encode()


def authorization_for(number: int, challenge: bytes) -> str:
    nonce = challenge.partition(b'nonce="')[2].partition(b'"')[0].decode()
    ha1 = hashlib.sha256(f"device{number}:{DOMAIN}:s3cret-of-{number:08}".encode()).hexdigest()
    ha2 = hashlib.sha256(f"REGISTER:sip:{DOMAIN}".encode()).hexdigest()
    response = hashlib.sha256(f"{ha1}:{nonce}:00000001:abcdef:auth:{ha2}".encode()).hexdigest()
    return (
        f'Authorization: Digest username="device{number}", realm="{DOMAIN}", nonce="{nonce}", uri="sip:{DOMAIN}", '
        f'response="{response}", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="abcdef"\r\n'
    )


def answer(registrar: Registrar, data: bytes, flow: Flow, now: float) -> bytes:
    request = parse_message(data)
    assert isinstance(request, Request)
    response = registrar.handle_register(request, flow, now)
    assert response is not None
    return response.encode()


def flow_of(number: int) -> Flow:
    host = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return Flow("udp", "192.0.2.1", 5060, host, 5060, 1)


def run(devices: int) -> tuple[float, float]:
    """(registrations per second of CPU time, bytes kept per device)."""
    registrar = build(devices)
    gc.collect()
    tracemalloc.start()
    register_all(registrar, devices, 1)
    registrar.take_changes()
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0] / devices
    tracemalloc.stop()
    best = 0.0
    for round_number in range(ROUNDS):
        best = max(best, devices / register_all(registrar, devices, 3 + 2 * round_number))
        registrar.take_changes()
    return best, kept


def register_all(registrar: Registrar, devices: int, cseq: int) -> float:
    """Every device registers once; returns the seconds spent in the exchange's part."""
    spent = 0.0
    now = 1_000.0 + cseq * 60
    for number in range(devices):
        first = register_bytes(number, cseq)
        flow = flow_of(number)
        start = time.perf_counter()
        challenge = answer(registrar, first, flow, now)
        spent += time.perf_counter() - start
        second = register_bytes(number, cseq + 1, authorization_for(number, challenge))
        start = time.perf_counter()
        accepted = answer(registrar, second, flow, now)
        spent += time.perf_counter() - start
        assert accepted.startswith(b"SIP/2.0 200"), accepted
    return spent


def main() -> None:
    """Print the growth, then the figure."""
    rate = 0.0
    for devices in (1_000, 10_000):
        rate, kept = run(devices)
        print(f"registrar, {devices} devices: {rate:.0f} registrations/s, {kept / 1024:.2f} KB/device")
    print(f"registrar: {rate:.0f} registrations/s")


if __name__ == "__main__":
    main()
