"""The messages of the command, in English; the same keys as in `words.chinese.messages`."""

TEXTS: dict[str, dict[str, str]] = {
    "screen": {
        "warning": "WARNING: {message}",
        "leakage_check": "Leakage check: {verdict}",
        "synthetic": "*** {note} ***",
        "results": "Results: {folder}",
        "demo": "SYNTHETIC DATA: the demo's images are drawn by a formula, no person was ever "
        "scanned",
        "demo_reused": "Reusing the demo in {root}",
        "demo_made": "Making {count} images and training on them, in {root}: one to two minutes",
        "explained": "{path}: predicted age {age:.1f} years (offset {offset:.1f}, older "
        "{older:+.1f}, younger {younger:+.1f}) -> {file}",
    },
    "progress": {
        "images": "images",
        "drawing": "drawing",
        "training": "training",
        "image": "image",
        "batch": "batch",
        "error": "error {years:.1f} years",
    },
    "warnings": {
        "no_cjk_font": "no font with Chinese characters was found, so the figures are in English; "
        "install one (Noto Sans CJK SC, WenQuanYi Zen Hei, Microsoft YaHei)",
        "trained_with": "{name} is {value}, but the network was trained with {trained}",
        "split_changed": "the split is not the one of the training ({listed}): TRAINING SAMPLES "
        "MAY BE IN THE TEST SET, and the errors too small",
        "split_changed_one": "{name} {used} for {checkpoint}",
        "split_absent": "the checkpoint does not hold {names}; {used} was used: TRAINING SAMPLES "
        "MAY BE IN THE TEST SET, and the errors too small",
        "test_not_stratified": "the test split is not stratified by age: {reason}",
        "val_not_stratified": "the val split is not stratified by age: {reason}",
        "no_label": "{count} images left out (no label), such as {example}: {reason}",
        "unusable_label": "{count} images left out (unusable label), such as {example}: {reason}",
        "conflicting_label": "{count} images left out (conflicting label), such as {example}: "
        "{reason}",
        "unusable_name": "{count} images left out (unusable name), such as {example}: {reason}",
        "outside_age_range": "{count} images left out (outside age range), such as {example}: "
        "{reason}",
        "unreadable": "{count} images left out (unreadable), such as {example}: {reason}",
        "scaled_16_bit": "{count} images: 16 bits a channel, scaled to 8 bits (65535 -> 255)",
        "masks_unreadable": "{count} masks cannot be read and count as missing: {first}",
        "leak": "{verdict}: see DATA_LEAKAGE_REPORT.md",
    },
    "leakage": {
        "no leak found": "no leak found",
        "possible leak": "possible leak",
        "LEAK": "LEAK",
        "verdict": "{level}: {reasons}",
        "and": "; ",
        "shared_subjects": "{count} subjects stand in more than one split",
        "identical_images": "{count} images stand byte for byte in more than one split",
        "near_identical_images": "{count} pairs of images across splits look nearly identical",
        "changed_settings": "the split was made with other settings than training's: {names}",
        "default_settings": "the checkpoint does not say how training split: {names}",
        "title": "# Data leakage report",
        "head": "**Verdict: {verdict}.**",
        "columns": "| split | subjects | images |",
        "none": "None.",
        "section_subjects": "Subjects in more than one split",
        "no_subjects": "None: every subject's images stand in one split.",
        "section_identical": "Byte-identical images across splits",
        "no_identical": "None. All files of equal size were compared by their SHA-256.",
        "section_renumbered": "Byte-identical images under different subject numbers",
        "section_near": "Nearly identical images across splits",
        "near_pair": "{images}: {bits} of 256 bits differ",
        "no_near": "None within {bits} of 256 bits of their difference hashes.",
        "near_not_looked_for": "Not looked for; pass --check-near-duplicates.",
        "section_conflicts": "Labels left out because the workbook contradicts itself",
        "section_changed": "Split settings that differ from the checkpoint's",
        "changed_setting": "{name}: {used} instead of {checkpoint}",
        "section_default": "Split settings that the checkpoint does not hold (defaults were used)",
        "image": "`{filename}` ({split}, subject {subject_id})",
    },
    "error_list": {
        "largest": "# The {count} samples with the largest absolute error, of {total}",
        "smallest": "# The {count} samples with the smallest absolute error, of {total}",
        "outlier_rule": "# OUTLIER: absolute error above {years:.2f} years (mean + 2 population "
        "standard deviations)",
        "columns": "# filename\ttrue age\tpredicted age\tabsolute error\tdirection\toutlier",
        "over": "overestimated",
        "under": "underestimated",
        "exact": "exact",
        "outlier": "OUTLIER",
    },
}
