"""Write `torch-VERSION.torch` beside this file: a small honest checkpoint, all its values formulas.

Run it once with each version of PyTorch; `test_old_checkpoints.py` knows what must come back.
"""

import argparse
import collections
import pathlib

import numpy as np
import torch


def content():
    """What trainings save: weights of all kinds, an optimizer's state, arguments, a history."""
    shared = torch.arange(12.0)
    weights = collections.OrderedDict(
        float32=torch.arange(6.0).reshape(2, 3) / 4,
        float16=torch.arange(4.0).half() / 8,
        bfloat16=torch.arange(4.0).bfloat16() * 2,
        float64=torch.arange(3.0).double() / 3,
        num_batches_tracked=torch.tensor(7),
        transposed=torch.arange(6.0).reshape(2, 3).t(),
        first=shared[:8],
        last=shared[4:].reshape(2, 4),
        parameter=torch.nn.Parameter(torch.tensor([1.5, -2.5])),
        expanded=torch.tensor(0.5).expand(2, 3),
        empty=torch.zeros(0, 3),
        flags=torch.tensor([True, False]),
    )
    weights._metadata = collections.OrderedDict([("", {"version": 1})])
    return {
        "state_dict": weights,
        "optimizer": {
            "state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.ones(2), "max": None}},
            "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0], "fused": False}],
        },
        "args": argparse.Namespace(model="resnet18", output=pathlib.Path("runs") / "1", seed=42),
        "epoch": np.int64(4),
        "val_mae": np.float32(2.5),
        "curve": np.arange(3.0) / 2,
        "history": collections.defaultdict(list, mae=[3.0, 2.5]),
        "shape": torch.Size([2, 3]),
        "device": torch.device("cpu"),
        "dtype": torch.float32,
        "raw": b"\0\xff",
        "text": "年龄",
        "large": 2**70,
    }


if __name__ == "__main__":
    version = torch.__version__.partition("+")[0]
    torch.save(content(), pathlib.Path(__file__).parent / f"torch-{version}.torch")
