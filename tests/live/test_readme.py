"""README.md is true: its examples run as they stand, its keys, states and metrics are there."""

import re
import signal
import subprocess

import pytest
from PIL import Image

from quickstart import Quickstart, read_until
from sandbox import ROOT, build_dir

README = (ROOT / "README.md").read_text()


def blocks(kind):
    """The fenced blocks of that kind, in order."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, re.M | re.S)


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.M | re.S)[1]


def first_columns(text):
    """What stands in backquotes in the first column of the tables."""
    rows = re.findall(r"^\| (`.*?) \|", text, re.M)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


@pytest.fixture
def terminal(tmp_path):
    """Runs commands as a reader does in a second terminal, at the root of a tree."""
    for name, target in (("build", build_dir()), ("tests", ROOT / "tests"), ("include", ROOT / "include")):
        (tmp_path / name).symlink_to(target)
    run = Quickstart(tmp_path, build_dir())
    process = run.start("--keep", "--set", f"effects.dir={ROOT}/tests/data/effects")
    lines = read_until(process, "Logs:")
    export = next(line for line in lines if "export RETOUCH_REDIS=" in line)

    def enter(command):
        subprocess.run(["bash", "-euo", "pipefail", "-c", export + command], cwd=tmp_path, check=True,
                       stdin=subprocess.DEVNULL, timeout=100)

    yield enter
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert run.processes() == []


def assert_avatar(path):
    with Image.open(path) as image:
        image.load()


def test_shell_examples_make_avatars(terminal, tmp_path):
    push, redis_cli = blocks("sh")[:2]
    terminal(push)
    assert_avatar(tmp_path / "my-avatars" / "portrait.jpg")
    terminal(redis_cli)
    assert_avatar(tmp_path / "first-shell.jpg")


def test_python_example_makes_an_avatar(terminal, tmp_path):
    (tmp_path / "first.py").write_text(blocks("python")[0])
    terminal("/usr/bin/python3 first.py")
    assert_avatar(tmp_path / "first-python.jpg")


def test_c_example_makes_an_avatar(terminal, tmp_path):
    library = build_dir() / "src" / "client" / "libretouch.so"
    if b"__asan_init" in library.read_bytes():
        pytest.skip("a library with sanitizers wants a program with them")
    (tmp_path / "first.c").write_text(blocks("c")[0])
    terminal(blocks("sh")[2])
    assert_avatar(tmp_path / "first-c.jpg")


def test_effect_example_makes_a_picture(terminal, tmp_path):
    terminal(blocks("sh effects")[0])
    assert_avatar(tmp_path / "tinted" / "portrait.jpg")


def test_photo_examples_make_id_photos(terminal, tmp_path):
    recipe, changes, purge = blocks("sh photo")
    terminal(recipe)
    terminal(changes)
    for name in ("eileen.jpg", "plain.jpg", "red.jpg"):
        with Image.open(tmp_path / name) as image:
            assert image.size == (413, 579)
    terminal(purge)
    terminal("! build/src/main/retouch photo eileen")


def test_effect_keys_are_documented():
    text = (ROOT / "deploy" / "effects" / "README.md").read_text()
    rows = re.findall(r'^    \{"(\w+)", +"(\w+)",', (ROOT / "src" / "wire" / "effect_key.c").read_text(), re.M)
    assert len(rows) > 40
    for heading in {row[0] for row in rows}:
        part = re.search(rf"^## \[{heading}( NAME)?\]\n(.*?)(?=^## |\Z)", text, re.M | re.S)[2]
        assert sorted(first_columns(part)) == sorted(key for name, key in rows if name == heading)


def test_operators_commands_are_rows():
    rows = set(re.findall(r"^X\((\w+)\)", (ROOT / "src" / "main" / "commands.def").read_text(), re.M))
    named = set(re.findall(r"`retouch ([a-z]+)\b", README))
    listed = {name.split()[0] for name in first_columns(section("On a terminal"))}
    assert named | listed <= rows and listed


def test_configuration_table_is_the_sample():
    sample, heading = [], ""
    for line in (ROOT / "deploy" / "retouchd.conf").read_text().splitlines():
        heading = line.strip("[]") if line.startswith("[") else heading
        if match := re.fullmatch(r"#(\w+) = ?(.*)", line):
            sample.append((f"{heading}.{match[1]}", match[2]))
    table = re.findall(r"^\| `([^`]+)` \| (?:`([^`]+)`)? \|", section("Configuration"), re.M)
    assert table == sample


def test_metrics_are_rows():
    rows = "".join((ROOT / "src" / "stats" / name).read_text() for name in ("stats.def", "gauges.def"))
    names = [name.split("{")[0] for name in first_columns(section("Watching it"))]
    assert names
    for name in names:
        assert f'"{name}"' in rows, name


def test_log_events_are_logged():
    text = section("Watching it").split("The log goes", 1)[1]
    sources = "".join(path.read_text() for path in (ROOT / "src").glob("*/*.c"))
    for event in re.findall(r"`([a-z]+_?[a-z]+)`", text):
        assert f'"{event}"' in sources, event


def test_links_lead_somewhere():
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert (ROOT / target).exists(), f"{page.name}: {target}"
