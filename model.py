"""The network: a torchvision ResNet with a regression head, and its checkpoints."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
from torch import nn

from errors import InputError
from reading.checkpoints import read_checkpoint_file
from reading.settings import RANGES, Range, Settings

# Of RGB values in [0, 1]: what torchvision's ImageNet weights were trained with.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
ARCHITECTURES = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
HEAD_WIDTHS = (512, 128)
WEIGHT_KEYS = ("model_state_dict", "state_dict", "model")
WRAPPERS = frozenset({"module", "_orig_mod"})  # DataParallel and torch.compile
LATE_FUSION = ("fusion_head.", "aux_branch.")
PRECISIONS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
MAX_VALUES = 2**28  # 1 GB as float32; resnet152 has 60 million


class AgeRegressor(nn.Module):
    """ResNet that reads an age from an image.

    architecture: one of ARCHITECTURES. dropout: probability in the head (training only).
    head: the module put in place of the classifier, (N, features) -> (N, 1); None gives
    Linear(features, 512), ReLU, Dropout, Linear(512, 128), ReLU, Dropout, Linear(128, 1).
    Weights are random: nothing is ever downloaded.
    """

    def __init__(
        self, architecture: str = "resnet50", dropout: float = 0.5, head: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.backbone = torchvision.models.get_model(architecture, weights=None)
        self.image_size = Settings.image_size  # pixels; load_checkpoint sets its own
        self.features = self.backbone.fc.in_features
        self.backbone.fc = head or _default_head(self.backbone.fc.in_features, dropout)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Predict the ages (N,), years, of images (N, 3, H, W), float32, normalised."""
        ages: torch.Tensor = self.backbone(images).squeeze(1)  # (N, 1) -> (N,)
        return ages


def normalise_pixels(images: torch.Tensor) -> torch.Tensor:
    """Normalise as training did: uint8 (N, 1 or 3, H, W) to float32 (N, 3, H, W)."""
    mean, std = _channel_statistics(images.device)
    return (images / 255 - mean) / std


@functools.cache
def _channel_statistics(device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation, (1, 3, 1, 1), on the device once: a copy would make it wait."""
    with torch.inference_mode(False):  # kept for later calls, which may want gradients
        return (
            torch.tensor(IMAGENET_MEAN, device=device).view(1, 3, 1, 1),
            torch.tensor(IMAGENET_STD, device=device).view(1, 3, 1, 1),
        )


@contextlib.contextmanager
def named_memory_errors() -> Iterator[None]:
    """Turn what PyTorch raises when memory runs out into a MemoryError with its first line."""
    try:
        yield
    except RuntimeError as error:
        first = str(error).partition("\n")[0]
        # For a GPU there is a class of its own; the CPU's allocator names itself.
        if isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in first:
            raise MemoryError(first) from error
        raise


def _default_head(features: int, dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in HEAD_WIDTHS:
        layers += [nn.Linear(features, width), nn.ReLU(), nn.Dropout(dropout)]
        features = width
    return nn.Sequential(*layers, nn.Linear(features, 1))


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A network ready for evaluation, with the settings that it was trained with.

    model: in eval mode, on the CPU, float32. given: the settings that stood in the file; the others
    are defaults. stored_dtype: of the weights in the file. synthetic: trained on the demo's data.
    """

    path: Path
    model: AgeRegressor
    settings: Settings
    given: frozenset[str]
    stored_dtype: str
    synthetic: bool


def load_checkpoint(path: str | Path, *, trust: bool = False) -> Checkpoint:
    """Load a checkpoint in any of the forms that the README lists.

    Raises InputError, one line, for a file that is no checkpoint or holds more than data (unless
    `trust`), another architecture, weights that do not fit, or a setting that makes no sense.
    """
    path = Path(path)
    content = read_checkpoint_file(path, trust=trust)
    if not isinstance(content, Mapping):
        raise InputError(f"{path}: holds a {type(content).__name__}, not a dictionary of weights")
    content = _entries(content)
    settings, given = _read_settings(path, content)
    weights, stored_dtype = _read_weights(path, content)
    model = _build(path, settings.model, settings.dropout, weights)
    model.image_size = settings.image_size
    synthetic = content.get("synthetic") is True
    return Checkpoint(path, model, settings, given, stored_dtype, synthetic)


def _entries(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    """A plain dict: in a pickle, an attribute named `items` or `get` may hide the method."""
    return dict(type(mapping).items(mapping))


def _read_settings(path: Path, content: dict[Any, Any]) -> tuple[Settings, frozenset[str]]:
    nested = content.get("args")
    nested = _entries(nested) if isinstance(nested, Mapping) else getattr(nested, "__dict__", {})
    given: dict[str, Any] = {}
    for name, allowed in RANGES.items():
        value = content.get(name)
        if value is None or (name == "model" and not isinstance(value, str)):
            value = nested.get(name)
        if value is not None:
            given[name] = _checked(path, name, value, allowed)
    settings = Settings(**given)
    if settings.min_age > settings.max_age:
        raise InputError(
            f"{path}: setting min_age is {settings.min_age:g}, above max_age "
            f"{settings.max_age:g}; give --min-age and --max-age"
        )
    return settings, frozenset(given)


def _checked(path: Path, name: str, value: object, allowed: Range) -> object:
    """The value as a plain Python object of the setting's type, or InputError."""
    plain = _scalar(value)
    if allowed.kind is bool and isinstance(plain, int | float) and plain in (0, 1):
        plain = bool(plain)
    if name == "val_mae" and isinstance(plain, float) and not math.isfinite(plain):
        return None
    if not allowed.holds(plain):
        raise InputError(f"{path}: setting {name} is {_shown(plain)}, not {allowed.wanted}")
    return allowed.kind(plain)


def _scalar(value: object) -> object:
    """A scalar of numpy or torch as Python's own; anything else as it is."""
    if torch.is_tensor(value):
        # Not value.item(): a pickle may hide a method of a tensor behind an attribute.
        return torch.Tensor.item(value) if value.ndim == 0 and _is_plain(value) else value
    if isinstance(value, np.generic | np.ndarray) and value.ndim == 0:
        return value.item()
    return value


def _is_plain(tensor: torch.Tensor) -> bool:
    """Whether its values are there, one after the other: neither sparse nor on `meta`."""
    return tensor.layout is torch.strided and tensor.device.type == "cpu"


def _read_weights(path: Path, content: dict[Any, Any]) -> tuple[dict[str, torch.Tensor], str]:
    """Names without wrappers -> float32 tensors, and the dtype they were stored in."""
    found = next((content[k] for k in WEIGHT_KEYS if isinstance(content.get(k), Mapping)), None)
    if found is None:
        found = {name: value for name, value in content.items() if torch.is_tensor(value)}
    weights: dict[str, torch.Tensor] = {}
    dtypes = set()
    total = 0
    for name, value in _entries(found).items():
        if not isinstance(name, str) or not torch.is_tensor(value):
            kind = type(value).__name__
            raise InputError(f"{path}: weight {_shown(name)} is a {kind}, not a tensor")
        plain = ".".join(part for part in name.split(".") if part not in WRAPPERS)
        weight = f"{path}: weight {_listed([plain])}"
        if plain in weights:
            raise InputError(f"{weight} stands in it twice; save it again")
        if not _is_plain(value):
            raise InputError(f"{weight} is sparse or without values; save it as a plain tensor")
        value = value.data  # without the attributes that a pickle may give it
        total += value.numel()
        if total > MAX_VALUES:
            raise InputError(f"{weight} claims more values than a network has ({MAX_VALUES:,})")
        if value.dtype in PRECISIONS:
            dtypes.add(str(value.dtype).removeprefix("torch."))
        elif not plain.endswith(".num_batches_tracked"):
            raise InputError(f"{weight} holds {value.dtype}, not floating-point numbers")
        weights[plain] = _as_float32(weight, value)
    _check_kind(path, content, weights)
    return weights, "/".join(sorted(dtypes))


def _as_float32(weight: str, value: torch.Tensor) -> torch.Tensor:
    """Floating-point values in float32, others as they are; InputError if one is not finite."""
    if value.dtype not in PRECISIONS:
        return value
    value = value.float()
    if not bool(torch.isfinite(value).all()):
        raise InputError(
            f"{weight} has NaN or infinite values; the training diverged, "
            "take an earlier checkpoint"
        )
    return value


def _check_kind(path: Path, content: dict[Any, Any], weights: dict[str, torch.Tensor]) -> None:
    """Refuse a file without weights, and a network that takes more than the image."""
    if not weights:
        raise InputError(
            f"{path}: holds no weights; looked for {', '.join(WEIGHT_KEYS)} or a bare state dict "
            f"and found {_listed(content) or 'nothing'}"
        )
    fusion = [prefix for prefix in LATE_FUSION if any(n.startswith(prefix) for n in weights)]
    if fusion:
        raise InputError(
            f"{path}: is a late-fusion checkpoint ({', '.join(p + '*' for p in fusion)}), "
            "which takes more than the image; only image networks can be evaluated"
        )


def _build(path: Path, name: str, dropout: float, weights: dict[str, torch.Tensor]) -> AgeRegressor:
    """The network that the weights belong to, with them in place: every name and shape fits."""
    architecture = name.strip().lower()
    if architecture not in ARCHITECTURES:
        raise InputError(
            f"{path}: architecture {_shown(name)} is not supported; "
            f"known are {', '.join(ARCHITECTURES)}"
        )
    with torch.device("meta"):  # no random initialisation of what is overwritten next
        model = AgeRegressor(architecture, dropout, _head_of(path, weights, dropout))
    wanted, weights = model.state_dict(), dict(weights)
    for key in wanted.keys() - weights.keys():
        if key.endswith(".num_batches_tracked"):  # absent before PyTorch 0.4.1; unused in eval mode
            weights[key] = torch.tensor(0)
    problems = []
    if missing := [key for key in wanted if key not in weights]:
        problems.append(f"missing {_listed(missing)}")
    if unexpected := [key for key in weights if key not in wanted]:
        problems.append(f"unexpected {_listed(unexpected)}")
    misshapen = [
        f"{key} {tuple(weights[key].shape)} instead of {tuple(value.shape)}"
        for key, value in wanted.items()
        if key in weights and weights[key].shape != value.shape
    ]
    if misshapen:
        problems.append(f"of another shape {_listed(misshapen)}")
    if problems:
        raise InputError(f"{path}: weights do not fit {architecture}: {'; '.join(problems)}")
    _check_chain(path, model)
    model.load_state_dict(weights, assign=True)
    return model.eval()


def _check_chain(path: Path, model: AgeRegressor) -> None:
    """Refuse a head whose layers were taken from the weights but do not follow on each other."""
    width = model.features
    for name, layer in model.backbone.named_modules():
        if name.startswith("fc") and isinstance(layer, nn.Linear):
            if layer.in_features != width:
                raise InputError(
                    f"{path}: head layer backbone.{name} takes {layer.in_features} values, "
                    f"but the layer before it gives {width}"
                )
            width = layer.out_features


def _head_of(path: Path, weights: dict[str, torch.Tensor], dropout: float) -> nn.Module | None:
    """The regression head whose Linear layers stand in the weights; None where there is none.

    A place without weights holds a ReLU if it is the first after a Linear layer, else a Dropout,
    which does nothing in evaluation.
    """
    pattern = re.compile(r"backbone\.fc\.(?:([0-9]{1,4})\.)?weight")
    places = {
        int(found.group(1) or -1): name.removesuffix("weight")
        for name, value in weights.items()
        if (found := pattern.fullmatch(name)) and value.ndim == 2 and value.numel()
    }
    if not places:
        return None
    linears = {}
    for place, prefix in places.items():
        outputs, inputs = weights[prefix + "weight"].shape
        linears[place] = nn.Linear(inputs, outputs, bias=prefix + "bias" in weights)
    last = linears[max(linears)]
    if last.out_features != 1:
        raise InputError(
            f"{path}: its head has {last.out_features} outputs ({places[max(places)]}weight); "
            "an age needs exactly one"
        )
    if list(linears) == [-1]:
        return linears[-1]
    if max(linears) > 64:
        raise InputError(f"{path}: head layer {places[max(places)]}weight: no head is that deep")
    return nn.Sequential(
        *(
            linears.get(place) or (nn.ReLU() if place - 1 in linears else nn.Dropout(dropout))
            for place in range(max(linears) + 1)
        )
    )


def _listed(names: Iterable[object], most: int = 4) -> str:
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(_shown(name).strip("'") for name in names[:most]) + more


def _shown(value: object, most: int = 120) -> str:
    """What stands in the file, in one short line: text and numbers as written, else the type.

    Only these: the text of a nested value may have no end, and that of a tensor has many lines.
    """
    if not isinstance(value, str | int | float):
        return f"<{type(value).__name__.lstrip('_')}>"
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}...{text[-1]}"
