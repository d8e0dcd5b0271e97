import subprocess
import sys
from pathlib import Path

import pytest

from errors import InputError
from stages.processes import World

ROOT = Path(__file__).parents[2]

SECOND_FAILS = """
import os, sys
sys.path.insert(0, {root!r})
from stages.processes import join
world = join()
def work():
    if world.rank == 1:
        raise MemoryError("no room")
    return "fine"
try:
    world.gather(work)
except MemoryError as error:
    os.write(1, f"{{world.rank}} of {{world.size}} heard: {{error}}\\n".encode())  # in one piece
os._exit(0)
"""


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 50, 465])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_every_sample_belongs_to_one_process_and_batches_stay_whole(count, size):
    samples = list(range(count))
    shares = [World(rank, size).share(count, 8) for rank in range(size)]
    assert [sample for share in shares for sample in samples[share]] == samples
    assert all(share.start % 8 == 0 or share.start == count for share in shares)


def test_shares_by_hand():
    # 20 samples in batches of 8: three batches, the last of 4; two processes get 1 and 2 of them
    assert [World(rank, 2).share(20, 8) for rank in (0, 1)] == [slice(0, 8), slice(8, 20)]


def test_alone_gather_returns_the_part_or_raises_its_fault():
    fault = InputError("why")

    def fail():
        raise fault

    assert World().gather(lambda: "part") == ["part"]
    with pytest.raises(InputError) as caught:
        World().gather(fail)
    assert caught.value is fault


def test_ctrl_c_is_not_kept_for_later():
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        World().gather(stop)


@pytest.mark.slow
def test_what_stops_one_process_is_raised_in_all(tmp_path):
    """So that the first can clear up and say it, before `torchrun` kills it for the other's end."""
    script = tmp_path / "script.py"
    script.write_text(SECOND_FAILS.format(root=str(ROOT)))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node",
            "2",
            str(script),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert sorted(done.stdout.splitlines()) == ["0 of 2 heard: no room", "1 of 2 heard: no room"]
