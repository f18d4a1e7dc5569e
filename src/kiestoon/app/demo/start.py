"""``kiestoon demo``: settings, sample data and what is told to the person trying it."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from kiestoon.app.addresses import outward_addresses
from kiestoon.app.config import MediaSettings, Settings, load_settings
from kiestoon.app.demo.company import Login, create_sample
from kiestoon.app.demo.sample import load_sample
from kiestoon.app.demo.web_logins import WebLogin, create_web_logins, web_login_lines
from kiestoon.app.demo.world import OUTSIDE_NUMBERS
from kiestoon.app.os_problems import explain_file, prepare_folder
from kiestoon.app.serve import Installation, prepare_installation

DEFAULT_DATA = Path("var")
LOGINS_FILE = "demo-logins.txt"
WEB_LOGINS_FILE = "demo-web-logins.txt"
_CONFIG_FILE = "kiestoon.toml"


def demo_settings(config: Path | None, data: Path = DEFAULT_DATA) -> Settings:
    """The demo's settings: one media process, data in ``var``; its configuration file is written at the first start."""
    path = config or data / _CONFIG_FILE
    if config is None:
        prepare_folder(data, "the data folder")
        if not path.exists():
            _write(
                path,
                f'# The demo\'s settings; docs/admin/configuration.md lists all.\ndata_dir = "{data.absolute()}"\n',
            )
    return load_settings(path, defaults=Settings(data_dir=str(data.absolute()), media=MediaSettings(processes=1)))


def prepare_demo(settings: Settings) -> tuple[Installation, list[Login]]:
    """Create what is missing. The logins are those made just now: [] from the second start on."""
    installation = prepare_installation(settings, (load_sample().domain,), migrate_existing=True)
    logins = create_sample(installation.database, installation.vault, settings.demo.outside_port)
    if logins:
        _write(settings.data / LOGINS_FILE, "".join(f"{line}\n" for line in login_lines(logins)))
    return installation, logins


def prepare_web_logins(settings: Settings, installation: Installation) -> list[WebLogin]:
    """Create what is missing, as above."""
    logins = create_web_logins(installation.database, installation.vault)
    if logins:
        _write(settings.data / WEB_LOGINS_FILE, "".join(f"{line}\n" for line in web_login_lines(logins)))
    return logins


def login_lines(logins: Iterable[Login]) -> list[str]:
    """The logins as a table."""
    return [f"{'ext.':6}{'user':8}{'password':26}name"] + [
        f"{login.extension:6}{login.username:8}{login.password:26}{login.name}" for login in logins
    ]


def demo_command(data: Path, config: Path | None, called: str) -> str:
    """``kiestoon demo`` as it can be typed again, with the same options. ``called`` is the program's own name as it was
    called: ``make demo`` runs it by its path, and nobody has put it into the search path."""
    found = shutil.which("kiestoon")
    if Path(called).name != "kiestoon":
        called = f"{sys.executable} -m kiestoon.app.cli"
    elif found is not None and Path(found).resolve() == Path(called).resolve():
        called = "kiestoon"
    options = [] if data == DEFAULT_DATA else ["--data", shlex.quote(str(data))]
    options += [] if config is None else ["--config", shlex.quote(str(config))]
    return " ".join([called, "demo", *options])


def banner(settings: Settings, logins: list[Login], command: str, web_logins: Sequence[WebLogin] = ()) -> str:
    """What to show when everything is ready. ``command`` is ``demo_command``'s."""
    sample = load_sample()
    sip = settings.sip
    everywhere = {"0.0.0.0", "::"} & set(sip.hosts)  # noqa: S104 - what somebody has set
    host = next(iter(outward_addresses()), "127.0.0.1") if everywhere else sip.hosts[0]
    listeners = [("SIP over UDP", sip.udp), ("SIP over TCP", sip.tcp), ("SIP over TLS", sip.tls)]
    listeners += [("SIP over WebSocket", sip.ws), ("the same with TLS", sip.wss)]
    lines = ["", f"Kiestoon is running. The sample company is {sample.name}, domain {sample.domain}.", "", "Addresses"]
    lines += [f"  {label:20}{host}:{port}" for label, port in listeners if port]
    if settings.web.port:
        web = f"http://{settings.web.host}:{settings.web.port}"
        lines.append(f"  {'API, described':20}{web}/docs")
        lines.append(f"  {'health, metrics':20}{web}/health and /metrics")
    path = settings.data / LOGINS_FILE
    lines += ["", f"Logins (one phone for each person, kept in {path})"]
    lines += [f"  {line}" for line in login_lines(logins)] if logins else ["  made at the first start; see that file"]
    if settings.web.port:
        lines += ["", f"Logins to the web (kept in {settings.data / WEB_LOGINS_FILE})"]
        shown = web_login_lines(list(web_logins)) if web_logins else ["made at the first start; see that file"]
        lines += [f"  {line}" for line in shown]
    lines += ["", *_how_to_connect(host, sip.udp, sample.domain), "", "Try"]
    lines += [f"  {sample.menu.extension:16}the menu: key in an extension", "  102             a colleague"]
    lines += [f"  {group.extension:16}the hunt group {group.name}" for group in sample.hunt_groups]
    lines += [f"  {queue.extension:16}the queue {queue.name}" for queue in sample.queues]
    lines += [f"  {room.extension:16}the conference room {room.name}, from two phones" for room in sample.rooms]
    lines += [
        f"  {sample.access_code + '0' + number[3:]:16}outside, {text}" for number, text in OUTSIDE_NUMBERS.items()
    ]
    lines += ["Have the outside world call the main number", f"  {command} call-in"]
    lines += ["", "Ctrl-C ends it.", ""]
    return "\n".join(lines)


def _how_to_connect(host: str, port: int, domain: str) -> list[str]:
    return [
        "Connecting a phone",
        f"  domain (SIP server, registrar)  {domain}",
        f"  outbound proxy                  {host}:{port}    (the domain is not in DNS)",
        "  user, password                  from the list above",
        f"  Linphone   SIP address sip:101@{domain}, then advanced: outbound proxy sip:{host}:{port};transport=udp",
        f'  baresip    <sip:101@{domain}>;auth_pass=PASSWORD;outbound="sip:{host}:{port}";regint=600',
    ]


def _write(path: Path, text: str) -> None:
    """A file that only this user may read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
    except OSError as error:
        raise explain_file(error, path, "the file") from None
