import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from errors import InputError
from stages import processes
from stages.processes import World, join, said_elsewhere

ROOT = Path(__file__).parents[2]

# Forks a process that keeps the store, as `torchrun` does, and three that share the work, for each
# scenario. What fork copies has imported PyTorch and has no threads yet, and so they start at once.
SCENARIOS = """
import json, os, signal, socket, sys, tempfile, time
sys.path.insert(0, {root!r})
import torch, torch.distributed as dist
from commands import ended
from errors import InputError
from stages.processes import join, said_elsewhere

class Odd(Exception):
    def __init__(self, a, b):
        super().__init__("odd " + a)

def work(scenario, rank):
    if scenario == "the same fault in all":
        raise InputError("an option of all")
    if scenario == "one fails early" and rank == 1:
        raise InputError("of the second alone")
    world = join()
    world.agree({{"--checkpoint": "a", "--seed": rank % 2 if scenario == "they differ" else 0}})
    def part():
        if rank != 1:
            time.sleep(0.3)
        elif scenario == "one fails at work":
            raise MemoryError("in the second")
        elif scenario == "one fails oddly":
            raise Odd("one", 2)
        elif scenario == "one is killed, the others wait":
            os.kill(os.getpid(), signal.SIGKILL)
        elif scenario == "one is stopped, the others wait":
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        return rank
    found = world.gather(part)
    print(found, file=sys.stderr)
    return 0

for scenario in sys.argv[1:]:
    keeps = scenario != "the first keeps the store"
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    keeper = os.fork() if keeps else None
    if keeper == 0:
        store = dist.TCPStore("localhost", port, 3, is_master=True, wait_for_workers=False)
        time.sleep(30)
        os._exit(0)
    os.environ |= {{"WORLD_SIZE": "3", "MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}}
    os.environ["TORCHELASTIC_USE_AGENT_STORE"] = str(keeps)
    start, children = time.monotonic(), []
    with tempfile.TemporaryFile("w+") as lines:
        for rank in range(3):
            child = os.fork()
            if not child:
                signal.alarm(30)
                os.environ["RANK"] = str(rank)
                os.dup2(lines.fileno(), 2)
                os._exit(ended("evaluate.py", lambda: work(scenario, rank), "en",
                               said_elsewhere=said_elsewhere))
            children.append(child)
        status = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        seconds = time.monotonic() - start
        if keeper:
            os.kill(keeper, signal.SIGKILL)
            os.waitpid(keeper, 0)
        lines.seek(0)
        print(json.dumps([scenario, status, lines.read().splitlines(), seconds]), flush=True)
os._exit(0)
"""
ENDED = "another process of this run has ended; nothing half-written was left"
STOPPED = "interrupted (SIGTERM); nothing half-written was left"
LINES = {
    "the same fault in all": "an option of all",
    "one fails early": "of the second alone",
    "one fails at work": "out of memory (in the second)",
    "one fails oddly": "this is a fault in the program (Odd: odd one)",
    "they differ": "WORLD_SIZE: the 3 processes read different things (--seed)",
    "one is killed, the others wait": ENDED,
    "one is stopped, the others wait": STOPPED,
}


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
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_one_fault_ends_all_processes_with_one_line():
    fine = "the first keeps the store"
    done = subprocess.run(
        [sys.executable, "-c", SCENARIOS.format(root=str(ROOT)), *LINES, fine],
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = {name: rest for name, *rest in map(json.loads, done.stdout.splitlines())}
    for scenario, line in LINES.items():
        status, lines, seconds = found[scenario]
        killed = {1: -9} if "killed" in scenario else {}
        assert status == [killed.get(rank, 2) for rank in range(3)], scenario
        (said,) = [text for text in lines if not text.startswith("[W")]
        said = said.replace("RuntimeError: ", "")  # where another process was the first to say it
        assert (
            said.partition("; please")[0].partition("; start")[0] == f"evaluate.py: error: {line}"
        ), scenario
        assert seconds < 10, scenario
    assert found[fine][0] == [0, 0, 0]
    assert sorted(found[fine][1]) == ["[0, 1, 2]", "[1]", "[2]"]


# ---------------------------------------------------------------- what torchrun says


TORCHRUN = {"WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "29500"}


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("WORLD_SIZE", "two", "is 'two', not a whole number from 1 to 100000"),
        ("WORLD_SIZE", "", "is '', not a whole number from 1 to 100000"),
        ("WORLD_SIZE", "0", "is '0', not a whole number from 1 to 100000"),
        ("WORLD_SIZE", "9" * 5000, f"is '{'9' * 30}', not a whole number from 1 to 100000"),
        ("RANK", None, "is not set"),
        ("RANK", "2", "is '2', not a whole number from 0 to 1"),
        ("RANK", "-1", "is '-1', not a whole number from 0 to 1"),
        ("MASTER_PORT", None, "is not set"),
        ("MASTER_PORT", "http", "is 'http', not a whole number from 1 to 65535"),
        ("MASTER_ADDR", None, "is not set"),
        ("MASTER_ADDR", "", "is not set"),
    ],
)
def test_what_is_not_of_torchrun_is_named(monkeypatch, name, given, problem):
    for variable, value in (TORCHRUN | {name: given}).items():
        if value is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, value)
    with pytest.raises(InputError) as caught:
        join()
    cure = "start several processes with torchrun, or unset WORLD_SIZE"
    assert str(caught.value) == f"{name}: {problem}; {cure}"
    assert not said_elsewhere(caught.value)


def test_a_size_of_one_is_alone(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "1")
    monkeypatch.delenv("RANK", raising=False)
    assert join() == World()


def test_processes_that_do_not_come_are_not_waited_for_without_end(monkeypatch):
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(processes, "PATIENCE", 0.2)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        monkeypatch.setenv("MASTER_PORT", str(free.getsockname()[1]))
        monkeypatch.setenv("RANK", "1")
        with pytest.raises(
            InputError, match=r"^MASTER_ADDR: localhost, port \d+, cannot be reached"
        ):
            join()
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(InputError, match=r"^WORLD_SIZE: only 1 of 2 processes have come; start"):
        join()


@pytest.mark.parametrize("rank", ["0", "1"])
@pytest.mark.parametrize("host", ["..", "a" * 64, "nowhere.invalid"])
def test_a_host_that_is_none_is_told_at_once(monkeypatch, rank, host):
    for name, value in (TORCHRUN | {"RANK": rank, "MASTER_ADDR": host}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=r"^MASTER_ADDR: .*, port 29500, cannot be reached"):
        join()


def test_a_program_that_is_no_store_and_does_not_answer_is_not_waited_for(monkeypatch):
    """PyTorch would wait for it for ever, deaf to signals."""
    ended = threading.Event()
    monkeypatch.setattr("torch.distributed.TCPStore", lambda *_, **__: ended.wait())
    for name, value in (TORCHRUN | {"RANK": "1"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(processes, "PATIENCE", 0.2)
    with socket.socket() as silent:
        silent.bind(("localhost", 0))
        silent.listen()
        monkeypatch.setenv("MASTER_PORT", str(silent.getsockname()[1]))
        with pytest.raises(InputError, match=r"cannot be reached \(it does not answer\)"):
            join()
    ended.set()
