"""What makes an image hard, how concentrated its map is, and evidence where no tissue is."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pandas as pd

from stages.looks import LOOKED, PixelRange
from stats.blank import Blank, alike_in_all, blank_columns, blank_summary
from stats.concentration import Concentration, concentration, concentration_columns
from stats.error_sources import ErrorSources, error_sources
from stats.image_features import Edges, ImageFeatures
from words.catalogue import in_both
from words.sources import percent_text

# Feature -> description. `cam_effective_cells` ranks as `cam_entropy` does, and is left out.
FEATURES = {
    "grey_mean": "Mean grey value, 0 to 255",
    "grey_sd": "SD of the grey values",
    "grey_contrast": "95th less 5th percentile of the grey values",
    "grey_skewness": "Skewness of the grey values",
    "grey_entropy": "Entropy of the 256 grey levels, bits",
    "sharpness": "Variance of the Laplacian",
    "speckle_snr": "Mean over SD of the grey values in the mask",
    "mask_fraction": "Share of the image in the mask",
    "energy_ratio": "Energy in the mask over the mask's area",
    "cam_gini": "Gini index of the heatmap's cells",
    "cam_entropy": "Entropy of the heatmap over log cells",
    "cam_active_area": "Share of the cells with at least half of the maximum",
    "energy_on_blank": "Share of the heatmap on blank areas",
    "sex": "Sex: 0 female, 1 male",
    "bmi": "Body mass index, kg/m2",
}
SEXES = {"F": 0.0, "M": 1.0}


@dataclasses.dataclass(frozen=True)
class Sources:
    """Summaries of `with_sources`."""

    blank: Blank
    concentration: Concentration
    error_sources: ErrorSources


def blank_alarm(blank: Blank) -> list[dict[str, str]]:
    """Say loudly, by language, that the maps show evidence where no tissue is."""
    if not blank.warn:
        return []
    parts = ("energy_on_blank", "blank_fraction")
    shares = {name: percent_text(getattr(blank, name)) for name in parts}
    facts = {"count": blank.n_much, "of": blank.n_images, "much": f"{100 * blank.much:.0f}"}
    return [in_both("warnings", "evidence_on_blank", **shares, **facts)]


def with_sources(
    table: pd.DataFrame, maps: npt.NDArray[np.float32], image_size: int, pixels: PixelRange | None
) -> tuple[pd.DataFrame, Sources]:
    """Add the columns on blank areas and concentration; correlate all features with the errors.

    table: one row per image, with the columns in LOOKED, of which the edges are taken out again;
    what was not looked at is NaN. maps: (N, h, w), years. pixels: of the same images.
    """
    subjects = table["subject_id"].tolist()
    looked = table.reindex(columns=LOOKED).astype(np.float64)
    edges = looked[list(Edges._fields)].fillna(0).to_numpy(np.int64)
    alike = None
    if pixels is not None and pixels.least is not None and pixels.most is not None:
        alike = alike_in_all(pixels.least, pixels.most, len(set(subjects)))
    on_blank = blank_columns(maps, edges, image_size, alike)
    cells = concentration_columns(maps)
    table = table.drop(columns=[*LOOKED], errors="ignore").assign(
        **looked[list(ImageFeatures._fields)], **on_blank, **cells
    )
    known = table.reindex(columns=[*FEATURES])
    known = known.assign(sex=known["sex"].map(SEXES)).astype(np.float64)
    found = error_sources(
        {name: (text, known[name].to_numpy()) for name, text in FEATURES.items()},
        table["pred_age"].to_numpy() - table["true_age"].to_numpy(),
        table["true_age"].to_numpy(),
        subjects,
    )
    return table, Sources(
        blank=blank_summary(on_blank, subjects, alike),
        concentration=concentration(cells, subjects),
        error_sources=found,
    )
