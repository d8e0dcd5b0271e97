"""Attacks by class, and what each ends in: the table of test_attacks.py.

Each is what a hostile file, name or folder can do to a user who runs the command on it. In the
expected lines, `{d}` is the folder of the case, `{s}` that of the study, and `*` anything. Files
are small: a bomb claims what it need not hold. What a reader alone has to withstand is in
tests/reading, and attacks that nobody thought of are in tests/fuzz. What needs a process or
surroundings of its own is elsewhere:

- faults of the machine: stages/test_machine_faults.py, stages/test_interruption.py
- closed, full and ASCII streams, -I and -P, MPLBACKEND, threads: test_commands.py
- what torchrun sets, killed processes: stages/test_processes.py, test_evaluate.py
- no compiler: stages/test_network.py; names with $: plots/common.py
- files that change during the run: stages/test_originals.py, stages/test_write.py
- an input in the place of the results: test_evaluate_outgoing.py
- rows to column XFD, and behind the last: reading/test_xlsx.py
- power cuts, signals, modes, links: stages/test_power_cut.py, test_foreign.py, test_lock.py
- odd subjects and no name of a machine in the results: test_evaluate_outgoing.py
"""

import codecs
import json
import os
import re
import socket
import struct
import warnings
import zipfile

import torch

from tests.bad_checkpoints import (
    Call,
    book,
    checkpoint,
    evaluated,
    flipped_weight,
    option,
    overlapping,
    raw,
    repacked,
    sparse,
    state,
    system,
    tar_behind_legacy,
    weights,
)
from tests.common import edit, in_sheet
from tests.reading import hostile
from tests.reading.hostile import Claim, tensor

TABLE = [["id", "age"], [1, 20], [2, 30]]


def not_data(what):
    return (
        f"{{d}}/c.pth: holds {what}, which is not plain data; nothing of it was run. Save it again "
        "as a state_dict, or pass --trust-checkpoint if you know who made it"
    )


def damaged(how):
    return f"{{d}}/c.pth: is damaged or no checkpoint ({how})"


NONSENSE = damaged("its pickle makes no sense at byte *")
SIZE = damaged("its record '0' is not of the size claimed")
NO_LOCK = (
    "{d}/out/.run_1.lock: is not a lock of this program, which needs the name; move it away, or "
    "give another --output-dir"
)
LEGACY = (
    "{d}/c.pth: is in the format before PyTorch 1.6, which cannot be checked; load it and save it "
    "again, or pass --trust-checkpoint if you know who made it"
)


# ---------------------------------------------------------------- how they are made


def holding(value):
    """A checkpoint of good weights that holds this, or what this function makes, besides."""

    def content(folder):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what PyTorch means to give up
            made = value() if callable(value) else value
        return {"state_dict": weights(), "model": "resnet18", "x": made}

    return checkpoint(content)


def by_hand(value, record=bytes(16), **more):
    """A checkpoint of this pickle, or of the pickle of this value, with one record."""

    def make(folder):
        hostile.checkpoint(folder / "c.pth", value, {"0": record}, **more)
        return {"checkpoint": folder / "c.pth"}

    return make


def pickle_of(instructions):
    return by_hand(b"\x80\x04}X\x05\0\0\0epoch" + instructions + b"s.")


def two_contents(folder):
    """A second archive behind the first, whose comment it is."""
    first, second = repacked(folder), repacked(folder)
    return first[:-2] + struct.pack("<H", len(second)) + second


def twice(folder):
    """Two records of one name."""
    repacked(folder)
    with zipfile.ZipFile(folder / "z.pth", "a") as archive:
        name = next(name for name in archive.namelist() if name.endswith("data/0"))
        archive.filelist.append(archive.getinfo(name))
        archive._didModify = True
    return (folder / "z.pth").read_bytes()


def sheet(pattern, new, rows=TABLE):
    """A workbook whose sheet is rewritten."""

    def make(folder):
        made = book(rows)(folder)
        edit(made["workbook"], in_sheet(pattern, lambda _: new))
        return made

    return make


def part(name, data, claimed=None):
    """A workbook with one more part, which claims so many bytes."""

    def make(folder):
        made = book(TABLE)(folder)
        with zipfile.ZipFile(made["workbook"], "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, data)
        if claimed:
            found = made["workbook"].read_bytes()
            size, claim = (struct.pack("<L", n) for n in (len(data), claimed))
            made["workbook"].write_bytes(found.replace(size, claim))
        return made

    return make


def one_part(folder):
    """Fifty sheets, all of one part."""
    made = book(TABLE, [(f"s{number}", []) for number in range(50)])(folder)

    def change(name, data):
        return (
            re.sub(rb"sheet\d+\.xml", b"sheet1.xml", data) if "workbook.xml.rels" in name else data
        )

    edit(made["workbook"], change)
    return made


def books(folder):
    """A workbook behind a workbook, as its comment."""
    data = book(TABLE)(folder)["workbook"].read_bytes()
    (folder / "w.xlsx").write_bytes(data[:-2] + struct.pack("<H", len(data)) + data)
    return {"workbook": folder / "w.xlsx"}


def huge(what, name, start):
    """A terabyte, sparse."""

    def make(folder):
        with (folder / name).open("wb") as file:
            file.write(start)
            file.truncate(2**40)
        return {what: folder / name}

    return make


def pipe(what, name="pipe"):
    def make(folder):
        os.mkfifo(folder / name)
        return {what: folder / name}

    return make


def link(what, target, name="link"):
    def make(folder):
        (folder / name).symlink_to(target)
        return {what: folder / name}

    return make


def compared(content):
    """Two results, of which one is this text."""

    def make(folder):
        good = {"predictions": [1.0, 2.0], "targets": [2.0, 3.0], "filenames": ["a_1", "a_2"]}
        for name, text in (("a", json.dumps(good)), ("b", content)):
            (folder / name).mkdir()
            (folder / name / "predictions.json").write_text(text)
        runs = [str(folder / "a"), str(folder / "b")]
        more = ("--output-dir", str(folder / "out"), "--lang", "en")
        return {"arguments": ["--compare", *runs, *more]}

    return make


def predictions(one, filename="a_1"):
    return f'{{"predictions": [{one}, 2], "targets": [2, 3], "filenames": ["{filename}", "a_2"]}}'


def in_output(make):
    """Something lies in the place of the results, or beside it."""

    def made(folder):
        (folder / "out").mkdir()
        make(folder / "out")
        return {}

    return made


def a_socket(folder):
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(folder)  # an absolute name may be too long
        server.bind(".run_1.lock")
        os.chdir(here)


def results_pipe(folder):
    (folder / "run_1").mkdir()
    os.mkfifo(folder / "run_1" / "predictions.csv")


def named(name):
    def make(folder):
        (folder / "images").mkdir()
        (folder / "images" / name).write_bytes(b"x")
        return {"images": folder / "images"}

    return make


def listed(text):
    def make(folder):
        (folder / "l.txt").write_text(text)
        return {"more": ("--check-split", "l.txt")}

    return make


ATTACKS = {
    "no exception without a line": {
        "nested tensors": (
            holding(lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])),
            not_data("a nested tensor"),
        ),
        "a scalar of bits8": (
            holding(lambda: torch.zeros((), dtype=torch.uint8).view(torch.bits8)),
            not_data("torch.bits8"),
        ),
        "401 digits": (
            compared(predictions("1" + "0" * 400)),
            "--compare {d}/b/predictions.json: predictions holds "
            "1000000000000000000000000000000000000000 for a_1, which is not an age in years; "
            "evaluate again",
        ),
        "5000 digits": (
            compared(predictions("1" * 5000)),
            "--compare {d}/b/predictions.json: is not JSON (Exceeds the limit (4300 digits) "
            "for integer string conversion: *); evaluate again",
        ),
        "a number beyond all": (
            compared(predictions("1e999")),
            "--compare {d}/b/predictions.json: predictions holds Infinity for a_1, which is "
            "not an age in years; evaluate again",
        ),
        "half a surrogate pair": (
            compared(predictions(1, r"\ud800")),
            "--compare {d}/b/predictions.json: filenames holds '\\ud800', which is no text; "
            "evaluate again",
        ),
        "brackets without end": (
            compared("[" * 200_000),
            "--compare {d}/b/predictions.json: is not JSON (it nests too deeply); evaluate again",
        ),
        "an empty folder": (
            option("--output-dir", ""),
            "argument --output-dir: has an empty value; see --help",
        ),
        "NUL": (
            option("--output-dir", "a\0b"),
            "argument --output-dir: holds a NUL character; see --help",
        ),
        "bytes that are no text": (
            option("--checkpoint", "caf\udce9"),
            "--checkpoint caf\\udce9: no such file",
        ),
        "a name too long": (option("--output-dir", "x" * 300), "x*: File name too long"),
        "a line too long": (option("--cam-layer", "x" * 9999), "layer 'x*x ... *x*"),
        "a seed of 400 digits": (
            option("--seed", "9" * 400),
            "argument --seed: '9*9' is not a whole number from 0 to 4294967295; see --help",
        ),
        "a setting of 400 digits": (
            state(weights(), seed=10**400),
            "{d}/c.pth: setting seed is 10*0, not a whole number from 0 to 4294967295",
        ),
    },
    "opened once, and only a file": {
        "checkpoint: pipe": (pipe("checkpoint"), "{d}/pipe: is not a regular file"),
        "workbook: pipe": (
            pipe("workbook"),
            "--excel-path {d}/pipe: is not a file; give the workbook with the ages",
        ),
        "checkpoint: device without end": (
            link("checkpoint", "/dev/zero"),
            "{d}/link: is not a regular file",
        ),
        "workbook: device without end": (
            link("workbook", "/dev/zero"),
            "--excel-path {d}/link: is not a file; give the workbook with the ages",
        ),
        "checkpoint: file of the kernel": (
            link("checkpoint", "/proc/self/mem"),
            "{d}/link: is empty (0 bytes)",
        ),
        "workbook: file of the kernel": (
            link("workbook", "/proc/self/maps"),
            "{d}/link: is empty (0 bytes)",
        ),
        "list: pipe": (
            lambda d: [pipe("x", "l.txt")(d), option("--check-split", "l.txt")(d)][1],
            "--check-split l.txt: is not a regular file; give earlier results, or a list of "
            "file names",
        ),
        "images: pipe": (
            pipe("images"),
            "--image-dir {d}/pipe: is not a folder; give the folder of the images",
        ),
    },
    "bounded work": {
        "checkpoint of 1 TB": (
            huge("checkpoint", "c.pth", b"PK\3\4"),
            "{d}/c.pth: has 1,099,511,627,776 bytes, over the limit of 4,294,967,296",
        ),
        "checkpoint of nothing": (
            sparse("big.pth", 2 * 2**30),
            "{d}/big.pth: is no PyTorch checkpoint; give a file written by torch.save",
        ),
        "bytearray of a number": (holding(Call(bytearray, 3_000_000_000)), NONSENSE),
        "workbook of 1 TB": (
            huge("workbook", "w.xlsx", b"PK\3\4"),
            "{d}/w.xlsx: has 1,099,511,627,776 bytes, over the limit of 268,435,456",
        ),
        "text that a pattern would search without end": (
            sheet(
                rb"</sheetData>", b"<row><c><f>1</f>" + b" " * 10**6 + b"x</c></row></sheetData>"
            ),
            "{d}/w.xlsx: Data!A4 holds a formula without a computed value; open the workbook in "
            "Excel and save it",
        ),
        "number that a pattern would search without end": (
            book([["id", "age"], ["0" * 32_000 + "x", "4" * 32_000 + "y"]]),
            "{d}/w.xlsx: sheet 'Data' has no row with a usable age; first Data!A2 holds "
            "'0*0', not a subject number",
        ),
        "50 sheets on one part": (
            one_part,
            "{d}/w.xlsx: is damaged or not a workbook (two of its sheets are one part); save "
            "it again as .xlsx",
        ),
        "picture of 1.5 GB": (
            part("xl/media/image1.png", bytes(123_456), 1_500_000_000),
            "{d}/w.xlsx: unpacks to 1,431 MB, over the limit of 256 MB; copy the table to a "
            "new workbook",
        ),
        "part of 2 GB": (
            part("xl/worksheets/sheet9.xml", bytes(123_456), 2**31),
            "{d}/w.xlsx: unpacks to 2,048 MB, over the limit of 256 MB; copy the table to a "
            "new workbook",
        ),
        "workbook in a workbook": (
            books,
            "{d}/w.xlsx: is damaged or not a workbook (it has two ends); save it again as .xlsx",
        ),
        "entities of entities": (
            sheet(rb"^<worksheet", b'<!DOCTYPE l [<!ENTITY a "a">]><worksheet'),
            "{d}/w.xlsx: is damaged or not a workbook (its part 'xl/worksheets/sheet1.xml' "
            "declares a document type); save it again as .xlsx",
        ),
        "elements in elements": (
            sheet(
                rb"</sheetData>",
                b"<row>" + b"<c>" * 10**5 + b"</c>" * 10**5 + b"</row></sheetData>",
            ),
            "{s}/Healthy/Images: none of 40 images has a usable label in {d}/w.xlsx: 40 (no "
            "label for subject 106 in w.xlsx, such as anon_106_1.png); the workbook has "
            "labels for 1, 2",
        ),
    },
    "a checkpoint is read as data": {
        "os.system in zip": (checkpoint(system), not_data("*.system")),
        "os.system in legacy": (checkpoint(system, _use_new_zipfile_serialization=False), LEGACY),
        "nested eval": (checkpoint(evaluated), not_data("eval")),
        "legacy tar": (raw("c.pth", tar_behind_legacy), LEGACY),
        "legacy views of one storage": (
            checkpoint(
                lambda d: (lambda w: {"a": w[:2], "b": w})(torch.ones(9)),
                _use_new_zipfile_serialization=False,
            ),
            LEGACY,
        ),
        "torch.Tensor of a size": (holding(Call(torch.Tensor, 512)), not_data("torch.Tensor")),
        "torch.FloatTensor of a size": (
            holding(Call(torch.FloatTensor, 512)),
            not_data("torch.FloatTensor"),
        ),
        "short record": (by_hand(tensor(Claim("0", 5), size=(5,))), SIZE),
        "short record of int8": (by_hand(tensor(Claim("0", 17, torch.CharStorage))), SIZE),
        "short record, other byte order": (
            by_hand(tensor(Claim("0", 4)), bytes(15), byteorder=b"big"),
            SIZE,
        ),
        "long record": (by_hand(tensor(Claim("0", 3), size=(3,))), SIZE),
        "no record": (
            by_hand(tensor(Claim("1", 4))),
            damaged("its record '1' is not of the size claimed"),
        ),
        "behind its record": (
            by_hand(tensor(Claim("0", 4), 2**61, (1,))),
            damaged("a tensor in it is larger than its record"),
        ),
        "two types of one record": (
            by_hand([tensor(Claim("0", 4)), tensor(Claim("0", 2, torch.DoubleStorage), size=(2,))]),
            damaged("its record '0' is claimed in two ways"),
        ),
        "quantised": (
            holding(lambda: torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.qint8)),
            not_data("a quantised tensor"),
        ),
        "sparse": (holding(lambda: torch.eye(3).to_sparse()), not_data("a sparse tensor")),
        "no values": (holding(torch.ones(3, device="meta")), not_data("a tensor without values")),
        "item of a tensor": (
            by_hand(hostile.pickled(tensor(Claim("0", 4)))[:-1] + b"K\x01K\x02s."),
            NONSENSE,
        ),
        "unknown byte order": (
            by_hand(tensor(Claim("0", 4)), byteorder=b"middle"),
            damaged("its byte order is unknown"),
        ),
        "tuple in tuples as a key": (
            pickle_of(b"}" + b"K\x01" + b"\x85" * 200_000 + b"K\x01s"),
            NONSENSE,
        ),
        "lists in lists": (
            pickle_of(b"]" * 10**5 + b"a" * (10**5 - 1)),
            damaged("its values are nested over 100 deep"),
        ),
        "tuples that double": (
            pickle_of(b"K\x01" + b"2\x86" * 60),
            damaged("its pickle holds the instruction DUP, which torch.save never writes"),
        ),
        "hash of tuples that double": (
            pickle_of(b"\x8f(K\x01" + b"2\x86" * 40 + b"\x90"),
            damaged("its pickle holds the instruction DUP, which torch.save never writes"),
        ),
        "number of a megabyte": (pickle_of(b"L" + b"9" * 10**6 + b"L\n"), NONSENSE),
        "unpacked by a codec": (holding(Call(codecs.encode, "ab", "zip")), NONSENSE),
        "hexadecimal": (holding(Call(codecs.encode, "ab", "hex")), NONSENSE),
        "decoded": (holding(Call(codecs.decode, b"ab", "zlib")), not_data("_codecs.decode")),
        "two tables of contents": (
            raw("c.pth", two_contents),
            "{d}/c.pth: is cut short or damaged (it has two ends); copy it again",
        ),
        "two records of one name": (
            raw("c.pth", twice),
            "{d}/c.pth: is cut short or damaged (its part 'archive/data/0' stands in it "
            "twice); copy it again",
        ),
        "overlapping entries": (
            raw("c.pth", overlapping),
            "{d}/c.pth: is cut short or damaged (its part 'archive/data.pkl' stands in it "
            "twice); copy it again",
        ),
        "compressed": (
            raw("c.pth", lambda d: repacked(d, zipfile.ZIP_DEFLATED)),
            "{d}/c.pth: its entries are compressed, which torch.save never does; save it again",
        ),
        "a flipped bit": (
            raw("c.pth", flipped_weight),
            "{d}/c.pth: is cut short or damaged (the checksum of its part 'archive/data/0' "
            "fails); copy it again",
        ),
        "more values than memory": (
            state(weights(bn1__bias=torch.zeros(()).expand(2**40))),
            "{d}/c.pth: weight backbone.bn1.bias claims more values than a network has "
            "(268,435,456)",
        ),
    },
    "the results folder": {
        "output: dangling link": (
            lambda d: (d / "out").symlink_to(d / "nowhere") or {},
            "{d}/out: is a link that leads nowhere; remove it, or give another --output-dir",
        ),
        "results: link to itself": (
            in_output(lambda o: (o / "run_1").symlink_to(o / "run_1")),
            "{d}/out/run_1: is a link that leads nowhere; remove it, or give another --output-dir",
        ),
        "results: link to a file": (
            in_output(lambda o: [(o / "f").touch(), (o / "run_1").symlink_to(o / "f")]),
            "{d}/out/run_1: is a file, and the results go into a folder of that name",
        ),
        "results: pipe": (
            in_output(lambda o: os.mkfifo(o / "run_1")),
            "{d}/out/run_1: is a file, and the results go into a folder of that name",
        ),
        "a result: pipe": (
            in_output(results_pipe),
            "{d}/out/run_1/predictions.csv: is not a file, and a file of that name is to be "
            "written; move it away",
        ),
        "partial results: folder": (
            in_output(lambda o: (o / ".run_1.partial" / "mine").mkdir(parents=True)),
            "{d}/out/.run_1.partial: holds mine, which no run wrote; move it away, or give "
            "another --output-dir",
        ),
        "replaced results: pipe": (
            in_output(lambda o: os.mkfifo(o / ".run_1.replaced")),
            "{d}/out/.run_1.replaced: is not a folder, and one of that name is needed for a "
            "moment; move it away, or give another --output-dir",
        ),
        "lock: dangling link": (
            in_output(lambda o: (o / ".run_1.lock").symlink_to(o / "nowhere")),
            NO_LOCK,
        ),
        "lock: pipe": (in_output(lambda o: os.mkfifo(o / ".run_1.lock")), NO_LOCK),
        "lock: socket": (in_output(a_socket), NO_LOCK),
        "lock: notes": (in_output(lambda o: (o / ".run_1.lock").write_text("mine")), NO_LOCK),
        "output: no file system": (
            option("--output-dir", "/proc/x"),
            "/proc/x: No such file or directory",
        ),
    },
    "what goes out is data": {
        "escapes in an option": (
            option("--cohort", "a\x1b[2J\u202eb\u2028c\nd"),
            "--cohort a\\x1b[2J\\u202eb c d: no such cohort; {s}/characteristics.xlsx has "
            "Healthy, Pathological",
        ),
        "escapes in the name of a checkpoint": (
            raw("c\x1b[2J\u202e.pth", b""),
            "{d}/c\\x1b[2J\\u202e.pth: is empty (0 bytes)",
        ),
        "escapes in the name of an image": (
            named("a\x1b]0;x\x07\u202e.png"),
            "{d}/images: none of 1 images has a usable label in {s}/characteristics.xlsx: 1 "
            "(its name is not valid text, or not one line; rename it, such as "
            "a\\x1b]0;x\\x07\\u202e.png); the workbook has labels for *",
        ),
        "escapes in the name of a sheet": (
            book([["id", "age"]], title="a\u202eb\u2028c"),
            "{d}/w.xlsx: sheet 'a\\u202eb c' has no row with a usable age",
        ),
        "escapes in a cell": (
            book([["id", "age"], [1, "\u202e\u2028=1+1"]]),
            "{d}/w.xlsx: sheet 'Data' has no row with a usable age; first Data!B2 holds "
            "'\\u202e =1+1', not an age in years",
        ),
        "escapes in a list": (
            listed("\x1b[2J\u202e_1.png"),
            "--check-split l.txt: names none of the images here; it begins with "
            "\\x1b[2J\\u202e_1.png, and the images with *",
        ),
        "escapes in a setting": (
            state(weights(), model="\x1b[2J\u202e"),
            "{d}/c.pth: architecture '\\x1b[2J\\u202e' is not supported; known are resnet18, "
            "resnet34, resnet50, resnet101, resnet152",
        ),
        "escapes in the name of a weight": (
            state(weights(**{"\x1b[2J\u202e": torch.ones(1)})),
            "{d}/c.pth: weights do not fit resnet18: 1 unexpected (backbone.\\x1b[2J\\u202e)",
        ),
        "escapes in earlier results": (
            compared(predictions(1, r"\u001b[2J\u202e")),
            "--compare {d}/b/predictions.json: filenames holds '\\x1b[2J\\u202e', which is no "
            "text; evaluate again",
        ),
    },
}
