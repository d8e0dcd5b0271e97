"""The weights in a checkpoint: found, freed of wrappers, checked, and held against a network's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from errors import InputError, Message, one_list

WEIGHT_KEYS = ("model_state_dict", "state_dict", "model")
WRAPPERS = frozenset({"module", "_orig_mod"})  # DataParallel and torch.compile
LATE_FUSION = ("fusion_head.", "aux_branch.")
PRECISIONS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
MANY = 10  # tensors in what looks like weights
_PARTED = (Mapping, list, tuple)
MOST_NAME = 200  # letters of where others stand
MOST_COMPARED = 2**30  # values; a few bytes may name the same gigabyte a thousand times
MAX_VALUES = 2**28  # 1 GB as float32; resnet152 has 60 million


def read_weights(path: Path, content: dict[Any, Any]) -> tuple[dict[str, torch.Tensor], str]:
    """Read the weights: names without wrappers -> float32 tensors, and the dtype in the file.

    content: what stands in the checkpoint. Raises InputError for what is no weight of a network.
    """
    key = weights_key(content)
    found = None if key is None else content[key]
    if found is None:
        found = {name: value for name, value in content.items() if torch.is_tensor(value)}
    weights: dict[str, torch.Tensor] = {}
    dtypes = set()
    total = 0
    for name, value in entries(found).items():
        if not isinstance(name, str) or not torch.is_tensor(value):
            kind = type(value).__name__
            raise _useless(path, shown(name), Message("is a {kind}, not a tensor", kind=kind))
        plain = ".".join(part for part in name.split(".") if part not in WRAPPERS)
        place = listed([plain])
        if plain == "n_averaged":  # of torch.optim.swa_utils.AveragedModel
            continue
        if plain in weights:
            raise _useless(path, place, Message("stands in it twice; save it again"))
        if not is_plain(value):
            problem = Message("is sparse or without values; save it as a plain tensor")
            raise _useless(path, place, problem)
        value = value.data  # without the attributes that a pickle may give it
        total += value.numel()
        if total > MAX_VALUES:
            problem = Message("claims more values than a network has ({most:,})", most=MAX_VALUES)
            raise _useless(path, place, problem)
        if value.dtype in PRECISIONS:
            dtypes.add(str(value.dtype).removeprefix("torch."))
            value = value.float()
            if not bool(torch.isfinite(value).all()):
                problem = Message(
                    "has NaN or infinite values; the training diverged, take an earlier checkpoint"
                )
                raise _useless(path, place, problem)
        elif not plain.endswith(".num_batches_tracked"):
            problem = Message("holds {dtype}, not floating-point numbers", dtype=value.dtype)
            raise _useless(path, place, problem)
        weights[plain] = value
    _check_kind(path, content, weights)
    return weights, "/".join(sorted(dtypes))


def weights_key(content: dict[Any, Any]) -> str | None:
    """Name under which the weights stand; None for a bare state dict."""
    return next((key for key in WEIGHT_KEYS if isinstance(content.get(key), Mapping)), None)


def other_weights(content: dict[Any, Any]) -> list[str]:
    """Name what else in the file looks like a network's weights, and is not the same ones.

    At any depth, as "ema.shadow": by names, or as a list of tensors that have the shapes of the
    weights used; also beside these, as "ema.*". What an optimizer keeps is none.
    """
    key = weights_key(content)
    used = None if key is None else entries(content[key])
    shapes = {value.shape for value in (used or content).values() if _is_matrix(value)}
    waiting = [(str(name), value) for name, value in content.items() if name != key][::-1]
    tensors = [str(name) for name, value in content.items() if torch.is_tensor(value)]
    heads = Counter(name.partition(".")[0] for name in tensors if key is not None)
    found = [f"{head}.*" for head, count in heads.items() if count >= MANY]
    known: dict[int, bool] = {}
    left = [MOST_COMPARED]
    while waiting:
        name, value = waiting.pop()
        if not _has_parts(value):
            continue
        if id(value) in known:  # one may stand in many places
            found += [name] if known[id(value)] else []
            continue
        if not isinstance(value, list | tuple):
            parts = entries(value) if isinstance(value, Mapping) else vars(value)
            many = sum(map(torch.is_tensor, parts.values())) >= MANY
            alike = many and not _same(parts, used, left)
        else:
            parts = dict(enumerate(value))
            alike = sum(_is_matrix(part) and part.shape in shapes for part in value) >= MANY
        known[id(value)] = alike
        if alike:
            found.append(name)
            continue
        waiting += [
            (f"{name}.{place}"[:MOST_NAME], part)
            for place, part in reversed(parts.items())
            if isinstance(place, str | int | float)
            and _has_parts(part)
            and "param_groups" not in parts
        ]
    return found


def _has_parts(value: object) -> bool:
    """Tell whether it holds others; a namespace is argparse's, or what stands for it."""
    return isinstance(value, _PARTED) or type(value).__name__ == "Namespace"


def _is_matrix(value: object) -> bool:
    return torch.is_tensor(value) and is_plain(value) and value.ndim > 1


def _same(weights: dict[Any, Any], used: dict[Any, Any] | None, left: list[int]) -> bool:
    """Tell whether both have the same names and values.

    left: how many values may be compared yet; where they are too many, nobody knows.
    """
    if used is None or weights.keys() != used.keys():
        return False
    for name, value in weights.items():
        if not torch.is_tensor(value) or not is_plain(value) or not torch.is_tensor(used[name]):
            return False
        left[0] -= value.numel()
        if left[0] < 0 or not torch.equal(value, used[name]):
            return False
    return True


def entries(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    """Make a plain dict: in a pickle, an attribute named `items` or `get` may hide the method."""
    return dict(type(mapping).items(mapping))


def is_plain(tensor: torch.Tensor) -> bool:
    """Tell whether its values are there: neither sparse, nested, quantised nor on `meta`."""
    strided = tensor.layout is torch.strided and not tensor.is_nested
    return strided and not tensor.is_quantized and tensor.device.type == "cpu"


def _useless(path: Path, name: str, problem: Message) -> InputError:
    return InputError("{path}: weight {name} {problem}", path=path, name=name, problem=problem)


def _check_kind(path: Path, content: dict[Any, Any], weights: dict[str, torch.Tensor]) -> None:
    """Refuse a file without weights, and a network that takes more than the image."""
    if not weights:
        raise InputError(
            "{path}: holds no weights; looked for {keys} or a bare state dict and found {found}",
            path=path,
            keys=one_list(WEIGHT_KEYS),
            found=listed(content) or Message("nothing"),
        )
    fusion = [prefix for prefix in LATE_FUSION if any(n.startswith(prefix) for n in weights)]
    if fusion:
        raise InputError(
            "{path}: is a late-fusion checkpoint ({names}), which takes more than the image; only "
            "image networks can be evaluated",
            path=path,
            names=one_list(f"{prefix}*" for prefix in fusion),
        )


def misfits(
    weights: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]
) -> list[Message]:
    """Say how many weights are missing, too many, or of another shape, and name the first."""
    missing = [key for key in wanted if key not in weights]
    unexpected = [key for key in weights if key not in wanted]
    misshapen = [
        f"{key} {tuple(weights[key].shape)} != {tuple(value.shape)}"
        for key, value in wanted.items()
        if key in weights and weights[key].shape != value.shape
    ]
    problems = []
    if missing:
        count, names = len(missing), listed(missing)
        problems.append(
            Message(
                "{count} of {total} missing ({names})", count=count, total=len(wanted), names=names
            )
        )
    if unexpected:
        count, names = len(unexpected), listed(unexpected)
        problems.append(Message("{count} unexpected ({names})", count=count, names=names))
    if misshapen:
        count, names = len(misshapen), listed(misshapen)
        problems.append(Message("{count} of another shape ({names})", count=count, names=names))
    return problems


def listed(names: Iterable[object], most: int = 4) -> str:
    """Name the first ones, in one line."""
    names = list(names)
    first = [shown(name).strip("'") for name in names[:most]]
    return ", ".join(first + ["..."] * (len(names) > most))


def shown(value: object, most: int = 120) -> str:
    """Show what stands in the file in one short line: text and numbers as written, else the type.

    Only these: the text of a nested value may have no end, and that of a tensor has many lines.
    """
    if not isinstance(value, str | int | float | None):
        return f"<{type(value).__name__.lstrip('_')}>"
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}...{text[-1]}"
