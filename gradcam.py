"""Grad-CAM of an age regressor, signed and in years, and the three-panel figure made of it.

    python gradcam.py --checkpoint outputs/run_X/best_model.pth IMAGE [IMAGE ...]

Grad-CAM: Selvaraju et al., ICCV 2017. With A the activation of a layer and w_k the mean over
positions of d(age)/d(A_k), the signed map is E = sum_k w_k A_k. Behind a global average pooling
and a piecewise linear head its sum over positions is the prediction less the head's local offset,
so every cell holds years of evidence: above zero for older, below zero for younger.
"""

from __future__ import annotations

import argparse
import functools
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # imported by its name, so that a package that is broken has its line
    sys.path.insert(0, str(Path(__file__).resolve().parent))  # for `python -I` and `python -P`
    from gradcam_options import parse_arguments
    from packages import run_module

    run_module("gradcam", parse_arguments)

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from commands import complain, ended
from dataset import mask_path_for
from errors import InputError, Message, one_line, one_list, system_reason
from gradcam_options import parse_arguments
from model import Checkpoint, load_checkpoint, normalise_pixels
from plots.fonts import figure_language, figure_texts
from plots.overlays import (
    as_rgb,
    get_heatmap_only,
    get_heatmap_overlay,
    get_mask_overlay,
    normalise,
)
from plots.placing import figure_names, refuse_inputs, refuse_what_is_no_file
from plots.samples import Sample, sample_figure
from plots.style import place_figure
from reading.files import check_mask_dir
from reading.images import read_image
from reading.masks import read_mask
from reading.resize import resize_image
from reading.settings import Settings
from words.catalogue import asked_language, in_both, language, texts, translated
from words.tables import plain_number, signed_number

__all__ = [
    "GradCAM",
    "find_layer",
    "generate_gradcam_visualization",
    "get_heatmap_only",
    "get_heatmap_overlay",
    "get_mask_overlay",
    "identity_holds",
    "network_input",
    "signed_maps",
    "weighted_map",
]

_ONE_PASS = threading.RLock()  # each sets the network to eval mode, and back
TargetOutput = Callable[[Tensor], Tensor] | None
Floats = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]


class GradCAM:
    """Grad-CAM heatmaps of `model` at `target_layer`, one of its modules.

    Nothing is registered on the network between calls, and a call leaves its parameters, their
    gradients, its train/eval mode and its hooks as they were, also when it raises. Calls from
    several threads wait for each other.
    """

    def __init__(self, model: nn.Module, target_layer: nn.Module) -> None:
        self.model = model
        self.target_layer = target_layer

    def generate_cam(self, input_tensor: Tensor, target_output: TargetOutput = None) -> Floats:
        """Return the heatmap of each sample: float32 in [0, 1], (N, H, W), or (H, W) for one.

        input_tensor: (N, C, H, W), normalised as the network expects. target_output: None for the
        predicted age, or a callable from the network's output to one number per sample, (N,).
        The heatmap is the positive part of the signed map, brought to input resolution with
        bilinear interpolation and divided by its maximum; without a positive part it is all zero.
        Raises ValueError for a layer, a target or an input that cannot be used, and where the map
        of a sample is not finite.
        """
        _, signed = signed_maps(self.model, self.target_layer, input_tensor, target_output)
        maps = signed.cpu().numpy()
        broken = np.flatnonzero(~np.isfinite(maps).all(axis=(1, 2)))
        if broken.size:
            numbers = ", ".join(map(str, broken))
            raise ValueError(f"input_tensor: the map of sample {numbers} is not finite")
        height, width = input_tensor.shape[-2:]
        cams: Floats = np.stack([normalise(one, (height, width)) for one in maps])  # (N, H, W)
        return cams[0] if len(cams) == 1 else cams


def signed_maps(
    model: nn.Module,
    target_layer: nn.Module,
    images: Tensor,
    target_output: TargetOutput = None,
) -> tuple[Tensor, Tensor]:
    """Return predictions (N,) and signed maps (N, h, w), float32, in years, from one forward pass.

    images: (N, C, H, W). Both results are detached and stay on the images' device. The network
    runs in eval mode and without autocast; up to the target layer it runs without gradients, so
    maps cost little more than the predictions. A module that is called several times in a pass
    counts with its last call. Values that are not finite are passed on as they are.
    """
    scores, activation, gradient = _activation_and_gradient(
        model, target_layer, images, target_output
    )
    return scores.float(), weighted_map(activation, gradient).float()


def weighted_map(activation: Tensor, gradient: Tensor) -> Tensor:
    """Sum over channels as Grad-CAM does, signed: sum_k w_k A_k, w_k the mean of the gradient.

    activation, gradient: of one layer, (N, K, h, w). Returns (N, h, w), in years where the
    gradient is that of the age.
    """
    weights = gradient.mean(dim=(2, 3), keepdim=True)  # (N, K, 1, 1)
    # not a matrix product: those are rounded to bfloat16 or TF32 where the caller allows it
    return (weights * activation).sum(dim=1)  # (N, h, w)


def generate_gradcam_visualization(
    model: nn.Module,
    image_path: str | Path,
    mask_path: str | Path | None,
    true_age: float | None,
    pred_age: float | None,
    device: torch.device | str,
    *,
    output_path: str | Path | None = None,
    image_size: int | None = None,
    target_layer: nn.Module | str = "layer4",
    sign: str = "older",
    signed_map: Floats | None = None,
    lang: str = "en",
    note: str | None = None,
) -> Figure:
    """Draw the three-panel figure of one image, on the original picture; save it if asked to.

    mask_path: None where there is no mask. true_age, pred_age: years; without a true age no error
    is shown, without a predicted age the network's own is taken. image_size: side of the network's
    input, pixels; None for the checkpoint's, 224 for a network of another origin. target_layer: a
    module of `model`, or its name. sign: older, younger or both. signed_map: (h, w), years; given
    together with pred_age the network does not run. note: a line above everything. The file has
    300 dpi. Raises InputError for a file or a layer that cannot be used, and ValueError for an age
    that is not finite or another language.
    """
    for name, years in {"true_age": true_age, "pred_age": pred_age}.items():
        if years is not None and not np.isfinite(years):
            raise ValueError(f"{name}: expected a finite number of years or None, got {years!r}")
    refuse_inputs([output_path], [image_path, mask_path])
    image, _ = read_image(image_path)
    mask = None if mask_path is None else read_mask(mask_path)
    if signed_map is None or pred_age is None:
        layer = find_layer(model, target_layer) if isinstance(target_layer, str) else target_layer
        size: int = image_size or getattr(model, "image_size", None) or Settings.image_size
        batch = network_input(image, size).to(device)
        age, maps = signed_maps(model.to(device), layer, batch)
        pred_age = float(age[0]) if pred_age is None else pred_age
        signed_map = maps[0].cpu().numpy() if signed_map is None else signed_map
    sample = Sample(Path(image_path).name, image, mask, signed_map, true_age, pred_age)
    figure = sample_figure(sample, sign=sign, lang=lang, note=note)
    if output_path is not None:
        place_figure(figure, output_path)
    return figure


def network_input(image: Picture, image_size: int) -> Tensor:
    """Turn a picture, uint8 (H, W) or (H, W, 3), into the network's input, (1, 3, S, S) float32."""
    pixels = torch.from_numpy(as_rgb(resize_image(image, image_size)).copy())
    return normalise_pixels(pixels.permute(2, 0, 1)[None])  # (1, 3, S, S)


def identity_holds(model: nn.Module, target_layer: nn.Module, images: Tensor) -> bool:
    """Tell whether a map's sum and an offset free of positions make up the prediction here.

    That is so where d(age)/d(activation) is the same at every position of a channel, as behind a
    global average pooling. images: (N, C, H, W); a few samples suffice.
    """
    _, _, gradient = _activation_and_gradient(model, target_layer, images, None)
    spread = (gradient - gradient.mean(dim=(2, 3), keepdim=True)).abs().max()
    return bool(spread <= 1e-5 * gradient.abs().max())


def find_layer(model: nn.Module, name: str) -> nn.Module:
    """Find the module called `name`, such as layer4, backbone.layer3 or layer4[-1].conv2.

    Names start at the network or at its `backbone`. Raises InputError for an unknown name.
    """
    path = re.sub(r"\[(-?\d+)\]", r".\1", name).split(".")
    for root in (model, getattr(model, "backbone", None)):
        module = root
        for step in path:
            if isinstance(module, nn.Sequential) and re.fullmatch(r"-\d+", step):
                step = str(len(module) + int(step))
            module = dict(module.named_children()).get(step) if module is not None else None
        if module is not None:
            return module
    known = [child for child, _ in getattr(model, "backbone", model).named_children()]
    raise InputError(
        "layer {name}: the network has none; use one of {known}",
        name=repr(name),
        known=one_list(known),
    )


def _activation_and_gradient(
    model: nn.Module, target_layer: nn.Module, images: Tensor, target_output: TargetOutput
) -> tuple[Tensor, Tensor, Tensor]:
    """Scores (N,), activation and d(score)/d(activation), both (N, K, h, w), all detached."""
    if target_output is not None and not callable(target_output):
        raise ValueError(
            "target_output: expected None or a callable from the network's output to (N,), "
            f"got {target_output!r}"
        )
    got = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
    if not isinstance(images, Tensor) or images.ndim != 4 or 0 in images.shape:
        raise ValueError(f"images: expected shape (N, C, H, W), got {got}")
    if not any(module is target_layer for module in model.modules()):
        raise ValueError("target_layer: not a module of this network")
    with _gradients_from(model, target_layer, images.device.type) as captured:
        # a tensor made under inference_mode cannot take part in a graph
        output = model(images.clone() if images.is_inference() else images)
        if not captured:
            raise ValueError(Message("target_layer: not reached in the network's forward pass"))
        scores = _one_number_each(output, target_output, len(images))
        activation = captured[-1]
        gradient = None
        if scores.requires_grad:
            (gradient,) = torch.autograd.grad(scores.sum(), activation, allow_unused=True)
        if gradient is None:
            raise ValueError(Message("target_layer: its output has no influence on the target"))
    return scores.detach(), activation.detach(), gradient


@contextmanager
def _gradients_from(model: nn.Module, layer: nn.Module, device_type: str) -> Iterator[list[Tensor]]:
    """Let `model` run without gradients up to `layer` and with gradients from its output on.

    Yields a list that receives the layer's output, a leaf of the graph.
    """
    captured: list[Tensor] = []
    owner = threading.get_ident()

    def cut(_module: nn.Module, _args: tuple[Any, ...], output: object) -> Tensor | None:
        if threading.get_ident() != owner:  # another thread's pass through the same network
            return None
        if not isinstance(output, Tensor) or output.ndim != 4:
            got = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise ValueError(
                Message(
                    "target_layer: expected an output of shape (N, C, h, w), got {got}", got=got
                )
            )
        captured[:] = [output.detach().requires_grad_()]
        torch.set_grad_enabled(True)  # of this thread, until the enclosing no_grad ends
        return captured[0].clone()  # what follows may write into its input in place

    with _ONE_PASS:
        training = [module for module in model.modules() if module.training]
        hook = layer.register_forward_hook(cut)
        try:
            for module in training:
                module.training = False
            with (
                torch.inference_mode(False),
                torch.no_grad(),
                torch.autocast(device_type, enabled=False),
            ):
                yield captured
        finally:
            hook.remove()
            for module in training:
                module.training = True


def _one_number_each(output: Any, target_output: TargetOutput, count: int) -> Tensor:
    scores = output if target_output is None else target_output(output)
    if target_output is None and isinstance(scores, Tensor) and scores.shape == (count, 1):
        scores = scores[:, 0]
    if not isinstance(scores, Tensor) or scores.shape != (count,):
        got = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise ValueError(f"target_output: expected one number per sample, ({count},), got {got}")
    return scores


def main(argv: list[str] | None = None) -> int:
    """Run the command: prediction and figure of each image. Returns its exit status, 0 or 2."""
    return ended("gradcam.py", lambda: explain_images(parse_arguments(argv)), asked_language(argv))


def explain_images(args: argparse.Namespace) -> int:
    """Predict and draw each image. Returns 0, or 2 where one could not be used and was named."""
    lang = language(args.lang)
    checkpoint = load_checkpoint(args.checkpoint, trust=args.trust_checkpoint)
    size = checkpoint.settings.image_size
    names = ["no_cjk_font"] * (figure_language(lang) != lang)
    names += ["image_size_absent"] * ("image_size" not in checkpoint.given)
    layer = find_layer(checkpoint.model, args.layer)
    try:  # on a black picture, before anything is read
        black = network_input(np.zeros((8, 8), np.uint8), size)
        adds_up = identity_holds(checkpoint.model, layer, black)
    except ValueError as error:
        raise InputError(
            "--layer {name}: {problem}; layer4 is the usual choice",
            name=args.layer,
            problem=error.args[0],
        ) from error
    names += ["not_a_sum"] * (not adds_up)
    facts = {"used": size, "layer": args.layer}
    for note in (*(in_both("warnings", name, **facts) for name in names), *checkpoint.notes):
        print(texts("screen", lang)["warning"].format(message=note[lang]), file=sys.stderr)
    if args.mask_dir is not None:
        check_mask_dir(args.mask_dir)
    try:
        args.output_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            "--output-dir {path}: cannot be made ({reason})",
            path=args.output_dir,
            reason=system_reason(error),
        ) from error
    outputs = [args.output_dir / name for name in figure_names(args.images)]
    for output in outputs:
        refuse_what_is_no_file(output)
    masks = [mask_path_for(path, args.mask_dir) for path in args.images]
    refuse_inputs(outputs, [args.checkpoint, *args.images, *masks])
    words = figure_texts("samples", lang)
    said = [words["synthetic"]] * checkpoint.synthetic
    said += [words["not_a_sum"].format(layer=args.layer)] * (not adds_up)
    shown = _Shown(layer, adds_up, args.mask_dir, args.sign, lang, "; ".join(said) or None)
    status = 0
    for path, output in zip(args.images, outputs, strict=True):
        try:
            print(one_line(_explain_image(path, checkpoint, shown, output)))
        except InputError as error:
            status = complain("gradcam.py", error, say=functools.partial(translated, lang=lang))
    return status


@dataclass(frozen=True)
class _Shown:
    """How images are explained; adds_up: the cells of a map and an offset are the prediction."""

    layer: nn.Module
    adds_up: bool
    mask_dir: Path | None
    sign: str
    lang: str
    note: str | None


def _explain_image(path: Path, checkpoint: Checkpoint, shown: _Shown, output: Path) -> str:
    """Draw one image's figure to `output`; returns the line about its prediction."""
    image, _ = read_image(path)
    mask_path = mask_path_for(path, shown.mask_dir)
    mask = None if mask_path is None else read_mask(mask_path)
    batch = network_input(image, checkpoint.settings.image_size)
    ages, maps = signed_maps(checkpoint.model, shown.layer, batch)
    age, signed_map = float(ages[0]), maps[0].numpy()
    if not (np.isfinite(age) and np.isfinite(signed_map).all()):
        raise InputError("{path}: the prediction or its map is not finite", path=path)
    sample = Sample(path.name, image, mask, signed_map, None, age)
    figure = sample_figure(sample, sign=shown.sign, lang=shown.lang, note=shown.note)
    place_figure(figure, output)
    older, younger = float(maps.clamp(min=0).sum()), float(maps.clamp(max=0).sum())
    key = "explained" if shown.adds_up else "explained_in_part"
    return texts("screen", shown.lang)[key].format(
        path=path,
        age=plain_number(age, 1),
        offset=plain_number(age - older - younger, 1),
        older=signed_number(older, 1),
        younger=signed_number(younger, 1),
        file=output,
    )
