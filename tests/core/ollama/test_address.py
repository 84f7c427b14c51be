from __future__ import annotations

import pytest

from core.errors import ConfigError
from core.ollama.address import parse


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("   ", "http://127.0.0.1:11434"),
        ("gpu-box", "http://gpu-box:11434"),
        ("gpu_box", "http://gpu_box:11434"),
        ("GPU-Box.Example.ORG", "http://gpu-box.example.org:11434"),
        ("gpu-box:8080", "http://gpu-box:8080"),
        (":8080", "http://127.0.0.1:8080"),
        ("gpu-box:", "http://gpu-box:11434"),
        ("192.168.1.5", "http://192.168.1.5:11434"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("[::1]", "http://[::1]:11434"),
        ("::1", "http://[::1]:11434"),
        ("fd00::25", "http://[fd00::25]:11434"),
        ("http://gpu-box", "http://gpu-box"),
        ("https://gpu-box", "https://gpu-box"),
        ("HTTPS://gpu-box:443/", "https://gpu-box"),
        ("http://gpu-box:443", "http://gpu-box:443"),
        ("https://[fd00::25]/", "https://[fd00::25]"),
        ("http://", "http://127.0.0.1"),
        ("https://gpu-box/ollama/", "https://gpu-box/ollama"),
        ("gpu-box/team/ollama", "http://gpu-box:11434/team/ollama"),
        ("//gpu-box", "http://gpu-box:11434"),
        ("'gpu-box:1234'", "http://gpu-box:1234"),
        (' "gpu-box" ', "http://gpu-box:11434"),
        ("http://gpu-box?x=1#y", "http://gpu-box"),
        ("bücher.example", "http://xn--bcher-kva.example:11434"),
    ],
)
def test_every_way_to_write_an_address_is_understood(text: str, url: str) -> None:
    address = parse(text)
    assert (address.url, address.notes) == (url, ())


@pytest.mark.parametrize(
    ("text", "url", "note"),
    [
        ("0.0.0.0", "http://127.0.0.1:11434", "listens"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080", "listens"),
        ("[::]:8080", "http://[::1]:8080", "listens"),
        ("http://0.0.0.0:11434", "http://127.0.0.1:11434", "listens"),
        ("::", "http://[::1]:11434", "listens"),
        ("gpu-box:99999", "http://gpu-box:11434", "99999"),
        ("gpu-box:0", "http://gpu-box:11434", "not a port"),
        ("gpu-box:-1", "http://gpu-box:11434", "not a port"),
        ("gpu-box:²", "http://gpu-box:11434", "not a port"),
        ("https://gpu-box:ollama", "https://gpu-box", "“ollama” is not a port; 443"),
        ("http://gpu-box:11434/v1", "http://gpu-box:11434", "/v1 was left out"),
        ("http://gpu-box:11434/v1/", "http://gpu-box:11434", "/v1 was left out"),
        ("gpu-box/api", "http://gpu-box:11434", "/api was left out"),
        ("http://gpu-box/ollama/v1/chat/completions", "http://gpu-box/ollama", "/v1/chat/completions"),
        ("https://gpu-box/ollama/api/tags", "https://gpu-box/ollama", "/api/tags was left out"),
        ("localhost", "http://localhost:11434", "127.0.0.1 is surer"),
    ],
)
def test_what_had_to_be_changed_is_said(text: str, url: str, note: str) -> None:
    address = parse(text)
    assert address.url == url
    assert len(address.notes) == 1
    assert note in address.notes[0]


def test_a_prefix_that_only_looks_like_a_route_is_kept() -> None:
    assert parse("https://gateway/api/ollama").url == "https://gateway/api/ollama"
    assert parse("https://gateway/myv1").url == "https://gateway/myv1"


@pytest.mark.parametrize(
    "text",
    [
        "ftp://gpu-box",
        "file:///etc/passwd",
        "gpu box",
        "gpu-box\nHost: other",
        "gpu-box\x1b]52;c;aGk=\x07",
        "gpu\u202ebox",
        "-gpu",
        "gpu..box",
        "a:b:c",
        "[::1]x:80",
        "[gpu-box",
        "x" * 300,
        "x" * 5000,
        "http://[::g]",
        "\ud800",
        "gpu<box>",
        "ü" * 100,
        "http://user:secret@bad host/",
    ],
)
def test_what_is_no_address_gets_one_harmless_sentence(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    sentence = caught.value.message
    assert len(sentence) < 200
    assert sentence.isprintable()
    assert "secret" not in sentence
    assert caught.value.hint


def test_a_login_is_kept_apart_and_never_shown() -> None:
    address = parse("https://me:s%40crt@gpu-box:8443/x")
    assert (address.username, address.password) == ("me", "s@crt")
    assert address.url == "https://gpu-box:8443/x"
    assert "s@crt" not in repr(address)
    assert "s@crt" not in str(address)


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("", True),
        ("127.0.0.1", True),
        ("127.5.5.5", True),
        ("127.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", True),
        ("localhost:99", True),
        ("ollama.localhost", True),
        ("192.168.1.5", False),
        ("gpu-box", False),
        ("127.example.org", False),
        ("localhost.example.org", False),
        ("fd00::25", False),
        ("::ffff:10.0.0.1", False),
    ],
)
def test_this_machine_is_recognised(text: str, loopback: bool) -> None:
    assert parse(text).loopback is loopback
