import subprocess
import sys
from pathlib import Path

import pytest

from errors import InputError
from stages import processes as distributed
from stages.processes import World

SECOND_FAILS = """
import os, sys
sys.path.insert(0, {root!r})
from stages.processes import join
world = join()
try:
    world.gather(MemoryError("no room") if world.rank == 1 else "fine")
except MemoryError as error:
    os.write(1, f"{{world.rank}} of {{world.size}} heard: {{error}}\\n".encode())  # in one piece
os._exit(0)
"""


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 50, 465])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_every_sample_belongs_to_one_process_and_batches_stay_whole(count, size):
    shares = [World(rank, size).shard(count, 8) for rank in range(size)]
    assert [i for share in shares for i in share] == list(range(count))
    assert all(share.start % 8 == 0 or share.start == count for share in shares)


def test_shares_by_hand():
    # 20 samples in batches of 8: three batches, the last of 4; two processes get 1 and 2 of them
    assert [World(rank, 2).shard(20, 8) for rank in (0, 1)] == [range(0, 8), range(8, 20)]


def test_alone_gather_returns_the_part_or_raises_its_fault():
    assert World().gather("part") == ["part"]
    with pytest.raises(InputError, match="why"):
        World().gather(InputError("why"))


def test_what_stops_one_process_is_raised_in_all(tmp_path):
    """So that the first can clear up and say it, before `torchrun` kills it for the other's end."""
    script = tmp_path / "script.py"
    script.write_text(SECOND_FAILS.format(root=str(Path(distributed.__file__).parent.parent)))
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         str(script)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert sorted(done.stdout.splitlines()) == ["0 of 2 heard: no room", "1 of 2 heard: no room"]
