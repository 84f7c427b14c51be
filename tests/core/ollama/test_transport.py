from __future__ import annotations

import subprocess
import sys

import pytest

from core.errors import ConfigError
from core.ollama.address import parse
from core.ollama.transport import build, proxy_for

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_nothing_heavy_is_imported_before_the_first_request() -> None:
    seen = run(
        "import sys, core.ollama.client, core.ollama.connection, core.ollama.registry, core.ollama.wire\n"
        "heavy = ('httpx', 'httpcore', 'anyio', 'rich', 'urllib.request')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    assert seen == "[]"


def test_loading_httpx_leaves_out_its_command_line_and_leaves_nothing_for_later() -> None:
    seen = run(
        "import sys, asyncio\n"
        "from core.ollama.transport import load_httpx\n"
        "load_httpx()\n"
        "print([name for name in ('rich', 'click', 'pygments', 'httpx._main') if name in sys.modules])\n"
        "before = set(sys.modules)\n"
        "from core.ollama.address import parse\n"
        "from core.ollama.client import Ollama\n"
        "from core.errors import ServerUnavailable\n"
        "async def main():\n"
        "    try: await Ollama(parse('127.0.0.1:9')).version()\n"
        "    except ServerUnavailable: print('away')\n"
        "asyncio.run(main())\n"
        "late = sorted(name for name in set(sys.modules) - before if not name.startswith('core.'))\n"
        "print([name for name in late if name.split('.')[0] in ('httpx', 'httpcore', 'anyio', 'h11', 'ssl')])"
    )
    assert seen.splitlines() == ["[]", "away", "[]"]


@pytest.mark.parametrize(
    ("address", "environment", "proxy"),
    [
        ("gpu-box", {}, None),
        ("gpu-box", {"HTTP_PROXY": "http://p:3128"}, "http://p:3128"),
        ("gpu-box", {"http_proxy": "p:3128"}, "http://p:3128"),
        ("gpu-box", {"HTTPS_PROXY": "http://p:3128"}, None),
        ("https://gpu-box", {"HTTPS_PROXY": "http://p:3128"}, "http://p:3128"),
        ("https://gpu-box", {"ALL_PROXY": "http://p:3128"}, "http://p:3128"),
        ("gpu-box", {"HTTP_PROXY": "http://p:3128", "NO_PROXY": "gpu-box"}, None),
        ("gpu.example.org", {"HTTP_PROXY": "http://p:3128", "NO_PROXY": ".example.org"}, None),
        ("gpu.example.org", {"HTTP_PROXY": "http://p:3128", "NO_PROXY": "*"}, None),
        ("gpu-box:1", {"HTTP_PROXY": "http://p:3128", "NO_PROXY": "gpu-box:1"}, None),
        ("127.0.0.1", {"HTTP_PROXY": "http://p:3128"}, None),
        ("localhost", {"HTTP_PROXY": "http://p:3128"}, None),
        ("::1", {"ALL_PROXY": "http://p:3128"}, None),
    ],
)
def test_the_environment_names_the_proxy_but_never_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, address: str, environment: dict[str, str], proxy: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(parse(address)) == proxy


@pytest.mark.parametrize("proxy", ["socks5://me:secret@p:1080", "gopher://p"])
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(ConfigError) as caught:
        build(parse("gpu-box"), None, 5)
    assert proxy.rpartition("@")[2] in caught.value.message
    assert "secret" not in caught.value.message
