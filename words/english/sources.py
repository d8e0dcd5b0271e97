"""What makes an image hard, and where there cannot be evidence, in English.

The same keys as in `words.chinese.sources`. "name_..." also stands in a figure.
"""

TEXTS: dict[str, dict[str, str]] = {
    "sources": {
        "join": " ",
        "and": ", ",
        "name_grey_mean": "brightness (mean grey)",
        "name_grey_sd": "spread of grey (SD)",
        "name_grey_contrast": "contrast (P95 − P5)",
        "name_grey_skewness": "skewness of grey",
        "name_grey_entropy": "entropy of grey",
        "name_sharpness": "sharpness (Laplacian)",
        "name_speckle_snr": "speckle SNR in the mask",
        "name_mask_fraction": "mask area",
        "name_energy_ratio": "energy ratio of the heatmap",
        "name_cam_gini": "Gini index of the heatmap",
        "name_cam_entropy": "entropy of the heatmap",
        "name_cam_active_area": "active area of the heatmap",
        "name_energy_on_blank": "evidence on blank areas",
        "name_sex": "male sex",
        "name_bmi": "BMI",
        "higher": "higher {name} (r {r}, 95% CI {low} to {high}, p {p})",
        "lower": "lower {name} (r {r}, 95% CI {low} to {high}, p {p})",
        "sex_higher": "male sex (r {r}, 95% CI {low} to {high}, p {p})",
        "sex_lower": "female sex (r {r}, 95% CI {low} to {high}, p {p})",
        "absolute": "Errors are larger in images with {what}.",
        "signed": "People are read older in images with {what}.",
        "more": "{count} more",
        "method": "r: Spearman correlation adjusted for age; p: after Holm's correction for "
        "{tests} tests. These are correlations, not causes.",
        "none": "There is no evidence that any of the {features} features of the images goes with "
        "the error (adjusted for age, {tests} tests, smallest p {p} after Holm's correction; "
        "{n} images of {s} subjects).",
        "few": "Which images are hard cannot be told: {why}.",
        "no_test": "no feature could be tested",
        "blank_none_few": "No image has blank borders or padding. Pixels that are the same in all "
        "images are looked for from {least} subjects on.",
        "blank_none": "No image has blank areas (borders, padding, or pixels that are the same in "
        "all images).",
        "blank_no_map": "No heatmap holds any evidence.",
        "blank": "On blank areas (borders, padding, pixels that are the same in all images) lies "
        "{energy} of the heatmaps' evidence, on {area} of the image; {count} of {of} images have "
        "over {much}% of it there.",
        "blank_few": "On blank borders and padding lies {energy} of the heatmaps' evidence, on "
        "{area} of the image; {count} of {of} images have over {much}% of it there. Pixels that "
        "are the same in all images are looked for from {least} subjects on.",
        "blank_warn": "WARNING: {said} The network may read something other than the muscle.",
        "percent": "{value}%",
        "percent_ci": "{value}% (95% CI {low} to {high}%)",
        "focus_blank": "Evidence on blank areas {energy}% (area {area}%)",
        "title_absolute": "a   Absolute error",
        "title_signed": "b   Signed error (predicted − true)",
        "axis": "Rank correlation with the error",
        "significant": "Adjusted for age, p < 0.05 after Holm's correction ({} tests)",
        "adjusted": "Adjusted for age, p ≥ 0.05",
        "unjudged": "Adjusted for age, without a CI",
        "raw": "Not adjusted for age",
        "lines": "Lines: 95% CI over subjects",
        "n": "{} images, {} subjects",
        "nothing": "No feature of these images varies",
        "old": "These results are of an earlier version, which did not look for it.",
        "intro": "Rank correlations of what can be measured in an image, or is known of the "
        "person, with the error, ranked. Adjusted: what goes with the true age is taken out of "
        "both. p: after Holm's correction for {tests} tests; ✱ below 0.05. Signed: above 0, "
        "images with more of it are read older.",
        "feature": "Feature",
        "absolute_adjusted": "Absolute error, adjusted [95% CI]",
        "signed_adjusted": "Signed error, adjusted [95% CI]",
        "p": "p",
        "raw_column": "not adjusted",
        "left_out": "Left out: {name} ({reason})",
    },
}
