"""Checksums, against published ones."""

import hashlib

import pytest

from reading.checksums import sha256, split_fingerprint

# FIPS 180-2, appendix B.1, and that of no bytes at all
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("content", "expected"), [(b"abc", ABC), (b"", NOTHING)])
def test_sha256_of_a_file(tmp_path, content, expected):
    (tmp_path / "x").write_bytes(content)
    assert sha256(tmp_path / "x") == sha256(str(tmp_path / "x")) == expected


def test_sha256_of_more_than_one_block(tmp_path):
    content = bytes(range(256)) * 4096 + b"the rest"  # one block of 1 MiB, and 8 bytes
    (tmp_path / "x").write_bytes(content)
    assert sha256(tmp_path / "x") == hashlib.sha256(content).hexdigest()
    with pytest.raises(FileNotFoundError):
        sha256(tmp_path / "y")


def test_a_split_is_known_by_its_file_names_in_any_order():
    assert split_fingerprint(["abc"]) == ABC
    assert split_fingerprint([]) == NOTHING
    one = split_fingerprint(["anon_2_1.png", "anon_1_1.png"])
    assert one == split_fingerprint(iter(["anon_1_1.png", "anon_2_1.png"]))
    assert one == hashlib.sha256(b"anon_1_1.png\nanon_2_1.png").hexdigest()
    assert one != split_fingerprint(["anon_1_1.png"])
