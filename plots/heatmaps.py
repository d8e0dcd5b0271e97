"""Figures on all Grad-CAM maps together: numbers in, matplotlib Figure out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from plots.fonts import figure_texts
from plots.samples import DIVERGING, label_picture
from plots.style import (
    BLACK,
    BLUE,
    DROP_MM,
    HEAD_MM,
    LINE_MM,
    SKY,
    SMALL_PT,
    VERMILION,
    WIDTH_MM,
    Floats,
    Handle,
    add_footer,
    add_key,
    add_rows,
    axis_limits,
    estimate_text,
    key_mm,
    make_panels,
    number_text,
    paper_style,
    rows_mm,
    two_panels,
)
from stats.focus import Focus
from stats.jackknife import MIN_SUBJECTS
from stats.mask_null import MaskNull
from stats.mask_overlap import Maps, upsample
from words.tables import EstimateLike

CHECK_MM = 80.0  # height of the panels of the checks
INFILL_COLOURS = (BLUE, VERMILION)
GROUP_TITLE_MM = 9.5  # two lines of text above the panel of an age group


@dataclass(frozen=True)
class GroupMap:
    """Means over the images of one age group: picture (S, S) grey, map (h, w) in years.

    mean_mask: share (S, S) of the masks at each pixel, None without a mask.
    """

    age_range: str
    n_images: int
    n_subjects: int
    mean_image: Floats
    mean_map: Floats
    mean_mask: Floats | None


def focus_figure(
    energy_ratio: Floats,
    abs_error: Floats,
    focus: Focus,
    null: MaskNull | None,
    *,
    lang: str = "en",
    note: str | None = None,
    sources: Any = None,
) -> Figure:
    """Energy ratio against absolute error, and its distribution beside that with other masks.

    energy_ratio, abs_error: (N,), the error in years; rows without a ratio are left out. focus,
    null: of the same images; null is None where masks cannot be exchanged. sources: None, or a
    `stages.sources.Sources`, of which the evidence on blank areas is told.
    """
    words = figure_texts("heatmaps", lang)
    shown = np.isfinite(energy_ratio)
    with paper_style(lang):
        fig, (left, right) = two_panels(note, key_lines=2, rows=3, footer=null is None)
        title_a, title_b = (f"{key[-1]}   {words[key]}" for key in ("focus_a", "focus_b"))
        if not shown.any():
            n_images = focus.n_with_mask + focus.n_without_mask
            for ax, title in ((left, title_a), (right, title_b)):
                ax.set_title(title)
                _say(ax, words["nothing"].format(focus.n_with_mask, n_images))
            return fig
        ratio, error = energy_ratio[shown], abs_error[shown]
        most = [ratio.max(), 1.5] if null is None else [ratio.max(), 1.5, null.ratios.max()]
        limits = (0.0, 1.05 * float(max(most)))
        add_key(left, _draw_errors(left, ratio, error, limits, words), DROP_MM)
        counts = words["n"].format(focus.n_images, focus.n_subjects)
        marks = words["brackets"] if focus.energy_ratio.ci95 else ""
        spearman = f"{words['spearman']} {estimate_text(focus.focus_and_error, 2)}"
        on_blank = "" if sources is None else _on_blank(sources, figure_texts("sources", lang))
        add_rows(left, title_a, [spearman, on_blank, f"{counts}    {marks}".rstrip()])
        own = ratio if null is None else energy_ratio[null.rows]
        add_key(right, _draw_ratios(right, own, null, limits, words), DROP_MM, columns=2)
        rows = [
            f"{words['of_n'].format(words[name], n)} {estimate_text(estimate, 2)}"
            for name, n, estimate in (
                ("energy_ratio", focus.n_images, focus.energy_ratio),
                ("pointing_hit", focus.n_images, focus.pointing_hit),
                ("own_minus_other", focus.null.n_images, focus.own_minus_other),
            )
            if estimate.value is not None
        ]
        add_rows(right, title_b, [*rows, "", "", ""][:3])  # as many as on the left
        if null is None:
            add_footer(fig, [words["no_peer"]])
    return fig


def _on_blank(sources: Any, words: Mapping[str, str]) -> str:
    """Say how much evidence lies on blank areas; "" where there is no map."""
    blank = sources.blank
    if blank.energy_on_blank.value is None:
        return ""
    shares = (100 * one.value for one in (blank.energy_on_blank, blank.blank_fraction))
    energy, area = (number_text(share, 1) for share in shares)
    return words["focus_blank"].format(energy=energy, area=area)


def _say(ax: Axes, text: str) -> None:
    """Write into the middle of an otherwise empty panel why it is empty."""
    ax.set(xticks=[], yticks=[])
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes)


def _draw_errors(
    ax: Axes,
    ratio: Floats,
    error: Floats,
    limits: tuple[float, float],
    words: Mapping[str, str],
) -> list[Handle]:
    """Draw the absolute error, years, against the energy ratio; returns the key's entries."""
    points = ax.scatter(ratio, error, s=9, color=BLUE, alpha=0.5, lw=0, label=words["image"])
    chance = ax.axvline(1, color=BLACK, ls=":", lw=1, label=words["chance"])
    ax.set(xlim=limits, xlabel=words["ratio"], ylabel=words["error"])
    ax.set_ylim(0, axis_limits(np.append(error, 0), least=2.0)[1])
    return [points, chance]


def _draw_ratios(
    ax: Axes,
    ratio: Floats,
    null: MaskNull | None,
    limits: tuple[float, float],
    words: Mapping[str, str],
) -> list[Handle]:
    """Draw histograms of the ratios with own and with other masks; returns the key's entries.

    ratio: of the images that are compared, of all where null is None.
    """
    edges = np.linspace(*limits, 25).tolist()
    ax.hist(ratio, edges, weights=np.full(len(ratio), 100 / len(ratio)), color=SKY)
    handles: list[Handle] = [Patch(color=SKY, label=words["own"].format(len(ratio)))]
    mean = float(ratio.mean())
    label = f"{words['mean_own']} {number_text(mean, 2)}"
    handles.append(ax.axvline(mean, color=BLUE, lw=1.5, label=label))
    if null is not None:
        weights = np.full(len(null.ratios), 100 / len(null.ratios))
        ax.hist(null.ratios, edges, weights=weights, histtype="step", color=VERMILION, lw=1.2)
        others = float(null.others.mean())
        label = f"{words['mean_others']} {number_text(others, 2)}"
        handles += [
            Line2D([], [], color=VERMILION, lw=1.2, label=words["others"]),
            ax.axvline(others, color=VERMILION, lw=1.5, ls="--", label=label),
        ]
    ax.set(xlim=limits, xlabel=words["ratio"], ylabel=words["images"])
    return handles


def age_groups_figure(
    groups: Sequence[GroupMap], *, lang: str = "en", note: str | None = None
) -> Figure:
    """Mean signed map over the mean image of each age group, on one symmetric scale in years.

    Evidence is the more opaque the more years it is, so that the picture shows where there is
    none. groups: at least one.
    """
    words = figure_texts("heatmaps", lang)
    rows = -(-len(groups) // 5)  # the titles of five stand side by side
    columns = max(-(-len(groups) // rows), 3)
    side = (WIDTH_MM - 3.0 * (columns + 1)) / columns
    height = rows * (side + GROUP_TITLE_MM) + 19.0
    boxes = [
        (
            3.0 + i % columns * (side + 3.0),
            height - (i // columns + 1) * (side + GROUP_TITLE_MM),
            side,
            side,
        )
        for i in range(len(groups))
    ]
    limit = max((float(np.abs(group.mean_map).max()) for group in groups), default=0.0) or 1.0
    with paper_style(lang):
        fig, axes = make_panels(note, height, [*boxes, (40.0, 13.0, WIDTH_MM - 80.0, 3.0)])
        *panels, bar = axes
        for ax, group in zip(panels, groups, strict=True):
            shape = (group.mean_image.shape[0], group.mean_image.shape[1])
            ax.imshow(group.mean_image, cmap="gray", vmin=0, vmax=group.mean_image.max() or 1)
            _draw_evidence(ax, upsample(group.mean_map, shape), limit)
            _draw_outline(ax, group.mean_mask)
            ax.set_axis_off()
            years = words["group_years"].format(group.age_range.replace("-", "–"))
            key = "group_few" if group.n_subjects < MIN_SUBJECTS else "group_n"
            counts = words[key].format(group.n_images, group.n_subjects)
            if not group.mean_map.any():
                label_picture(ax, words["no_evidence"])
            ax.set_title(f"{years}\n{counts}", fontsize=SMALL_PT, pad=2.0)
        _draw_scale(bar, limit)
        label = words["group_scale"].format(*groups[0].mean_map.shape)
        bar.set_xlabel(f"{label}\n{words['group_key'].format(MIN_SUBJECTS)}", labelpad=1.0)
    return fig


def _draw_evidence(ax: Axes, years: Maps, limit: float, **options: Any) -> None:
    """Draw evidence (H, W), years, in colours that are opaque from half of the limit on."""
    opacity = 0.9 * np.minimum(2 * np.abs(years) / limit, 1)
    ax.imshow(years, cmap=DIVERGING, vmin=-limit, vmax=limit, alpha=opacity, **options)


def _draw_outline(ax: Axes, mean_mask: Floats | None) -> None:
    """Outline where at least half of the masks lie, white within black, seen on any picture."""
    if mean_mask is None or not mean_mask.min() < 0.5 <= mean_mask.max():
        return
    for colour, width in ((BLACK, 1.8), ("white", 0.9)):
        ax.contour(mean_mask, [0.5], colors=[colour], linewidths=[width])


def _draw_scale(ax: Axes, limit: float) -> None:
    """Draw the colours of the evidence as they look over mid grey, years from -limit to limit."""
    place: dict[str, Any] = {"extent": (-limit, limit, 0.0, 1.0), "aspect": "auto"}
    ax.imshow(np.full((1, 1), 0.5), cmap="gray", vmin=0, vmax=1, **place)
    _draw_evidence(ax, np.linspace(-limit, limit, 255)[None], limit, **place)
    ax.set_yticks([])
    ax.spines[:].set(visible=True, linewidth=0.5)


def check_figure(checks: Any, *, lang: str = "en", note: str | None = None) -> Figure:
    """Parameter randomisation, deletion from both ends, and scores; repeatability on a line below.

    checks: the results of `stages.faithfulness.run_checks`.
    """
    words = figure_texts("heatmaps", lang)
    deleted, randomised = checks.deletion, checks.parameter_randomisation
    last = randomised.stages[-1].similarity
    bottom = DROP_MM + key_mm(4) + LINE_MM + 5.0
    boxes = [(left, bottom, wide, CHECK_MM) for left, wide in ((14, 40), (73, 40), (135, 42))]
    height = bottom + CHECK_MM + HEAD_MM + rows_mm(2)
    with paper_style(lang):
        fig, (left, middle, right) = make_panels(note, height, boxes)
        add_key(left, _draw_similarity(left, randomised, words), DROP_MM)
        similarity = estimate_text(last, 2)
        add_rows(left, f"a   {words['check_a']}", [words["similarity_last"], similarity])
        add_key(middle, _draw_deletion(middle, deleted, words), DROP_MM)
        rows = [f"{words[i.infill]} {estimate_text(i.score, 2)}" for i in deleted.infills]
        add_rows(middle, f"b   {words['check_b']}", rows)
        add_key(right, _draw_scores(right, deleted, words), DROP_MM)
        rows = [
            f"{words[i.infill]} {estimate_text(i.baselines[0].map_minus_baseline, 2)}"
            for i in deleted.infills
        ]
        add_rows(right, f"c   {words['check_c']}", rows)
        repeats = [
            f"{words[change.change]} {estimate_text(change.similarity, 2)}, "
            f"{words['years'].format(number_text(change.age_change.value, 2))}"
            for change in checks.repeatability.changes
        ]
        add_footer(fig, [words["repeats"], *repeats], line=1)
        counts = words["n"].format(checks.n_images, checks.n_subjects)
        marks = [words["brackets"]] if deleted.infills[0].score.ci95 or last.ci95 else []
        add_footer(fig, [counts, *marks])
    return fig


def _draw_similarity(ax: Axes, randomised: Any, words: Mapping[str, str]) -> list[Handle]:
    """Draw the similarity of the maps by stage, where it exists; returns the key's entries."""
    stages = [stage for stage in randomised.stages if stage.similarity.value is not None]
    if not stages:
        _say(ax, words["no_similarity"])
        return []
    drawn = [_draw_estimate(ax, k, s.similarity, BLUE, "o") for k, s in enumerate(stages)]
    ax.set_xticks(range(len(stages)), [words[s.stage] for s in stages])
    ax.set(xlim=(-0.6, max(len(stages), 2) - 0.4), ylim=(0, 1.02), ylabel=words["similarity"])
    for handle in drawn[:1]:
        handle.set_label(words["mean_ci" if any(s.similarity.ci95 for s in stages) else "mean"])
    limit, chance = randomised.similar_from, randomised.chance
    return [
        *drawn[:1],
        ax.axhline(limit, color=VERMILION, ls="--", lw=1, label=words["limit"].format(limit)),
        ax.axhline(chance, color=BLACK, ls=":", lw=1, label=words["unrelated"].format(chance)),
    ]


def _draw_deletion(ax: Axes, deleted: Any, words: Mapping[str, str]) -> list[Handle]:
    """Draw the fall of the predicted age by the share that is replaced; the key's entries."""
    share = 100 * np.array(deleted.fractions)
    handles: list[Handle] = []
    for infilled, colour in zip(deleted.infills, INFILL_COLOURS, strict=True):
        for way, style in (("highest_first", "-"), ("lowest_first", "--")):
            values = [estimate.value for estimate in getattr(infilled, way)]
            label = f"{words[infilled.infill]}, {words[way]}"
            handles += ax.plot(share, values, style, color=colour, lw=1.5, label=label)
    ax.axhline(0, color=BLACK, lw=0.5)
    ax.set(xlim=(0, 100), xlabel=words["share"], ylabel=words["fall"])
    return handles


def _draw_scores(ax: Axes, deleted: Any, words: Mapping[str, str]) -> list[Handle]:
    """Draw the scores of the map and of what knows nothing of the network; the key's entries."""
    names = ["map", *(baseline.name for baseline in deleted.infills[0].baselines)]
    handles: list[Handle] = []
    marks = zip(deleted.infills, INFILL_COLOURS, ("o", "s"), (-0.12, 0.12), strict=True)
    for infilled, colour, marker, beside in marks:
        scores = [infilled.score, *(baseline.score for baseline in infilled.baselines)]
        for row, score in enumerate(scores):
            if score.value is None:
                continue
            if score.ci95:
                ax.plot(score.ci95, [row + beside] * 2, color=colour, lw=1.2)
            (mark,) = ax.plot(score.value, row + beside, marker, color=colour, ms=4.5, ls="none")
            if row == 0:
                key = f"{infilled.infill}_ci" if score.ci95 else infilled.infill
                mark.set_label(words[key])
                handles.append(mark)
    ax.axvline(0, color=BLACK, lw=0.5)
    ax.set(ylim=(len(names) - 0.5, -0.5), xlabel=words["score"])
    ax.set_yticks(range(len(names)), [words[name] for name in names])
    return handles


def _draw_estimate(ax: Axes, x: float, estimate: EstimateLike, colour: str, marker: str) -> Line2D:
    """Draw a value that exists, with its 95% CI, at `x`; returns the mark."""
    assert estimate.value is not None
    if estimate.ci95:
        ax.plot([x, x], estimate.ci95, color=colour, lw=1.2)
    return ax.plot([x], [estimate.value], marker, color=colour, ms=5, ls="none")[0]
