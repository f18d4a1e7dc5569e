"""The demonstration's data: a whole municipality, made once, with fresh passwords."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from kiestoon.app.certificate import ensure_certificate
from kiestoon.app.config import ConfigError, Settings, SipSettings
from kiestoon.app.demo import start
from kiestoon.app.demo.company import GREETING, load_sample
from kiestoon.app.demo.start import LOGINS_FILE, banner, demo_command, demo_settings, prepare_demo
from kiestoon.app.demo.world import OUTSIDE_HOST, OUTSIDE_NUMBERS
from kiestoon.app.os_problems import SystemProblemError
from kiestoon.app.serve import prepare_installation
from kiestoon.company.directory import Directory
from kiestoon.company.model import Menu
from kiestoon.media.audio.measure import loudness_db
from kiestoon.media.audio.player import FileSource
from kiestoon.store.load import list_rows, load_all
from kiestoon.store.write import changing


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return demo_settings(None, tmp_path / "var")


def test_the_sample_is_three_places_five_departments_and_25_people_with_phones(settings: Settings) -> None:
    installation, logins = prepare_demo(settings)
    configuration = load_all(installation.database, installation.vault)
    rows = configuration.companies[0]
    assert (len(rows.locations), len(rows.departments), len(rows.users), len(rows.devices)) == (3, 5, 25, 25)
    assert (len(rows.menus), len(rows.numbers)) == (1, 30)
    assert {login.password for login in logins} == {device.secret for device in rows.devices}
    directory = Directory(configuration.companies, configuration.shared_trunks)
    index = directory.company_by_domain(load_sample().domain)
    assert index is not None
    assert all(
        number.extension in index.users_by_extension or number.extension in index.menus_by_extension
        for number in rows.numbers
    )
    assert len(directory.trunks_by_source(OUTSIDE_HOST)) == 1
    assert not directory.trunks_by_source("127.0.0.1")  # phones on this machine are not the outside world
    assert not set(OUTSIDE_NUMBERS) & {number.e164 for number in rows.numbers}


def test_the_menu_greets_for_the_municipality_also_after_the_program_has_moved(settings: Settings) -> None:
    installation, _ = prepare_demo(settings)
    os.close(installation.lock)
    (menu,) = list_rows(installation.database, Menu)
    assert menu.greeting == GREETING
    source = FileSource(GREETING, 8000)
    pcm = source.read(20 * 8000)
    assert source.finished
    assert 5000 < source.played_ms < 15000
    assert -19 < loudness_db(pcm[: source.played_ms * 8]) < -13
    with changing(installation.database, installation.vault, acting_user="test") as changes:
        changes.update(msgspec.structs.replace(menu, greeting="/elsewhere/demo/prompts/nl/menu-welcome.ogg"))
    prepare_demo(settings)
    assert [row.greeting for row in list_rows(installation.database, Menu)] == [GREETING]


def test_the_command_shown_can_be_typed_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start.shutil, "which", lambda _: None)
    assert demo_command(Path("var"), None, ".venv/bin/kiestoon") == ".venv/bin/kiestoon demo"
    assert demo_command(Path("/my data"), Path("k.toml"), "./kiestoon").endswith(
        "demo --data '/my data' --config k.toml"
    )
    assert demo_command(Path("var"), None, "/x/cli.py").endswith(" -m kiestoon.app.cli demo")
    monkeypatch.setattr(start.shutil, "which", lambda _: "/usr/bin/kiestoon")
    assert demo_command(Path("var"), None, "/usr/bin/kiestoon") == "kiestoon demo"
    assert "\n  .venv/bin/kiestoon demo call-in\n" in banner(settings, [], ".venv/bin/kiestoon demo")


def test_a_second_start_keeps_the_logins_and_shows_where_they_are(settings: Settings) -> None:
    first, logins = prepare_demo(settings)
    path = settings.data / LOGINS_FILE
    kept = path.read_text()
    assert all(login.password in banner(settings, logins, "kiestoon demo") for login in logins)
    os.close(first.lock)
    _, again = prepare_demo(settings)
    assert again == []
    assert path.read_text() == kept
    assert str(path) in banner(settings, again, "kiestoon demo")
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_installations_have_different_passwords(tmp_path: Path) -> None:
    logins = [prepare_demo(demo_settings(None, tmp_path / name))[1] for name in ("a", "b")]
    assert not {login.password for login in logins[0]} & {login.password for login in logins[1]}


def test_a_second_exchange_on_the_same_data_is_refused(settings: Settings) -> None:
    prepare_installation(settings)
    with pytest.raises(SystemProblemError, match="already running"):
        prepare_installation(settings)


def test_the_certificate_is_made_once_and_for_the_right_names(settings: Settings) -> None:
    prepare_installation(settings, ("kiestadt.example",))
    made = settings.certificate.read_bytes()
    assert settings.certificate_key.stat().st_mode & 0o077 == 0
    assert not ensure_certificate(settings, ("kiestadt.example",))
    assert settings.certificate.read_bytes() == made


def test_a_certificate_that_is_damaged_is_made_again(settings: Settings) -> None:
    ensure_certificate(settings, ("a.example",))
    settings.certificate.write_text("junk")
    assert ensure_certificate(settings, ("a.example",))


def test_the_operators_own_certificate_is_never_made(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path), sip=SipSettings(certificate=str(tmp_path / "no.pem"), key="x"))
    with pytest.raises(ConfigError, match=r"no\.pem does not exist"):
        ensure_certificate(settings, ("a.example",))
