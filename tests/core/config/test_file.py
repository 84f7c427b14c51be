import os
import stat
import tempfile
import threading
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.config import file as config_file
from core.config.file import LARGEST, Loaded, load, set_value, stamp, unset
from core.config.schema import Config, Log, Server, read, table
from core.config.tree import MOST
from core.config.types import Value
from core.config.ui import Ui
from core.config.values import find
from core.errors import ConfigError, LeitstandError, NotFound
from core.guard import one_line


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def write(file: Path, text: str) -> Path:
    file.write_bytes(text.encode())
    return file


def found(file: Path) -> list[tuple[str, int | None, str]]:
    return [(problem.key, problem.line, problem.hint) for problem in load(file).problems]


# Reading


def test_without_a_file_everything_has_its_default(file: Path) -> None:
    assert load(file) == Loaded()


def test_a_sound_file_is_read_whole(file: Path) -> None:
    write(
        file,
        '\ufeffserver.url = "gpubox"\r\nlog = { level = "debug" }\r\n'
        "[ui]\r\nbell = true\r\nframes_ssh = 5\r\n"
        '[keys]\r\npalette = "f1"\r\nchat.new = "f2"\r\n"chat.old" = ""\r\n[keys.go]\r\nhome = "h"\r\n',
    )
    loaded = load(file)
    assert loaded.problems == ()
    assert loaded.config == Config(
        server=Server(url="gpubox"),
        ui=Ui(bell=True, frames_ssh=5),
        keys={"palette": "f1", "chat.new": "f2", "chat.old": "", "go.home": "h"},
        log=Log(level="debug"),
    )
    assert loaded.given == {"server.url", "log.level", "ui.bell", "ui.frames_ssh", "keys"}


SYNTAX = "The file is not valid TOML: "

BROKEN = [
    pytest.param("[ui]\nbell = yes\n", 2, id="bare word"),
    pytest.param("[ui\nbell = true\n", 1, id="open header"),
    pytest.param("a = 1\n\n\nb = [1,\n2\n\n\n", 5, id="open array"),
    pytest.param('a = 1\nb = "x\nc = 1\n', 2, id="open string"),
    pytest.param('b = """x\nc = 1\n', 2, id="open long string"),
    pytest.param("[ui]\nbell = true\nbell = false\n", 3, id="twice"),
    pytest.param("[ui]\n\n[ui]\n", 3, id="two headers"),
    pytest.param("a = 1\nb\x1b]0;x\x07 = 2", 2, id="escape"),
    pytest.param("a = 1\n\x00", 2, id="nul"),
    pytest.param("a = 1\n= 2", 2, id="no key"),
    pytest.param("\na = 2026-02-31", 2, id="impossible date"),
    pytest.param("a = 1" + "0" * 5000, None, id="endless number"),
]


@pytest.mark.parametrize(("text", "line"), BROKEN)
def test_a_broken_file_is_one_problem_with_its_line_and_all_defaults(
    file: Path, text: str, line: int | None
) -> None:
    loaded = load(write(file, text))
    assert loaded.config == Config()
    (problem,) = loaded.problems
    assert (problem.key, problem.line) == ("", line)
    assert problem.message.startswith(SYNTAX)
    assert problem.message == one_line(problem.message)
    assert problem.hint


@pytest.mark.parametrize(
    "text", [f"a = {'[' * 100_000}", f"keys.{'a.' * 1500}b = ''", f"ui.{'a.' * 1500}b = 1"]
)
def test_a_file_nested_without_end_is_a_problem_and_no_crash(file: Path, text: str) -> None:
    (problem,) = load(write(file, text)).problems
    assert problem.message in {
        "The file is nested too deeply to be read.",
        "There is no setting named ui.a.",
    }
    with pytest.raises(ConfigError):
        set_value(file, "ui.bell", "on")
    assert file.read_text() == text


WRONG = [
    pytest.param("\n[ui]\nbell = 1\n", "ui.bell", 3, "Until that is mended, it is false.", id="type"),
    pytest.param("ui.bell = 'no'", "ui.bell", 1, "Until that is mended, it is false.", id="dotted"),
    pytest.param(
        "ui = { bell = true,\n  frames_ssh = 0 }".replace("\n", " "),
        "ui.frames_ssh",
        1,
        "Until that is mended, it is 10.",
        id="inline table",
    ),
    pytest.param(
        '["ui"]\n# x\n"th\\u0065me" = "leitstand-drak"',
        "ui.theme",
        3,
        "Did you mean leitstand-dark?",
        id="quoted keys",
    ),
    pytest.param(
        "[ui]\nframes_ssh = [\n1,\n]\n", "ui.frames_ssh", 2, "Until that is mended, it is 10.", id="array"
    ),
    pytest.param("[ui]\nmouse = 1979-05-27", "ui.mouse", 2, "Until that is mended, it is true.", id="date"),
    pytest.param("[ui]\n[ui.mouse]\nx = 1", "ui.mouse", 2, "Until that is mended, it is true.", id="table"),
    pytest.param(
        "[server]\ncheck_every = nan", "server.check_every", 2, "Until that is mended, it is 10.0.", id="nan"
    ),
    pytest.param(
        f"[server]\ncheck_every = 0x1{'0' * 5000}",
        "server.check_every",
        2,
        "Until that is mended, it is 10.0.",
        id="huge",
    ),
    pytest.param(
        '\n[server]\nurl = "a\\u001b[2J"', "server.url", 3, 'Until that is mended, it is "".', id="escape"
    ),
    pytest.param("ui = 3", "ui", 1, "Write [ui], and its settings below.", id="no table"),
    pytest.param("[[ui]]\nbell = true", "ui", 1, "Write [ui], and its settings below.", id="array of tables"),
    pytest.param("[ui]\nthme = 1", "ui.thme", 2, "Did you mean ui.theme?", id="typo"),
    pytest.param("theme = 1", "theme", 1, "Did you mean ui.theme?", id="no section"),
    pytest.param("\n\n[uii]\na = 1\nb = 2", "uii", 3, "Did you mean ui?", id="section typo"),
    pytest.param("[ui]\nqqq = 1", "ui.qqq", 2, "", id="nothing near"),
    pytest.param('"ui.theme" = 1', '"ui.theme"', 1, "Did you mean ui.theme?", id="key with dots"),
    pytest.param('["\\u001b[31m"]', '"␛[31m"', 1, "", id="escape in a key"),
    pytest.param("[keys]\na = 'x'\nb.c = 3", "keys.b.c", 3, "", id="map entry"),
    pytest.param("keys = 3", "keys", 1, "Until that is mended, it is a table.", id="no map"),
    pytest.param("[keys]\n'\\' = ''\n'x\ty' = ''", 'keys."x y"', 3, "", id="map name"),
]


@pytest.mark.parametrize(("text", "key", "line", "hint"), WRONG)
def test_a_wrong_key_is_named_with_its_line(file: Path, text: str, key: str, line: int, hint: str) -> None:
    write(file, text)
    assert found(file) == [(key, line, hint)]
    for problem in load(file).problems:
        assert problem.message == one_line(problem.message)


def test_every_problem_is_told_in_order_and_everything_else_kept(file: Path) -> None:
    text = (
        '[ui]\nbell = "loud"\ntheme = "leitstand-light"\nframes_ssh = 900\n[log]\nlevel = 3\n'
        '[server]\nurll = "x"\nurl = "gpubox"\n[keys]\na = "x"\nb = 3\n'
    )
    loaded = load(write(file, text))
    assert [(problem.line, problem.key) for problem in loaded.problems] == [
        (2, "ui.bell"),
        (4, "ui.frames_ssh"),
        (6, "log.level"),
        (8, "server.urll"),
        (12, "keys.b"),
    ]
    assert loaded.problems[1].sentence == (
        "Line 4: ui.frames_ssh is 900; it must be a whole number from 1 to 60 per second."
    )
    assert loaded.config == Config(
        server=Server(url="gpubox"), ui=Ui(theme="leitstand-light"), keys={"a": "x"}
    )
    assert file.read_text() == text


def test_what_is_wrong_stays_as_it_was_before(file: Path) -> None:
    before = load(write(file, 'keys = { a = "1", b = "2" }\n[ui]\nbell = true\nframes_ssh = 5\n'))
    torn = load(write(file, 'keys = { a = 1, c = "3" }\n[ui]\nbell = "x"\n'), before)
    assert torn.config == Config(ui=Ui(bell=True), keys={"a": "1", "c": "3"})
    assert torn.given == {"ui.bell", "keys"}
    unreadable = load(write(file, "["), before)
    assert (unreadable.config, unreadable.given) == (before.config, before.given)


def test_a_section_that_is_no_table_stays_as_it_was_before(file: Path) -> None:
    before = load(write(file, "[ui]\nbell = true\n"))
    assert load(write(file, "ui = 1"), before).config.ui == Ui(bell=True)


def test_a_file_of_another_kind_is_told_briefly(file: Path) -> None:
    problems = load(write(file, "".join(f"k{number} = 1\n" for number in range(20_000)))).problems
    assert len(problems) == MOST + 1
    assert problems[-1].message == f"The file has {20_000 - MOST} more problems like these."


def test_a_directory_is_not_read(tmp_path: Path) -> None:
    (problem,) = load(tmp_path).problems
    assert problem.message.endswith("is a directory, not a file.")


def test_a_pipe_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file)
    (problem,) = load(file).problems
    assert problem.message.endswith("is not a regular file.")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_a_problem(file: Path) -> None:
    write(file, "").chmod(0)
    (problem,) = load(file).problems
    assert problem.message.endswith("cannot be read: Permission denied.")


def test_a_path_that_leads_nowhere_is_a_problem(file: Path) -> None:
    file.symlink_to(file)
    (problem,) = load(file).problems
    assert "cannot be read" in problem.message
    (problem,) = load(file.parent / ("x" * 300)).problems
    assert problem.message.endswith("cannot be read: File name too long.")


def test_a_name_with_control_characters_is_shown_harmlessly(tmp_path: Path) -> None:
    directory = tmp_path / "\x1b]0;x\x07"
    directory.mkdir()
    (problem,) = load(directory).problems
    assert problem.message == one_line(problem.message)


def test_text_that_is_not_utf8_has_a_line(file: Path) -> None:
    file.write_bytes(b"# a\n# b\nx = '\xff'\n")
    (problem,) = load(file).problems
    assert problem.line == 3
    assert problem.message.endswith("is not UTF-8 text.")


def test_a_huge_file_is_not_read(file: Path) -> None:
    file.write_bytes(b"#" * (LARGEST + 1))
    (problem,) = load(file).problems
    assert problem.message.endswith("is larger than 1000 kB and was not read.")
    file.write_bytes(b"#" * LARGEST)
    assert load(file).problems == ()


PIECES = st.sampled_from(
    [
        *"[]{}=.,\n\r \"'#\\\x00\x1bé\ufeff\u2028",
        *(
            "[[",
            '"""',
            "ui",
            "keys",
            "theme",
            "bell",
            "true",
            "1",
            "nan",
            "1979-05-27",
            "[ui]\n",
            "bell = 1\n",
        ),
    ]
)


@given(st.binary(max_size=200) | st.lists(PIECES, max_size=40).map(lambda parts: "".join(parts).encode()))
@example(b"[keys]\n[keys.a]\n[[keys.b]]\n")
@example(b"keys = {a = {}}\n[ui.theme.x]\n")
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_read_without_a_fault(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "config.toml"
        file.write_bytes(content)
        loaded = load(file)
        assert file.read_bytes() == content
    for problem in loaded.problems:
        assert problem.message == one_line(problem.message)
        assert problem.line is None or 1 <= problem.line <= content.count(b"\n") + 1


# Writing

MINE = """\
# My settings.
server.url = 'gpubox'   # the big one

[ui]      # how I like it
theme = "leitstand-light" # day

# bell = true
frames_local = 30

# The log of the week.
[log]
level = "info"
"""


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        pytest.param(
            "ui.theme", "leitstand-dark", '"leitstand-light" # day', '"leitstand-dark" # day', id="value"
        ),
        pytest.param("server.url", "http://b", "'gpubox'   # the", '"http://b"   # the', id="dotted"),
        pytest.param("log.level", "debug", 'level = "info"', 'level = "debug"', id="last"),
        pytest.param("ui.bell", "on", "# bell = true\n", "# bell = true\nbell = true\n", id="at its comment"),
        pytest.param(
            "ui.mouse", False, "frames_local = 30\n", "frames_local = 30\nmouse = false\n", id="new key"
        ),
        pytest.param(
            "server.check_every", "5", "big one\n", "big one\nserver.check_every = 5.0\n", id="new dotted key"
        ),
        pytest.param(
            "keys.palette",
            "ctrl+p, f1",
            'level = "info"\n',
            'level = "info"\n\n[keys]\npalette = "ctrl+p, f1"\n',
            id="new table",
        ),
        pytest.param(
            "keys.chat.new",
            "f2",
            'level = "info"\n',
            'level = "info"\n\n[keys]\n"chat.new" = "f2"\n',
            id="entry",
        ),
    ],
)
def test_setting_a_key_changes_its_place_and_nothing_else(
    file: Path, key: str, value: Value, before: str, after: str
) -> None:
    for ending in ("\n", "\r\n"):
        for mark in ("", "\ufeff"):
            write(file, mark + MINE.replace("\n", ending))
            set_value(file, key, value)
            assert before in MINE
            assert file.read_bytes().decode() == mark + MINE.replace(before, after).replace("\n", ending)


@pytest.mark.parametrize(
    ("text", "key", "after"),
    [
        pytest.param(MINE, "ui.theme", MINE.replace('theme = "leitstand-light" # day\n', ""), id="key"),
        pytest.param(
            MINE, "server.url", MINE.replace("server.url = 'gpubox'   # the big one\n", ""), id="dotted"
        ),
        pytest.param(MINE, "ui.mouse", MINE, id="not there"),
        pytest.param(MINE, "keys.palette", MINE, id="table not there"),
        pytest.param("[ui]\nthme = 1\nbell = true\n", "ui.thme", "[ui]\nbell = true\n", id="unknown"),
        pytest.param(
            '[keys]\n"chat.new" = "x"\na = ""\n', "keys.chat.new", '[keys]\na = ""\n', id="quoted entry"
        ),
        pytest.param(
            '[keys]\nchat.new = "x"\na = ""\n', "keys.chat.new", '[keys]\na = ""\n', id="dotted entry"
        ),
        pytest.param('[keys]\nb = ""\n[log]\n', "keys", "[log]\n", id="whole map"),
        pytest.param(
            '"ui.bell" = 1\n[ui]\nbell = true\n', "ui.bell", '"ui.bell" = 1\n[ui]\n', id="the right one"
        ),
        pytest.param("ui = 3\n", "ui.bell", "ui = 3\n", id="not a table"),
    ],
)
def test_unsetting_a_key_takes_it_out_and_nothing_else(file: Path, text: str, key: str, after: str) -> None:
    unset(write(file, text), key)
    assert file.read_text() == after


def test_unsetting_an_unknown_key_says_so(file: Path) -> None:
    with pytest.raises(NotFound) as caught:
        unset(write(file, MINE), "ui.thme")
    assert caught.value.hint == "Did you mean ui.theme?"


def test_a_new_file_is_private_and_so_is_its_directory(tmp_path: Path) -> None:
    file = tmp_path / "new" / "leitstand" / "config.toml"
    set_value(file, "ui.bell", "yes")
    assert file.read_text() == (
        "# The settings of Leitstand. `leitstand config example` shows every one of them.\n"
        "\n[ui]\nbell = true\n"
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_a_directory_that_is_there_keeps_its_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    file = write(tmp_path / "config.toml", "")
    file.chmod(0o644)
    set_value(file, "ui.bell", "yes")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "leitstand.toml"
    real.parent.mkdir()
    link = tmp_path / "config.toml"
    link.symlink_to(Path("dotfiles") / "leitstand.toml")
    set_value(link, "ui.bell", "on")  # made where the link points
    set_value(link, "ui.mouse", "off")
    assert link.is_symlink()
    assert tomllib.loads(real.read_text()) == {"ui": {"bell": True, "mouse": False}}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "dotfiles"]


@pytest.mark.parametrize(("text", "line"), BROKEN)
def test_a_broken_file_is_never_written(file: Path, text: str, line: int | None) -> None:
    write(file, text)
    place = f"Line {line}: " if line else ""
    with pytest.raises(ConfigError) as setting:
        set_value(file, "ui.bell", "on")
    with pytest.raises(ConfigError) as unsetting:
        unset(file, "ui.bell")
    for caught in (setting, unsetting):
        assert caught.value.message.startswith(f"Nothing was written. {place}{SYNTAX}")
    assert file.read_bytes() == text.encode()
    assert list(file.parent.iterdir()) == [file]


def test_a_wrong_value_is_refused_before_anything_is_touched(file: Path) -> None:
    write(file, MINE)
    seen = stamp(file)
    for key, value in (
        ("ui.theme", "pink"),
        ("ui.frames_ssh", 0),
        ("keys.a", "\x1b"),
        ("keys", "a"),
        ("keys", {}),
    ):
        with pytest.raises(ConfigError):
            set_value(file, key, value)
    with pytest.raises(NotFound):
        set_value(file, "ui.thme", "x")
    assert stamp(file) == seen


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ui = 3\n", "ui.bell"),
        ("[[ui]]\nx = 1\n", "ui.bell"),
        ("[ui.bell]\nx = 1\n[ui]\n", "ui.bell"),
        ("[keys]\nchat.new = 'x'\n", "keys.chat"),
    ],
)
def test_a_file_of_another_shape_is_left_to_its_owner(file: Path, text: str, key: str) -> None:
    write(file, text)
    with pytest.raises(ConfigError, match="a table"):
        set_value(file, key, "on")
    assert file.read_text() == text


def test_a_key_leaves_a_table_on_one_line(file: Path) -> None:
    unset(write(file, "ui = { bell = true, mouse = false } # both\n"), "ui.bell")
    assert tomllib.loads(file.read_text()) == {"ui": {"mouse": False}}
    assert file.read_text().endswith("# both\n")


def test_other_mistakes_in_the_file_do_not_hinder_a_write(file: Path) -> None:
    write(file, "[ui]\nthme = 1\nbell = 'x'\n")
    set_value(file, "ui.bell", "on")
    assert file.read_text() == "[ui]\nthme = 1\nbell = true\n"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    write(tmp_path / "file", "")
    for path in (tmp_path / "file" / "config.toml", Path("/proc/leitstand/config.toml"), tmp_path):
        with pytest.raises(ConfigError) as caught:
            set_value(path, "ui.bell", "on")
        assert caught.value.hint


def test_a_write_that_fails_half_way_leaves_the_file_and_no_other(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    write(file, MINE)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        set_value(file, "ui.bell", "on")
    assert file.read_text() == MINE
    assert list(file.parent.iterdir()) == [file]


def test_an_editor_that_saves_meanwhile_loses_nothing(file: Path) -> None:
    write(file, MINE)
    meanwhile = [MINE.replace("30", "25"), MINE.replace("30", "15")]

    def change(text: str, parsed: dict[str, Any]) -> str:
        if meanwhile:
            write(file, meanwhile.pop(0))
        parsed["log"]["level"] = "error"
        return text.replace('"info"', '"error"')

    config_file._edit(file, change)
    assert file.read_text() == MINE.replace("30", "15").replace('"info"', '"error"')


def test_a_file_that_never_rests_is_not_overwritten(file: Path) -> None:
    writes = 0

    def change(text: str, parsed: dict[str, Any]) -> str:
        nonlocal writes
        writes += 1
        write(file, f"# {'x' * writes}\n")
        parsed["a"] = 1
        return text + "a = 1\n"

    with pytest.raises(ConfigError, match="keeps writing"):
        config_file._edit(file, change)
    assert file.read_text() == f"# {'x' * writes}\n"


def test_a_change_that_touches_other_keys_is_not_written(file: Path) -> None:
    write(file, MINE)
    with pytest.raises(ConfigError, match="without touching others"):
        config_file._edit(file, lambda text, _: text.replace("30", "31"))
    assert file.read_text() == MINE


def test_many_writers_at_once_lose_nothing(file: Path) -> None:
    write(file, MINE)
    names = [f"action{number}" for number in range(12)]
    failures: list[LeitstandError] = []

    def put(name: str) -> None:
        try:
            set_value(file, f"keys.{name}", name)
        except LeitstandError as error:
            failures.append(error)

    threads = [threading.Thread(target=put, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert load(file).config.keys == {name: name for name in names}
    assert file.read_text().startswith(MINE)
    assert list(file.parent.iterdir()) == [file]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30).filter(
    lambda text: text == one_line(text)
)
LAYOUTS = st.sampled_from(
    [
        "",
        MINE,
        MINE.replace("\n", "\r\n"),
        MINE.rstrip(),
        "ui = {}\nserver = { url = 'a' }\nlog = {}\nkeys = {}\n",
        "ui = { theme = 'leitstand-16' }\n",
        "[ui]\n[server]\n[log]\n[keys]\n",
        "[server]\nurl = 'a'\n[ui.extra]\nx = 1\n[keys.chat]\nnew = 'x'\n[ui]\n",
        "ui.bell = true\nui.theme = 'leitstand-16'\nkeys.a = ''\nkeys.chat.new = 'x'\nlog.level = 'info'\n",
        "[keys]\n# x\nchat.new = '''x'''\n'é' = 'y' # z",
        "x = [\n{ ui = 1 },\n]\n[[y]]\nz = nan\n[[y.ui]]\n",
    ]
)


@st.composite
def choices(draw: st.DrawFn) -> tuple[str, Value]:
    setting = table()[draw(st.sampled_from(list(table())))][0]
    match setting.kind:
        case "switch":
            return setting.path, draw(st.booleans())
        case "integer":
            return setting.path, draw(st.integers(int(setting.minimum or 0), int(setting.maximum or 9)))
        case "number":
            return setting.path, draw(st.floats(setting.minimum, setting.maximum))
        case "choice":
            return setting.path, draw(st.sampled_from(setting.choices))
        case "list":
            return setting.path, draw(st.lists(TEXTS, max_size=3))
        case "map":
            entry = draw(st.sampled_from(["a", "chat.new", "chat", "é", "q'\"q", "new.entry"]))
            return f"{setting.path}.{entry}", draw(TEXTS)
    return setting.path, draw(TEXTS)


def value_of(config: Config, key: str) -> Value | None:
    setting, entry = find(key)
    value = read(config, setting.path)
    return value.get(entry) if entry and isinstance(value, dict) else value


def others(config: Config, key: str) -> dict[str, Value]:
    """Every value but that of one key, entries of maps by themselves."""
    values: dict[str, Value] = {}
    for path in table():
        value = read(config, path)
        entries = value.items() if isinstance(value, dict) else ()
        values |= {f"{path}.{name}": text for name, text in entries} if entries else {path: value}
    maps = {path for path, (setting, _) in table().items() if setting.kind == "map"}
    return {path: value for path, value in values.items() if path != key and path not in maps}


@given(LAYOUTS, st.lists(choices(), min_size=1, max_size=4))
@settings(deadline=None, max_examples=150)
def test_what_was_set_is_read_and_unsetting_it_gives_the_default(
    layout: str, chosen: list[tuple[str, Value]]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = write(Path(directory) / "config.toml", layout)
        problems = {problem.key for problem in load(file).problems}
        for key, value in chosen:
            before = load(file).config
            if key.endswith(".chat") and value_of(before, f"{key}.new") is not None:
                continue  # in some layouts a table, which is not replaced
            set_value(file, key, value)
            loaded = load(file)
            assert value_of(loaded.config, key) == value
            assert others(loaded.config, key) == others(before, key)
            assert {problem.key for problem in loaded.problems} == problems
        for key, _ in chosen:
            before = load(file).config
            if key.endswith(".chat") and value_of(before, key) is None:
                continue
            unset(file, key)
            assert value_of(load(file).config, key) == value_of(Config(), key)
            assert others(load(file).config, key) == others(before, key)
        comments = [line for line in layout.splitlines() if line.startswith("#")]
        assert [line for line in file.read_text().splitlines() if line in comments] == comments
