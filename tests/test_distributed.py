import pytest

from distributed import World
from errors import InputError


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
