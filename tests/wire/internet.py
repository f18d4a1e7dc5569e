"""A small internet in network namespaces: public addresses on one wire, and an office behind a router with NAPT.

    public                     router                 office
    198.51.100.1 exchange  --  198.51.100.20 |
    198.51.100.2 phone         NAPT          | 192.168.7.1  --  192.168.7.10 and .11, phones
    198.51.100.66 to .68 strangers                              192.168.7.5, for an exchange of its own

The translating is the Linux kernel's own (nftables, conntrack), as in most routers one can buy. What comes to the
router unasked is dropped; private addresses lead nowhere from outside. The addresses are those for documentation
(RFC 5737) and nothing outside the namespaces is touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Self

from bench.peers.namespace import NAMED, inside

EXCHANGE, PUBLIC_PHONE, ROUTER = "198.51.100.1", "198.51.100.2", "198.51.100.20"
STRANGERS = ("198.51.100.66", "198.51.100.67", "198.51.100.68")
OFFICE_SERVER = "192.168.7.5"
OFFICE_PHONES = ("192.168.7.10", "192.168.7.11")

SAME_PORT = "masquerade"
ANY_PORT = "masquerade fully-random"
"""Another port towards each destination, none of them the phone's own: what RFC 4787 calls a symmetric NAT."""

RULES = """
flush ruleset
table ip nat {{
  chain prerouting {{
    type nat hook prerouting priority -100
    iifname "outside" udp dport {{ {forwarded} }} dnat to {server}
  }}
  chain postrouting {{
    type nat hook postrouting priority 100
    oifname "outside" {translation}
  }}
}}
table ip filter {{
  chain forward {{
    type filter hook forward priority 0; policy drop
    iifname "inside" accept
    ct status dnat accept
    ct state established,related accept
  }}
  chain input {{
    type filter hook input priority 0; policy drop
    iifname "inside" accept
    ct state established,related accept
  }}
}}
"""


def obstacle() -> str:
    """Why no internet can be made here, "" when it can."""
    missing = [program for program in ("ip", "nft", "conntrack") if shutil.which(program) is None]
    if missing:
        return f"missing: {', '.join(missing)} (Debian packages iproute2, nftables, conntrack)"
    try:
        with Internet():
            return ""
    except subprocess.CalledProcessError as error:
        why = f"{' '.join(map(str, error.cmd))}: {(error.stderr or '').strip()}"
    except OSError as error:
        why = str(error)
    return f"no network namespaces with address translation here; root with CAP_SYS_ADMIN and CAP_NET_ADMIN can ({why})"


class Internet:
    """A context manager; ``public`` and ``office`` are the names of the namespaces with those addresses."""

    def __init__(self) -> None:
        self.public, self._router, self.office = (
            f"kiestoon-{os.getpid()}-{part}" for part in ("public", "router", "office")
        )

    def __enter__(self) -> Self:
        _sweep()
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        for name in (self.public, self._router, self.office):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)

    def _build(self) -> None:
        for name in (self.public, self._router, self.office):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _cable((self._router, "outside"), (self.public, "wire"))
        _cable((self._router, "inside"), (self.office, "wire"))
        for namespace, interface, addresses in (
            (self.public, "wire", (EXCHANGE, PUBLIC_PHONE, *STRANGERS)),
            (self._router, "outside", (ROUTER,)),
            (self._router, "inside", ("192.168.7.1",)),
            (self.office, "wire", (OFFICE_SERVER, *OFFICE_PHONES)),
        ):
            for address in addresses:
                _ip("-n", namespace, "address", "add", f"{address}/24", "dev", interface)
        _ip("-n", self.office, "route", "add", "default", "via", "192.168.7.1")
        _ip("-n", self.public, "route", "add", "default", "via", ROUTER)  # which drops what was not asked for
        with inside(self._router):
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        self.translate(SAME_PORT)

    # --- the router --------------------------------------------------------------------------------------------------

    def translate(self, how: str, forwarded: tuple[str, ...] = ("9",)) -> None:
        """Translate addresses like this from now on, and forget what was. ``forwarded``: UDP ports and ranges
        (``1000-1999``) that lead to the server in the office."""
        rules = RULES.format(translation=how, forwarded=", ".join(forwarded), server=OFFICE_SERVER)
        with inside(self._router):
            subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True, capture_output=True)
        self.reboot_router()
        self.forget_silent_mappings_after(30, 120)

    def reboot_router(self) -> None:
        """It forgets every mapping."""
        with inside(self._router):
            subprocess.run(["conntrack", "-F"], capture_output=True, check=True)

    def forget_silent_mappings_after(self, unanswered_s: int, answered_s: int) -> None:
        """How long a UDP mapping outlives its last packet."""
        with inside(self._router):
            folder = Path("/proc/sys/net/netfilter")
            (folder / "nf_conntrack_udp_timeout").write_text(str(unanswered_s))
            (folder / "nf_conntrack_udp_timeout_stream").write_text(str(answered_s))

    def mappings(self, port: int) -> list[str]:
        """What the router remembers of UDP to this port outside."""
        with inside(self._router):
            command = ["conntrack", "-L", "-p", "udp", "--orig-port-dst", str(port)]
            listed = subprocess.run(command, capture_output=True, text=True, check=True)
        return [line for line in listed.stdout.splitlines() if line.startswith("udp")]


def _sweep() -> None:
    """Take away what tests left that were killed."""
    for path in NAMED.glob("kiestoon-*-*"):
        if not Path(f"/proc/{path.name.split('-')[1]}").exists():
            subprocess.run(["ip", "netns", "delete", path.name], capture_output=True, check=False)


def _cable(one: tuple[str, str], other: tuple[str, str]) -> None:
    _ip("link", "add", "name", one[1], "netns", one[0], "type", "veth", "peer", "name", other[1], "netns", other[0])
    for namespace, interface in (one, other):
        _ip("-n", namespace, "link", "set", interface, "up")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
