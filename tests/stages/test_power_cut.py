"""Results are whole or absent after a power cut at any moment, whatever the disk had written.

A model of a disk hears of every change of a run. What it keeps in a power cut: what was synced,
and of the rest any choice of changes, in their order. Bytes that were not synced are gone.
"""

import copy
import itertools
import os
from pathlib import Path

import pytest

from stages import folder as stages_folder
from stages.folder import result_folder

OWN = ("predictions.csv", "test_metrics.json", "bland_altman.png")


class Disk:
    """Folders as dictionaries, name -> number of a node; the bytes of files by their number.

    pending: changes that are not on the disk yet, each the folders that it touches and a function
    that makes it in a set of folders, where it can be made.
    """

    def __init__(self, root):
        self.root = root
        self.folders, self.kept, self.bytes = {0: {}}, {0: {}}, {}
        self.pending, self.cuts = [], []
        self.numbers = itertools.count(1)

    def at(self, path):
        """Number of the folder that a path is in, and its name there."""
        node = 0
        *above, name = Path(path).relative_to(self.root).parts
        for part in above:
            node = self.folders[node][part]
        return node, name

    def change(self, touched, make):
        make(self.folders)
        self.pending.append((touched, make))
        self.cut()

    def made(self, path, is_folder=False, node=None):
        (where, name), node = self.at(path), node or next(self.numbers)
        if is_folder:
            self.folders[node], self.kept[node] = {}, {}
        self.change({where}, lambda folders: folders[where].update({name: node}))
        return node

    def removed(self, path):
        where, name = self.at(path)
        if name in self.folders[where]:  # the lock is none of this
            self.change({where}, lambda folders: folders[where].pop(name, None))

    def renamed(self, old, new):
        (source, a), (target, b) = self.at(old), self.at(new)
        node = self.folders[source][a]

        def make(folders):
            if folders[source].get(a) == node:
                folders[target][b] = folders[source].pop(a)

        self.change({source, target}, make)

    def exchanged(self, a, b):
        (where, a), (_, b) = self.at(a), self.at(b)
        before = self.folders[where][a], self.folders[where][b]

        def make(folders):
            if (folders[where].get(a), folders[where].get(b)) == before:
                folders[where][a], folders[where][b] = before[::-1]

        self.change({where}, make)

    def synced(self, path):
        node = 0
        if Path(path) != self.root:
            where, name = self.at(path)
            node = self.folders[where][name]
        if node not in self.folders:
            self.bytes[node] = True
            return
        for touched, make in self.pending:
            if node in touched:
                make(self.kept)
        self.pending = [change for change in self.pending if node not in change[0]]
        self.cut()

    def cut(self):
        """Note everything that a power cut at this moment could leave."""
        for chosen in itertools.product([False, True], repeat=len(self.pending)):
            folders = copy.deepcopy(self.kept)
            for (_, make), taken in zip(self.pending, chosen, strict=True):
                if taken:
                    make(folders)
            self.cuts.append((folders, dict(self.bytes)))


@pytest.fixture
def disk(tmp_path, monkeypatch):
    disk = Disk(tmp_path)
    names = {"rename": disk.renamed, "unlink": disk.removed, "rmdir": disk.removed}
    for name, note in names.items():
        real = getattr(Path, name)

        def done(path, *more, real=real, note=note):
            real(path, *more)
            note(path, *more)

        monkeypatch.setattr(Path, name, done)
    mkdir, link, exchange = Path.mkdir, os.link, stages_folder.exchange_folders

    def make_folder(path, *more, **how):
        there = path.exists()
        mkdir(path, *more, **how)
        if not there:
            disk.made(path, is_folder=True)

    def make_link(source, target, **how):
        link(source, target, **how)
        where, name = disk.at(source)
        disk.made(target, node=disk.folders[where][name])

    def exchange_folders(a, b):
        disk.exchanged(a, b)
        return exchange(a, b)

    monkeypatch.setattr(Path, "mkdir", make_folder)
    monkeypatch.setattr(stages_folder.os, "link", make_link)
    monkeypatch.setattr(stages_folder, "exchange_folders", exchange_folders)
    monkeypatch.setattr(stages_folder, "sync", disk.synced)
    return disk


def write(disk, place, text):
    found = {}
    for name in OWN:
        (place / name).write_text(text)
        found[name] = disk.made(place / name)
        disk.bytes[found[name]] = False
    return found


@pytest.mark.parametrize("system", ["exchange", "two renames"])
def test_a_power_cut_leaves_whole_results(tmp_path, disk, monkeypatch, system):
    if system == "two renames":
        monkeypatch.setattr(stages_folder, "exchange_folders", lambda a, b: False)
    final = tmp_path / "run"
    with result_folder(final, OWN) as place:
        old = write(disk, place, "old")
    (final / "notes.txt").write_text("mine")
    notes = disk.made(final / "notes.txt")
    (final / "drafts").mkdir()
    drafts = disk.folders[disk.folders[0]["run"]]["drafts"]
    for path in (final / "notes.txt", final, tmp_path):
        disk.synced(path)
    first_run, disk.cuts = disk.cuts, []
    with result_folder(final, OWN) as place:
        new = write(disk, place, "new")
    second_run = disk.cuts

    for folders, written in first_run:
        found = folders[folders[0]["run"]] if "run" in folders[0] else None
        found = found and {name: found[name] for name in OWN if name in found}
        assert found in (None, old), "absent or whole"
        assert found is None or all(written[node] for node in found.values())
    for folders, written in second_run:
        names = folders[0]
        if system == "two renames" and "run" not in names:  # the next run gives it back
            names = {"run": names[".run.replaced"]}
        found = dict(folders[names["run"]])
        assert found.pop("notes.txt") == notes
        found.pop("drafts", None)  # a folder cannot be at two places
        assert found in (old, new)
        assert all(written[node] for node in found.values())
        assert any(drafts in folder.values() for folder in folders.values())
    whole = [folders[folders[0]["run"]] for folders, _ in second_run if "run" in folders[0]]
    assert {found["predictions.csv"] for found in whole} == {
        old["predictions.csv"],
        new["predictions.csv"],
    }
