"""tools/quickstart: avatars of the photos, and nothing left running, whatever happens."""

import os
import signal
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from quickstart import Quickstart, read_until
from sandbox import PHOTOS, build_dir

ID_LINKS = 6  # of an ID photo in three colours, before and after
PROGRAMS = ["src/main/retouchd", "src/main/retouch", "tools/sandbox/retouch-sandbox"]


@pytest.fixture
def quickstart(tmp_path):
    run = Quickstart(tmp_path, build_dir())
    yield run
    assert run.processes() == []


def replace_program(folder, name, script):
    """A build directory in which one program is another."""
    for program in PROGRAMS:
        path = folder / program
        path.parent.mkdir(parents=True, exist_ok=True)
        if program.endswith("/" + name):
            path.write_text("#!/bin/sh\n" + script)
            path.chmod(0o755)
        else:
            path.symlink_to(build_dir() / program)
    return folder


def linked_files(page):
    """What the page's images name, as paths."""
    return [unquote(part.split('"')[0]) for part in page.read_text().split('src="')[1:]]


def assert_opens(path):
    with Image.open(path) as image:
        image.load()


def test_makes_an_avatar_of_each_sample_photo(quickstart):
    result = quickstart.run()
    out = quickstart.folder / "quickstart-out"
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{out}/index.html" in result.stdout
    links = linked_files(out / "index.html")
    assert len(links) == ID_LINKS + 2 * len([p for p in PHOTOS.iterdir() if p.suffix in (".jpg", ".png")])
    for link in links:
        assert not link.startswith("/")
        assert_opens(out / link)


def test_makes_an_id_photo_in_three_colours_with_one_make(quickstart):
    result = quickstart.run()
    assert "1 call of idphoto.make, 3 of idphoto.background" in result.stdout
    links = linked_files(quickstart.folder / "quickstart-out" / "index.html")[-ID_LINKS:]
    assert links[::2] == ["photos/portrait.jpg"] * 3
    corners = []
    for link in links[1::2]:
        with Image.open(quickstart.folder / "quickstart-out" / link) as image:
            assert image.size == (413, 579)
            corners.append(image.convert("RGB").getpixel((20, 20)))
    for corner, colour in zip(corners, ((255, 255, 255), (0x43, 0x8e, 0xdb), (255, 0, 0))):
        assert all(abs(a - b) < 24 for a, b in zip(corner, colour)), (corner, colour)


def test_takes_photos_of_any_name_and_of_one_name(quickstart):
    for folder in ("a", "b"):
        (quickstart.folder / folder).mkdir()
        (quickstart.folder / folder / "<é &> 50%.jpg").write_bytes((PHOTOS / "portrait.jpg").read_bytes())
    result = quickstart.run("--out", "made", "a/<é &> 50%.jpg", "b")
    assert result.returncode == 0, result.stdout + result.stderr
    links = linked_files(quickstart.folder / "made" / "index.html")
    assert len(set(links)) == 4 + 3
    for link in links:
        assert_opens(quickstart.folder / "made" / link)


def test_runs_again_over_its_own_folder(quickstart):
    assert quickstart.run().returncode == 0
    assert quickstart.run(PHOTOS / "portrait.jpg").returncode == 0
    assert len(linked_files(quickstart.folder / "quickstart-out" / "index.html")) == 2 + ID_LINKS


def test_touches_no_folder_of_somebody_else(quickstart):
    own = quickstart.folder / "quickstart-out" / "portrait.jpg"
    own.parent.mkdir()
    own.write_text("mine")
    result = quickstart.run()
    assert result.returncode == 1
    assert "quickstart-out is there already" in result.stderr
    assert own.read_text() == "mine"
    assert list(own.parent.iterdir()) == [own]


@pytest.mark.parametrize("name, content, says", [("notes.txt", "text", "neither JPEG nor PNG"), ("gone.jpg", None, "not there")])
def test_refuses_what_is_no_photo(quickstart, name, content, says):
    if content is not None:
        (quickstart.folder / name).write_text(content)
    result = quickstart.run(name)
    assert result.returncode == 1
    assert f"{name}: {says}" in result.stderr
    assert not (quickstart.folder / "quickstart-out").exists()


def test_refuses_unknown_flags(quickstart):
    assert quickstart.run("--frobnicate").returncode == 2
    assert quickstart.run("--out").returncode == 2


def test_shows_the_log_of_a_worker_that_cannot_start(quickstart, tmp_path):
    quickstart.build = replace_program(tmp_path / "build", "retouchd", "echo the reason; exit 2\n")
    result = quickstart.run()
    assert result.returncode == 1
    assert "retouchd ended by itself, with status 2" in result.stderr
    assert "the reason" in result.stderr


def test_fails_where_avatars_are_missing_or_cut_short(quickstart, tmp_path):
    # push DIR with --out FOLDER being the last but one argument
    quickstart.build = replace_program(tmp_path / "build", "retouch", """
while [ $# -gt 2 ]; do shift; done
head -c 1000 "$2/portrait.jpg" >"$1/portrait.jpg"
""")
    result = quickstart.run()
    assert result.returncode == 1
    assert "portrait-small.png: no avatar" in result.stderr
    assert "portrait.jpg: not a good picture" in result.stderr
    assert "2 of 2 avatars" in result.stderr


def test_fails_where_the_push_fails(quickstart, tmp_path):
    quickstart.build = replace_program(tmp_path / "build", "retouch", "exit 1\n")
    assert quickstart.run().returncode == 1


def test_keeps_all_running_until_it_is_interrupted(quickstart):
    process = quickstart.start("--keep")
    lines = read_until(process, "Logs:")
    redis_url = next(line for line in lines if "RETOUCH_REDIS=" in line).split("=")[1].strip()
    push = [str(build_dir() / "src/main/retouch"), "push", "--wait", "--out", "mine", str(PHOTOS / "portrait.jpg")]
    subprocess.run(push, cwd=quickstart.folder, env={**os.environ, "RETOUCH_REDIS": redis_url}, check=True)
    assert_opens(quickstart.folder / "mine" / "portrait.jpg")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert not Path(redis_url.removeprefix("unix://")).parent.exists()


def test_ends_well_when_the_terminal_interrupts_all_its_processes(quickstart):
    process = quickstart.start("--keep")
    folder = Path(read_until(process, "Logs:")[-1].split()[1]).parent
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_leaves_nothing_running_when_it_is_ended(quickstart, number):
    process = quickstart.start("--keep")
    lines = read_until(process, "Logs:")
    assert quickstart.processes()
    process.send_signal(number)
    process.wait(timeout=60)
    process.stdout.close()
    quickstart.wait_for_quiet()
    if number == signal.SIGKILL:  # nobody could clear away
        folder = Path(lines[-1].split()[1]).parent
        subprocess.run(["rm", "-r", str(folder)], check=True)


def test_calls_the_real_api_where_all_of_it_is_set(quickstart, sandbox):
    real = {"MEITU_OPENAPI_ACCESS_KEY": "k", "MEITU_OPENAPI_SECRET_KEY": "s"}
    assert quickstart.run(**real).returncode == 0
    assert sandbox.billed() == 0
    result = quickstart.run(**real, MEITU_OPENAPI_BASE_URL=sandbox.url)
    assert result.returncode == 0, result.stderr
    assert sandbox.billed() == 2
    assert "ID photo" not in result.stdout
