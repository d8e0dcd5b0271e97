"""The experiments on the network that a run is asked for; no other run waits for their imports."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from gradcam import network_input
from model import AgeRegressor
from reading.images import picture
from stages.analyse import Explanations, Maps
from stages.network import Execution
from stages.originals import Originals

if TYPE_CHECKING:
    import argparse

    from stages.faithfulness import Checks
    from stages.log import Log
    from stages.samples import Predictions
    from stages.transplant import Transplanted


class Experiments(NamedTuple):
    """What came of each; None where it was not asked for."""

    checks: Checks | None = None
    transplanted: Transplanted | None = None


def experiments(
    args: argparse.Namespace,
    log: Log,
    model: AgeRegressor,
    execution: Execution,
    predicted: Predictions,
    explained: Explanations,
    image_size: int,
) -> Experiments:
    """Run the experiments that the command line asks for."""
    checks, transplanted = None, None
    if args.cam_check:
        with log.step("cam_check"):
            checks = check_maps(
                model,
                execution,
                explained,
                predicted.maps,
                predicted.originals,
                image_size=image_size,
                samples=args.cam_check_samples,
            )
    if args.transplant:
        from stages.transplant import transplant

        with log.step("transplant"):
            transplanted = transplant(
                model,
                execution,
                explained.table,
                predicted.originals,
                explained.masks,
                image_size=image_size,
                donors=args.transplant_donors,
                samples=args.transplant_samples,
                progress=log.progress,
            )
        log.warn_all(transplanted.notes)
    return Experiments(checks, transplanted)


def check_maps(
    model: AgeRegressor,
    execution: Execution,
    explanations: Explanations,
    maps: Maps,
    originals: Originals,
    *,
    image_size: int,
    samples: int,
) -> Checks | None:
    """Test whether the maps are faithful, on `samples` images that a fixed seed draws.

    Those that are no longer the ones that the network saw are left out; None where none is left.
    """
    from stages.faithfulness import run_checks

    table = explanations.table
    rng = np.random.default_rng(0)
    drawn = np.sort(rng.choice(len(table), min(samples, len(table)), replace=False)).tolist()
    contents = [(row, originals.read(table["path"][row])) for row in drawn]
    rows = [row for row, content in contents if content]
    if not rows:
        return None
    images = [network_input(picture(found)[0], image_size) for _, found in contents if found]
    return run_checks(
        copy.deepcopy(model).to(execution.device),
        execution.target_layer or "layer4",
        torch.cat(images),
        maps[rows],
        [explanations.masks[row] for row in rows],
        table["subject_id"][rows].tolist(),
        batch_size=execution.batch_size,
    )
