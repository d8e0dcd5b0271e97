"""The network made fast: folded, channels-last, ages and signed maps of a batch in one pass.

The network is copied, its batch-norms are folded into the convolutions and its memory is laid out
channels-last. The part up to the target stage runs without gradients; the small rest runs with
them, so that the maps of a batch cost one backward pass through the rest, next to nothing for
layer4.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from errors import InputError, one_list, system_reason
from gradcam import find_layer, identity_holds, signed_maps, weighted_map
from model import AgeRegressor, normalise_pixels
from reading.predictions import MOST_YEARS

STAGES = ("layer1", "layer2", "layer3", "layer4")
# Small batches stay in the processor's cache; a GPU wants large ones.
DEFAULT_BATCH_SIZE = {"cpu": 8, "cuda": 128, "mps": 32}


@dataclasses.dataclass(frozen=True)
class Execution:
    """Choices of how the network runs.

    batch_size: images at a time. workers: decoding threads.
    target_layer: a stage (`layer1` ... `layer4`), or any other layer that `gradcam.find_layer`
    finds; None for predictions alone. amp: the part before the target in bfloat16. compiled: that
    part built by `torch.compile`. in_place: the network is not needed as it was, and no second one
    takes memory.
    """

    device: torch.device
    batch_size: int
    workers: int
    target_layer: str | None = "layer4"
    amp: bool = False
    compiled: bool = False
    in_place: bool = False


def choose_device(name: str, rank: int = 0) -> torch.device:
    """Choose a device: `auto` takes CUDA, then MPS, then the CPU.

    Process `rank` of several takes the CUDA device of its number, in turn where there are fewer.
    Raises InputError for a device that is not there.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, available in there.items() if available)
    if not there[name]:
        raise InputError(
            "--device {name}: this machine has none, or PyTorch cannot use it; try --device cpu",
            name=name,
        )
    if name == "cuda":
        torch.cuda.set_device(rank % torch.cuda.device_count())
    return torch.device(name)


def default_workers() -> int:
    """Count the decoding threads: one per core that this process may use, at most 16."""
    usable = getattr(os, "sched_getaffinity", None)
    return min(16, len(usable(0)) if usable else os.cpu_count() or 1)


def check_layer(model: AgeRegressor, name: str, image_size: int) -> bool:
    """Try the target layer on noise: do its maps and an offset sum up to the prediction?

    Raises InputError for a layer that gives no map.
    """
    size = min(image_size, 96)  # a larger picture has more cells, and shows no more
    source = torch.Generator().manual_seed(0)
    noise = torch.randn(2, 3, size, size, generator=source, dtype=torch.float32)
    try:
        return identity_holds(model, find_layer(model, name), noise)
    except ValueError as error:
        raise InputError(
            "--cam-layer {name}: {problem}; layer4 is the usual choice",
            name=name,
            problem=error.args[0],
        ) from error


def fold_batch_norms(model: AgeRegressor, *, in_place: bool = False) -> AgeRegressor:
    """Copy a network, in eval mode, with every batch-norm folded into the convolution before it.

    in_place: change the network itself.
    """
    model = (model if in_place else copy.deepcopy(model)).eval()
    for parent in list(model.modules()):
        children = list(parent.named_children())
        for (_, conv), (norm_name, norm) in itertools.pairwise(children):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                assert norm.running_mean is not None and norm.running_var is not None
                conv.weight, conv.bias = fuse_conv_bn_weights(
                    conv.weight,
                    conv.bias,
                    norm.running_mean,
                    norm.running_var,
                    norm.eps,
                    norm.weight,
                    norm.bias,
                )
                setattr(parent, norm_name, nn.Identity())
    return model.requires_grad_(False)


def refuse_not_finite(option: str, *found: npt.NDArray[np.floating[Any]]) -> None:
    """Refuse what the network makes of altered images where that is no age.

    found: ages or maps, years. Raises InputError.
    """
    if not all(np.all(np.abs(values) <= MOST_YEARS) for values in found):
        raise InputError(
            "{option}: for an altered image the prediction or its map is not finite, or over "
            "{most:,} years; the network cannot be tried so: leave {option} out",
            option=option,
            most=MOST_YEARS,
        )


class Predictor:
    """Ages and signed maps of a batch, on one device.

    target_layer: a stage (`layer1` ... `layer4`), or any other layer that `gradcam.find_layer`
    finds; None for predictions alone. compiled_batch: let `torch.compile` build the part before
    the target for batches of exactly this size; 0 does not compile. amp: that part in bfloat16;
    the maps and the head stay in float32. in_place: change the network itself, not a copy.
    """

    def __init__(
        self,
        model: AgeRegressor,
        device: torch.device,
        *,
        target_layer: str | None = "layer4",
        amp: bool = False,
        compiled_batch: int = 0,
        in_place: bool = False,
    ) -> None:
        self.device = device
        self.fixed_batch = compiled_batch
        self.target_layer = target_layer
        self.amp = amp
        by_stage = target_layer is None or target_layer in STAGES
        if not by_stage and (amp or compiled_batch):
            raise InputError(
                "--cam-layer {name}: --amp and --compile need a whole stage, one of {stages}",
                name=target_layer,
                stages=one_list(STAGES),
            )
        if by_stage:
            network = fold_batch_norms(model, in_place=in_place)
        else:
            network = (model if in_place else copy.deepcopy(model)).eval()
        self.network: AgeRegressor = network.to(device).to(memory_format=torch.channels_last)
        self.layer: nn.Module | None = None
        if target_layer is not None and not by_stage:
            self.layer = find_layer(self.network, target_layer)
        else:
            body, self.rest = _split_after(self.network.backbone, target_layer or "layer4")
            self.body = _compile(body) if compiled_batch else body

    def __call__(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Predict images (N, 1 or 3, S, S), uint8: ages (N,), maps (N, h, w) or None, float32."""
        images = images.to(self.device, non_blocking=True)
        images = normalise_pixels(images).contiguous(memory_format=torch.channels_last)
        if self.layer is not None:
            return signed_maps(self.network, self.layer, images)
        with torch.no_grad(), self._precision():
            activation = self.body(images)  # (N, K, h, w)
        activation = activation.float()
        if self.target_layer is None:
            with torch.no_grad():
                return self.rest(activation).squeeze(1), None
        with torch.enable_grad():
            activation.requires_grad_()
            ages = self.rest(activation).squeeze(1)  # (N,)
            (gradient,) = torch.autograd.grad(ages.sum(), activation)
        return ages.detach(), weighted_map(activation.detach(), gradient)

    def _precision(self) -> contextlib.AbstractContextManager[Any]:
        if self.amp:
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return contextlib.nullcontext()


def _split_after(backbone: nn.Module, stage: str) -> tuple[nn.Sequential, nn.Sequential]:
    names = ["conv1", "bn1", "relu", "maxpool", *STAGES]
    cut = names.index(stage) + 1
    layers: list[nn.Module] = [getattr(backbone, name) for name in [*names, "avgpool", "fc"]]
    layers.insert(-1, nn.Flatten(1))
    return nn.Sequential(*layers[:cut]), nn.Sequential(*layers[cut:])


def _compile(body: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    torch._inductor.config.freezing = True
    compiled = torch.compile(body, dynamic=False)

    def run(images: torch.Tensor) -> torch.Tensor:
        try:
            activation: torch.Tensor = compiled(images)  # the first call builds it
        except torch._dynamo.exc.TorchDynamoException as error:
            raise InputError(
                "--compile: torch.compile cannot build the network here ({reason}); install a C++ "
                "compiler, or leave --compile out",
                reason=system_reason(getattr(error, "inner_exception", error)),
            ) from error
        return activation

    return run
