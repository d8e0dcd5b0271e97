"""What every example is checked for, and files damaged in one place or another.

See tests/conftest.py for the number of examples. Each of them ends in a right answer or an
InputError of one line, and nothing else. It is checked for three things besides: that it came to an
end, that the file and its folder are as they were, and that nothing was started or written on
behalf of the file, which an audit hook of the interpreter sees.
"""

import contextlib
import faulthandler
import io
import sys
import zipfile

from hypothesis import strategies as st

from errors import InputError

HANGS = 120  # seconds after which an example is one that does not end

STARTED = []
_STARTS = (
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "subprocess.Popen",
    "socket.",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "shutil.",
)
_watching = False


def _watch(event, arguments):
    if not _watching:
        return
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if writes or event.startswith(_STARTS):
        STARTED.append((event, arguments))


sys.addaudithook(_watch)


@contextlib.contextmanager
def comes_to_an_end():
    """Ends the process, with a traceback, where the block hangs."""
    faulthandler.dump_traceback_later(HANGS, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def watched(folder):
    """The block may start nothing, and leave everything below `folder` as it is."""
    global _watching
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    STARTED.clear()
    with comes_to_an_end():
        _watching = True
        try:
            yield
        finally:
            _watching = False
    assert STARTED == []
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before


def outcome(folder, read, *arguments, **options):
    """What `read` gives, or None after an InputError of one line."""
    with watched(folder):
        try:
            return read(*arguments, **options)
        except InputError as error:
            assert_one_line(str(error))
            return None


def assert_one_line(text):
    assert text.splitlines() == [text]
    assert len(text) < 2000
    assert "\x1b" not in text  # a terminal would obey it


@st.composite
def damaged(draw, whole):
    """Up to four bytes flipped, stretches removed, doubled, overwritten, or the end cut off."""
    data = whole
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(1, 40))
        end = start + length
        data = draw(
            st.sampled_from(
                [
                    data[:start] + bytes([data[start] ^ 1 << length % 8]) + data[start + 1 :],
                    data[:start] + data[end:],
                    data[:start] + data[start:end] * 2 + data[end:],
                    data[:start] + bytes(length) + data[end:],
                    data[:start] + b"\xff" * length + data[end:],
                    data[:start] + draw(st.binary(max_size=8)) + data[start:],
                    data[: max(start, 1)],
                ]
            )
        )
        if not data:
            break
    return data


def packed(parts):
    """A zip archive of these entries, its checksums right."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()
