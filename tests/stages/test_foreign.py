"""A results folder among things that are not ours: links, modes, pipes, folders, signals."""

import errno
import functools
import os
import signal
import stat

import pytest

from errors import InputError
from stages import folder as stages_folder
from stages.folder import result_folder

OWN = ("predictions.csv", "test_metrics.json")
posix = pytest.mark.skipif(os.name == "nt", reason="modes, pipes and links of POSIX")


def fill(final, text="new"):
    with result_folder(final, OWN) as folder:
        for name in OWN:
            (folder / name).write_text(text)


def texts(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def refusal(final):
    """The line of a run that is refused before it does anything, and changes nothing."""
    before = {path: os.lstat(path) for path in final.parent.rglob("*")}
    with pytest.raises(InputError) as caught, result_folder(final, OWN):
        pytest.fail("began")
    now = {path: os.lstat(path) for path in final.parent.rglob("*")}
    assert {path: state.st_ino for path, state in now.items()} == {
        path: state.st_ino for path, state in before.items()
    }
    return str(caught.value)


# ---------------------------------------------------------------- links


@posix
def test_a_linked_folder_is_replaced_and_the_link_stays(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "disk").mkdir()
    target, link = tmp_path / "disk" / "results", tmp_path / "out" / "run"
    fill(target, "old")
    link.symlink_to(target)
    fill(link)
    assert link.is_symlink() and set(texts(target).values()) == {"new"}
    assert [path.name for path in tmp_path.rglob("*") if path.name[0] == "."] == []


@posix
def test_a_link_in_the_place_of_the_new_folder_takes_no_place(tmp_path):
    fill(tmp_path / "run", "old")
    (tmp_path / "theirs").mkdir()
    refused = pytest.raises(InputError, match=r"\.run\.partial: is not a folder")
    with refused, result_folder(tmp_path / "run", OWN) as partial:
        partial.rmdir()
        partial.symlink_to(tmp_path / "theirs")
    assert not (tmp_path / "run").is_symlink()
    assert set(texts(tmp_path / "run").values()) == {"old"}


@posix
def test_what_somebody_else_puts_into_the_new_folder_is_not_opened(tmp_path):
    with result_folder(tmp_path / "run", OWN) as partial:
        (partial / OWN[0]).write_text("new")
        (partial / "nowhere").symlink_to("nothing")  # a pipe would block
    assert (tmp_path / "run" / "nowhere").is_symlink()


@posix
def test_a_linked_output_dir_is_followed(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    fill(tmp_path / "out" / "run")
    assert (tmp_path / "out").is_symlink()
    assert set(texts(tmp_path / "disk" / "run")) == set(OWN)


@posix
def test_links_that_lead_to_no_folder_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "linked").symlink_to(tmp_path / "file")
    for name in ("dangling", "loop"):
        assert refusal(tmp_path / name).endswith(
            f"{name}: is a link that leads nowhere; remove it, or give another --output-dir"
        )
    assert "linked: is a file" in refusal(tmp_path / "linked")
    with pytest.raises(InputError, match="dangling: is a link that"):
        fill(tmp_path / "dangling" / "run")


def test_the_root_of_a_disk_is_refused(tmp_path, monkeypatch):
    fill(tmp_path / "run", "old")
    monkeypatch.setattr(stages_folder.os.path, "ismount", lambda path: path == tmp_path / "run")
    assert "run: is the root of a disk" in refusal(tmp_path / "run")


# ---------------------------------------------------------------- modes


@posix
def test_modes_are_kept(tmp_path):
    final = tmp_path / "run"
    fill(final, "old")
    (tmp_path / "usual").mkdir()
    assert final.stat().st_mode == (tmp_path / "usual").stat().st_mode
    (final / "notes.txt").write_text("mine")
    os.utime(final / "notes.txt", (1, 2))
    for path, mode in ((final, 0o700), (final / OWN[0], 0o600), (final / "notes.txt", 0o440)):
        path.chmod(mode)
    with result_folder(final, OWN) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / OWN[0]).write_text("new")
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in (final, *final.iterdir())}
    assert found == {final: 0o700, final / OWN[0]: 0o600, final / "notes.txt": 0o440}
    assert (final / "notes.txt").stat().st_mtime == 2


def test_a_folder_that_may_not_be_changed_is_refused(tmp_path, monkeypatch):
    """For root every folder may be, so that the system's answer is put in its mouth."""
    fill(tmp_path / "run", "old")
    (tmp_path / "run" / "drafts").mkdir()
    for name in ("run", "drafts"):
        with monkeypatch.context() as patched:
            patched.setattr(
                stages_folder.os, "access", lambda path, _, name=name: path.name != name
            )
            assert f"{name}: may not be changed; give another" in refusal(tmp_path / "run")


@posix
@pytest.mark.parametrize("shared", [".", "run"])
def test_what_only_others_may_move_is_refused_before_the_run(tmp_path, monkeypatch, shared):
    """In a folder such as /tmp only the owner of a file, or of the folder, renames it."""
    fill(tmp_path / "run", "old")
    (tmp_path / "run" / "notes.txt").write_text("theirs")
    for path in (tmp_path, tmp_path / "run"):
        path.chmod(0o1777 if path == tmp_path / shared else 0o777)
    owner = os.geteuid()
    monkeypatch.setattr(stages_folder.os, "geteuid", lambda: owner + 12345)
    assert "may not be changed; give another --output-dir" in refusal(tmp_path / "run")
    monkeypatch.setattr(stages_folder.os, "geteuid", lambda: owner)
    fill(tmp_path / "run")
    assert texts(tmp_path / "run")["notes.txt"] == "theirs"


@posix
def test_a_result_that_cannot_be_moved_at_the_end_is_said_with_what_to_do(tmp_path, monkeypatch):
    final = tmp_path / "run"
    fill(final, "old")

    def refuse(path, target):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path), None, str(target))

    monkeypatch.setattr(stages_folder, "exchange_folders", lambda a, b: False)
    monkeypatch.setattr(stages_folder.Path, "rename", refuse)
    line = rf"run: cannot be written .{os.strerror(errno.EPERM)}.; nothing was"
    with pytest.raises(InputError, match=line):
        fill(final)
    assert set(texts(final).values()) == {"old"}


# ---------------------------------------------------------------- what is not ours


@posix
def test_whatever_lies_beside_the_results_is_kept_as_it_is(tmp_path):
    final = tmp_path / "run"
    fill(final, "old")
    os.mkfifo(final / "pipe")
    (final / "drafts").mkdir()
    (final / "drafts" / "a.txt").write_text("mine")
    (final / "link").symlink_to("nowhere")
    (final / "notes.txt").write_text("mine")
    kept = {path.name: os.lstat(path).st_ino for path in final.iterdir() if path.name not in OWN}
    with open(final / "notes.txt", "a") as notes, result_folder(final, OWN) as folder:
        (folder / OWN[0]).write_text("new")
        notes.write(" and more")  # while the run goes on, and after it
    found = {path.name: os.lstat(path).st_ino for path in final.iterdir()}
    assert found == kept | {OWN[0]: os.lstat(final / OWN[0]).st_ino}
    assert (final / "notes.txt").read_text() == "mine and more"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@posix
def test_without_a_second_place_files_are_moved(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    final = tmp_path / "run"
    fill(final, "old")
    (final / "notes.txt").write_text("mine")
    monkeypatch.setattr(stages_folder.os, "link", refuse)
    fill(final)
    assert texts(final) == {"notes.txt": "mine", **dict.fromkeys(OWN, "new")}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@posix
@pytest.mark.parametrize("place", ["run/predictions.csv", ".run.partial", ".run.replaced"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "file"])
def test_what_has_a_name_of_ours_is_met_at_the_start(tmp_path, place, kind):
    (tmp_path / "run").mkdir()
    path = tmp_path / place
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
        (path / "mine.txt").write_text("mine")
    elif kind == "link":
        (tmp_path / "elsewhere").mkdir()
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.write_text("mine")
    if place == "run/predictions.csv" and kind in ("file", "link"):
        fill(tmp_path / "run")  # an earlier result, or the link to one
        assert texts(tmp_path / "run") == dict.fromkeys(OWN, "new")
        return
    line = refusal(tmp_path / "run")
    assert str(path) in line and "move it away" in line


def test_what_a_killed_run_left_is_not_taken_for_the_users(tmp_path):
    """It was about to exchange the two folders, and held the user's files."""
    final, partial = tmp_path / "run", tmp_path / ".run.partial"
    fill(final, "old")
    (tmp_path / ".run.lock").write_text("")
    partial.mkdir()
    for path in (partial / OWN[0], partial / "notes.txt"):
        path.write_text("mine")
    with pytest.raises(RuntimeError), result_folder(final, OWN):
        assert texts(final) == {"notes.txt": "mine", **dict.fromkeys(OWN, "old")}
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_file_that_came_meanwhile_is_moved_and_never_overwritten(tmp_path, monkeypatch):
    """Something is saved beside the earlier results in the moment before they are exchanged."""
    final = tmp_path / "run"
    fill(final, "old")
    exchange = stages_folder.exchange_folders

    def late(a, b):
        (b / "late.txt").write_text("mine")
        return exchange(a, b)

    monkeypatch.setattr(stages_folder, "exchange_folders", late)
    fill(final)
    assert texts(final) == {"late.txt": "mine", **dict.fromkeys(OWN, "new")}

    def both(a, b):
        (a / "late.txt").unlink()
        (a / "late.txt").write_text("this")
        return exchange(a, b)

    monkeypatch.setattr(stages_folder, "exchange_folders", both)
    fill(final, "newer")
    assert texts(final) == {"late.txt": "this", **dict.fromkeys(OWN, "newer")}
    assert (tmp_path / ".run.partial" / "late.txt").read_text() == "mine"
    assert ".run.partial: holds late.txt, which no run wrote; move it away" in refusal(final)


# ---------------------------------------------------------------- faults and signals


@pytest.mark.parametrize(
    ("step", "turn"),
    [
        ("exchange_folders", 0),
        *[(step, turn) for step in ("sync", "keep_access") for turn in (0, 1, 2)],
    ],
)
def test_a_fault_at_the_end_changes_nothing(tmp_path, monkeypatch, step, turn):
    """An input/output error at the turn-th call."""
    final = tmp_path / "run"
    fill(final, "old")
    (final / "notes.txt").write_text("mine")
    real, calls = getattr(stages_folder, step), []

    def fail(*arguments):
        calls.append(arguments)
        if len(calls) == turn + 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(*arguments)

    monkeypatch.setattr(stages_folder, step, fail)
    with pytest.raises(InputError, match=f"run: cannot be written .{os.strerror(errno.EIO)}"):
        fill(final)
    assert texts(final) == {"notes.txt": "mine", **dict.fromkeys(OWN, "old")}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_where_the_disk_does_not_tell_of_a_file_none_is_lost(tmp_path, monkeypatch):
    left, final = tmp_path / ".run.partial", tmp_path / "run"
    for folder in (left, final):
        folder.mkdir()
        (folder / "mine.txt").write_text(folder.name)

    def fails(path, *args, _call, **more):
        if str(path) == str(final / "mine.txt"):
            raise OSError(errno.EIO, "Input/output error")
        return _call(path, *args, **more)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="Input/output error"):
        for name in ("stat", "lstat"):
            patch.setattr(os, name, functools.partial(fails, _call=getattr(os, name)))
        stages_folder._return_foreign(left, final, OWN)
    assert texts(left) == {"mine.txt": ".run.partial"} and texts(final) == {"mine.txt": "run"}


@pytest.mark.parametrize(
    "asks",
    [
        stages_folder._is_folder,
        stages_folder.refuse_what_is_no_file,
        lambda path: stages_folder._are_one(path.parent, path),
    ],
)
def test_what_the_disk_does_not_tell_of_is_not_taken_for_absent(tmp_path, monkeypatch, asks):
    def fails(path, *args, **more):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="Input/output error"):
        for name in ("stat", "lstat"):
            patch.setattr(os, name, fails)
        asks(tmp_path / "x")


def test_a_folder_that_is_moved_while_it_is_written_is_said_to_be(tmp_path):
    final = tmp_path / "run"
    line = r"run: cannot be written: the folder \.run\.partial .* was moved or removed; start again"
    with pytest.raises(InputError, match=line), result_folder(final, OWN) as folder:
        folder.rename(tmp_path / "elsewhere")
        (folder / OWN[0]).write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]


def test_a_file_that_appears_at_the_place_stays_and_nothing_is_left_beside_it(tmp_path):
    final = tmp_path / "run"
    with pytest.raises(InputError, match="run: is not a folder"), result_folder(final, OWN) as part:
        (part / OWN[0]).write_text("new")
        final.write_text("mine")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"run": "mine"}


@pytest.mark.parametrize("system", ["exchange", "two renames"])
@pytest.mark.parametrize("fails", [False, True])
def test_signals_at_every_step_of_the_end_leave_whole_results(tmp_path, monkeypatch, system, fails):
    final = tmp_path / "run"
    fill(final, "old")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    if system == "two renames":
        monkeypatch.setattr(stages_folder, "exchange_folders", lambda a, b: False)
    reached = []
    names = ("_put_in_place", "_clear", "exchange_folders", "keep_access", "_is_folder")

    def strike(name):
        real = getattr(stages_folder, name)

        def struck(*arguments):
            signal.raise_signal(signal.SIGINT)
            found = real(*arguments)
            signal.raise_signal(signal.SIGINT)
            return found

        monkeypatch.setattr(stages_folder, name, struck)

    try:
        with pytest.raises(KeyboardInterrupt), result_folder(final, OWN) as folder:
            for name in OWN:
                (folder / name).write_text("new")
            for name in names:
                strike(name)
            if fails:
                signal.raise_signal(signal.SIGINT)
                reached.append("a signal during the work stops it at once")
    finally:
        signal.signal(signal.SIGINT, before)
    assert reached == []
    assert texts(final) == dict.fromkeys(OWN, "old" if fails else "new")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
