"""Settings: defaults, file, environment, and messages that say what to do."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from kiestoon.app.config import (
    ConfigError,
    Section,
    Settings,
    SipSettings,
    load_settings,
    settings_from_json,
    settings_to_json,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "kiestoon.toml"
    path.write_text(text)
    return path


def test_without_a_file_the_defaults_hold() -> None:
    settings = load_settings(None, {})
    assert settings == Settings()
    assert (settings.sip.udp, settings.sip.tls, settings.media.first_port) == (5060, 5061, 20000)
    assert not settings.sip.allow_bare_ip


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    path = written(tmp_path, 'data_dir = "/srv/k"\n[sip]\nudp = 5070\ntcp = 5071\n')
    environment = {
        "KIESTOON_SIP_UDP": "5080",
        "KIESTOON_SIP_HOSTS": "127.0.0.1, ::1",
        "KIESTOON_SIP_ALLOW_BARE_IP": "1",
    }
    settings = load_settings(path, environment, defaults=Settings(database="sqlite://"))
    assert (settings.sip.udp, settings.sip.tcp, settings.sip.tls) == (5080, 5071, 5061)
    assert settings.sip.hosts == ("127.0.0.1", "::1")
    assert settings.sip.allow_bare_ip
    assert (settings.data_dir, settings.database) == ("/srv/k", "sqlite://")


def test_the_file_is_found_by_the_environment_or_in_var(tmp_path: Path) -> None:
    path = written(tmp_path, 'database = "sqlite:///x"')
    assert load_settings(None, {"KIESTOON_CONFIG": str(path)}).database == "sqlite:///x"
    (tmp_path / "var").mkdir()
    path.rename(tmp_path / "var" / "kiestoon.toml")
    assert load_settings(None, {}).database == "sqlite:///x"


MISTAKES = {
    "[sip]\nudpp = 1": "unknown field `udpp`",
    "[sip]\nudp = 'many'": r"Expected `int`.*\$\.sip\.udp",
    "[sip]\nudp = 70000": "Port 70000",
    "[sip]\ntcp = 5061": "same TCP port",
    "sip = 5": "is a section",
    "[media]\nfirst_port = 30000\nlast_port = 20000": "no usable range",
    "[media]\nfirst_port = 5000\nlast_port = 6000": "lies in the RTP range",
    "[log]\nlevel = 'loud'": "loud",
    "this is not toml": "not valid TOML",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=MISTAKES[text]) as caught:
        load_settings(path, {})
    assert caught.value.exit_code == 78


def test_a_data_folder_too_deep_for_sockets_is_refused() -> None:
    with pytest.raises(ConfigError, match="too long"):
        load_settings(None, {"KIESTOON_DATA_DIR": "/x" * 60})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_settings(tmp_path / "no.toml", {})


def test_settings_survive_the_way_to_a_child_process() -> None:
    settings = Settings(data_dir="/srv/k", sip=SipSettings(udp=5099, hosts=("::1",)))
    assert settings_from_json(settings_to_json(settings)) == settings


@pytest.mark.parametrize("processes", [1, 2, 3, 7])
def test_media_processes_share_the_port_range_without_overlap(processes: int) -> None:
    settings = load_settings(None, {"KIESTOON_MEDIA_PROCESSES": str(processes)})
    ranges = [settings.media_ports(number) for number in range(processes)]
    assert all(first % 2 == 0 and first < last for first, last in ranges)
    assert all(before[1] < after[0] for before, after in pairwise(ranges))
    assert ranges[0][0] >= 20000
    assert ranges[-1][1] <= 29999


def test_every_setting_is_in_the_administrators_guide() -> None:
    guide = (ROOT / "docs" / "admin" / "configuration.md").read_text()
    for name, value in msgspec.structs.asdict(Settings()).items():
        assert (f"[{name}]" if isinstance(value, Section) else f"{name} = ") in guide
        if isinstance(value, Section):
            section = guide.split(f"[{name}]")[1].split("\n[")[0]
            for field, default in msgspec.structs.asdict(value).items():
                shown = list(default) if isinstance(default, tuple) else default
                assert f"{field} = {msgspec.json.encode(shown).decode()}".replace(",", ", ") in section
