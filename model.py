"""The network: a torchvision ResNet with a regression head, and its checkpoints."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import torch
import torchvision
from torch import nn
from torch.overrides import TorchFunctionMode

from errors import InputError, Message, one_list
from reading.checkpoints import read_checkpoint_file
from reading.predictions import MOST_NAMES
from reading.settings import RANGES, SPLITS, Range, Settings
from reading.weights import (
    entries,
    is_plain,
    listed,
    misfits,
    other_weights,
    read_weights,
    shown,
    weights_key,
)
from words.catalogue import in_both

# Of RGB values in [0, 1]: what torchvision's ImageNet weights were trained with.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
ARCHITECTURES = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
HEAD_WIDTHS = (512, 128)
HEAD_PLACES = [0, 3, 6]  # of its Linear layers, with ReLU and Dropout between them
PREFIX = "backbone."


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
    return (images.float() / 255 - mean) / std


@functools.cache
def _channel_statistics(device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation, (1, 3, 1, 1), on the device once: a copy would make it wait."""
    kind: Any = {"dtype": torch.float32, "device": device}
    with torch.inference_mode(False):  # kept for later calls, which may want gradients
        return (
            torch.tensor(IMAGENET_MEAN, **kind).view(1, 3, 1, 1),
            torch.tensor(IMAGENET_STD, **kind).view(1, 3, 1, 1),
        )


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
    lists: "test_files", "train_subjects", ... -> the names in the file, of those that it holds.
    sha256: of the bytes that the network was read from. notes: what was assumed, by language.
    """

    path: Path
    model: AgeRegressor
    settings: Settings
    given: frozenset[str]
    stored_dtype: str
    synthetic: bool
    lists: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    sha256: str = ""
    notes: tuple[dict[str, str], ...] = ()


def load_checkpoint(path: str | Path, *, trust: bool = False) -> Checkpoint:
    """Load a checkpoint in any of the forms that the README lists.

    Raises InputError, one line, for a file that is no checkpoint or holds more than data (unless
    `trust`), another architecture, weights that do not fit, or a setting that makes no sense; and
    TypeError for a `trust` that is no bool, as a text from a settings file is.
    """
    if not isinstance(trust, bool):
        raise TypeError(f"trust: expected True or False, got {trust!r}")
    path = Path(path)
    content, sha256 = read_checkpoint_file(path, trust=trust)
    if not isinstance(content, Mapping):
        kind = type(content).__name__
        raise InputError(
            "{path}: holds a {kind}, not a dictionary of weights", path=path, kind=kind
        )
    content = entries(content)
    settings, given = _read_settings(path, content)
    weights, stored_dtype = read_weights(path, content)
    model = _build(path, settings.model, settings.dropout, weights)
    model.image_size = settings.image_size
    synthetic = content.get("synthetic") is True
    lists, passed_over = _read_lists(path, content)
    notes = (*_notes(content, model), *passed_over)
    return Checkpoint(path, model, settings, given, stored_dtype, synthetic, lists, sha256, notes)


def _notes(content: dict[Any, Any], model: AgeRegressor) -> Iterator[dict[str, str]]:
    """Say what the file leaves open: which weights, and what stands between the head's layers."""
    if others := other_weights(content):
        used = weights_key(content) or Message("the top level")
        yield in_both("warnings", "other_weights", used=used, others=listed(others))
    layers = enumerate(model.backbone.fc.children())
    widths = {i: layer.out_features for i, layer in layers if isinstance(layer, nn.Linear)}
    if len(widths) > 1 and widths != dict(zip(HEAD_PLACES, (*HEAD_WIDTHS, 1), strict=True)):
        yield in_both("warnings", "head_assumed", count=len(widths))


def _read_settings(path: Path, content: dict[Any, Any]) -> tuple[Settings, frozenset[str]]:
    nested = _arguments(content)
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
            "{path}: setting min_age is {min_age:g}, above max_age {max_age:g}; give --min-age and "
            "--max-age",
            path=path,
            min_age=settings.min_age,
            max_age=settings.max_age,
        )
    return settings, frozenset(given)


def _arguments(content: dict[Any, Any]) -> dict[Any, Any]:
    """The arguments of the training: a dictionary, or an `argparse.Namespace`."""
    nested = content.get("args")
    return entries(nested) if isinstance(nested, Mapping) else getattr(nested, "__dict__", {})


def _read_lists(
    path: Path, content: dict[Any, Any]
) -> tuple[dict[str, tuple[str, ...]], list[dict[str, str]]]:
    """The files and subjects of each split, where the file lists them, at the top level or below.

    Also notes, by language, on the paths of lists that stand elsewhere. Raises InputError for what
    is neither a list nor a count, a path or another text than that of a list: were a list passed
    over, the split would be made from the settings.
    """
    lists: dict[str, tuple[str, ...]] = {}
    elsewhere = {}
    for source in (_arguments(content), content):
        for name in (f"{split}_{what}" for split in SPLITS for what in ("files", "subjects")):
            names = _plain_list(source.get(name))
            if isinstance(names, list | tuple | set | frozenset) and len(names) <= MOST_NAMES:
                texts = dict.fromkeys(map(_listed, names))  # each once
                lists[name] = tuple(sorted(texts) if isinstance(names, set | frozenset) else texts)
            elif names is not None and (
                not isinstance(names, int | float | str | PurePath) or _is_written_list(names)
            ):
                raise InputError(
                    "{path}: setting {name} is {value}, not {wanted}",
                    path=path,
                    name=name,
                    value=shown(names),
                    wanted=Message("a list of at most {most:,} names", most=MOST_NAMES),
                )
            elif isinstance(names, str | PurePath) and str(names).strip():
                elsewhere[name] = in_both("warnings", "list_elsewhere", name=name)
    return lists, [note for name, note in elsewhere.items() if name not in lists]


def _is_written_list(value: object) -> bool:
    """Tell whether a value is the text of a list, as of metadata, which hold nothing but text."""
    text = value.strip() if isinstance(value, str) else ""
    return text[:1] + text[-1:] in ("[]", "()", "{}")


def _plain_list(value: object) -> object:
    """An array or a tensor of one axis as a list; anything else as it is.

    A tensor may say one value a billion times over, an array of bytes as many.
    """
    held = getattr(value, "values", None)  # of an array that was read as data
    value = held if isinstance(held, np.ndarray) else value
    if torch.is_tensor(value) and value.ndim == 1 and is_plain(value) and len(value) <= MOST_NAMES:
        return torch.Tensor.tolist(value)
    if isinstance(value, np.ndarray) and value.ndim == 1 and len(value) <= MOST_NAMES:
        return value.tolist()
    return _scalar(value)


def _listed(item: object) -> str:
    """A file or a subject as text; of anything else the type alone, since its text may not end."""
    plain = _scalar(item)
    return str(plain) if isinstance(plain, str | int | float | PurePath) else shown(plain)


def _checked(path: Path, name: str, value: object, allowed: Range) -> object:
    """The value as a plain Python object of the setting's type, or InputError."""
    plain = _scalar(value)
    if allowed.kind is bool and isinstance(plain, int | float) and plain in (0, 1):
        plain = bool(plain)
    if (
        name in ("val_mae", "train_age_mean")
        and isinstance(plain, float)
        and not math.isfinite(plain)
    ):
        return None
    if not allowed.holds(plain):
        raise InputError(
            "{path}: setting {name} is {value}, not {wanted}",
            path=path,
            name=name,
            value=shown(plain),
            wanted=Message(allowed.wanted),
        )
    return allowed.kind(plain)


def _scalar(value: object) -> object:
    """A scalar of numpy or torch as Python's own; anything else as it is."""
    if torch.is_tensor(value):
        # Not value.item(): a pickle may hide a method of a tensor behind an attribute.
        return torch.Tensor.item(value) if value.ndim == 0 and is_plain(value) else value
    if isinstance(value, np.generic | np.ndarray) and value.ndim == 0:
        return value.item()
    return value


class _Undrawn(TorchFunctionMode):
    """Leave out the random initialisation of weights.

    On the device "meta" there is nothing to draw, and yet PyTorch would import its compiler for it:
    two seconds and 150 MB.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in ("normal_", "uniform_"):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def _build(path: Path, name: str, dropout: float, weights: dict[str, torch.Tensor]) -> AgeRegressor:
    """The network that the weights belong to, with them in place: every name and shape fits."""
    architecture = name.strip().lower()
    if architecture not in ARCHITECTURES:
        raise InputError(
            "{path}: architecture {name} is not supported; known are {known}",
            path=path,
            name=shown(name),
            known=one_list(ARCHITECTURES),
        )
    # torchvision's own names, or ours below `backbone.`
    prefix = PREFIX if any(key.startswith(PREFIX) for key in weights) else ""
    with torch.device("meta"), _Undrawn():  # of what is overwritten next
        model = AgeRegressor(architecture, dropout, _head_of(path, weights, prefix, dropout))
    wanted = {prefix + key: value for key, value in model.backbone.state_dict().items()}
    for key in wanted.keys() - weights.keys():
        if key.endswith(".num_batches_tracked"):  # absent before PyTorch 0.4.1; unused in eval mode
            weights = weights | {key: torch.tensor(0)}
    if problems := misfits(weights, wanted):
        raise InputError(
            "{path}: weights do not fit {architecture}: {problems}{hint}",
            path=path,
            architecture=architecture,
            problems=one_list(problems, "{a}; {b}"),
            hint=_other_architecture(weights, prefix, architecture),
        )
    _check_chain(path, model, prefix)
    # copies, for the weights may lie in the bytes of the file, which are not to be kept
    plain = {key.removeprefix(prefix): value.clone() for key, value in weights.items()}
    model.backbone.load_state_dict(plain, assign=True)
    return model.eval()


def _other_architecture(weights: Mapping[str, torch.Tensor], prefix: str, tried: str) -> str:
    """Name the architecture that the weights before the head belong to, if another was tried."""
    for name in ARCHITECTURES:
        with torch.device("meta"), _Undrawn():
            candidate = AgeRegressor(name).backbone.state_dict()
        if name != tried and _body_shapes(candidate) == _body_shapes(weights, prefix):
            return Message(
                "; they are those of a {name}: store model='{name}' with them", name=name
            )
    return ""


def _body_shapes(weights: Mapping[str, torch.Tensor], prefix: str = "") -> dict[str, torch.Size]:
    return {
        key: value.shape
        for key, value in ((name.removeprefix(prefix), value) for name, value in weights.items())
        if not key.startswith("fc.") and not key.endswith(".num_batches_tracked")
    }


def _check_chain(path: Path, model: AgeRegressor, prefix: str) -> None:
    """Refuse a head whose layers were taken from the weights but do not follow on each other."""
    width = model.features
    for name, layer in model.backbone.named_modules():
        if name.startswith("fc") and isinstance(layer, nn.Linear):
            if layer.in_features != width:
                raise InputError(
                    "{path}: head layer {name} takes {inputs} values, but the layer before it "
                    "gives {width}",
                    path=path,
                    name=f"{prefix}{name}",
                    inputs=layer.in_features,
                    width=width,
                )
            width = layer.out_features


def _head_of(
    path: Path, weights: Mapping[str, torch.Tensor], prefix: str, dropout: float
) -> nn.Module | None:
    """The regression head whose Linear layers stand in the weights; None where there is none.

    A place without weights holds a ReLU if it is the first after a Linear layer, else a Dropout,
    which does nothing in evaluation.
    """
    pattern = re.compile(re.escape(prefix) + r"fc\.(?:([0-9]{1,4})\.)?weight")
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
            "{path}: its head has {count} outputs ({name}); an age needs exactly one{hint}",
            path=path,
            count=last.out_features,
            name=f"{places[max(places)]}weight",
            hint=Message("; it is an ImageNet classifier") if last.out_features == 1000 else "",
        )
    if list(linears) == [-1]:
        return linears[-1]
    if max(linears) > 64:
        name = f"{places[max(places)]}weight"
        raise InputError("{path}: head layer {name}: no head is that deep", path=path, name=name)
    return nn.Sequential(
        *(
            linears.get(place) or (nn.ReLU() if place - 1 in linears else nn.Dropout(dropout))
            for place in range(max(linears) + 1)
        )
    )
