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
        "explained_in_part": "{path}: predicted age {age} years; the map does not add up to it "
        "(older {older}, younger {younger}) -> {file}",
        "explained": "{path}: predicted age {age} years (offset {offset}, older "
        "{older}, younger {younger}) -> {file}",
    },
    "progress": {
        "bar": "{desc}: {percentage:3.0f}%|{bar}{r_bar}",
        "line": "{desc}: {n_fmt} of {total_fmt}, {rate_fmt}, {remaining} left",
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
        "pictures_missing": "not on the page, as the files are not where the record says, or are "
        "no longer those of the run: {count} of the pictures, {masks} of the outlines; give "
        "--image-dir and --mask-dir",
        "no_page": "report.html could not be made: {reason}",
        "trained_with": "{name} is {value}, but the network was trained with {trained}",
        "image_size_absent": "the checkpoint does not hold image_size; {used} pixels are used: IF "
        "THE NETWORK WAS TRAINED WITH ANOTHER SIZE, ITS AGES ARE WRONG",
        "split_changed": "the split is not the one of the training ({listed}): TRAINING SAMPLES "
        "MAY BE IN THE TEST SET, and the errors too small",
        "split_changed_one": "{name} {used} for {checkpoint}",
        "split_absent": "the checkpoint does not hold {names}; {used} was used: TRAINING SAMPLES "
        "MAY BE IN THE TEST SET, and the errors too small",
        "test_not_stratified": "the test split is not stratified by age: an age bin has only one "
        "subject, or there are more bins than subjects in a split",
        "val_not_stratified": "the val split is not stratified by age: an age bin has only one "
        "subject, or there are more bins than subjects in a split",
        "no_label": "images left out (no label): {count}, such as {example}: {reason}",
        "unusable_label": "images left out (unusable label): {count}, such as {example}: {reason}",
        "conflicting_label": "images left out (conflicting label): {count}, such as {example}: "
        "{reason}",
        "unusable_name": "images left out (unusable name): {count}, such as {example}: {reason}",
        "outside_age_range": "images left out (outside age range): {count}, such as {example}: "
        "{reason}",
        "not_read_by_training": "images left out (not read by training): {count}, such as "
        "{example}: {reason}",
        "not_listed": "images left out (in no list of the checkpoint): {count}, such as {example}: "
        "{reason}",
        "passed_over": "not read: {count} other files or folders among the images, such as "
        "{example}; only .png, .jpg and .jpeg files in the folder itself are",
        "unreadable": "images left out (unreadable): {count}, such as {example}: {reason}",
        "scaled_16_bit": "{count} images: 16 bits per channel, scaled to 8 bits (65535 -> 255)",
        "pairs_gone": "{count} pairs of images are not in the transplant: one of the two was "
        "changed or removed during the run",
        "two_subjects": "images that are byte for byte the same under different subjects, so that "
        "one label is wrong: {count}, such as {first} and {second}",
        "near_not_compared": "--check-near-duplicates: images that could not be compared, for they "
        "cannot be read or have no contrast from left to right: {count}",
        "images_changed": "{count} images were changed or removed during the run, such as "
        "{example}: the predictions are of the images as they were, and no figure shows these",
        "masks_unreadable": "{count} masks cannot be read, taken as missing: {first}",
        "not_a_sum": "at {layer} the years of a map do not add up to the predicted age: "
        "read its places, not its years",
        "cells_passed": "cells of the workbook without a usable age, of people who have one in "
        "another row, which counts: {count}, such as: {first}",
        "list_elsewhere": "{name} in the checkpoint is the name of something and no list, and is "
        "not used; hold the test set against the list that is meant with --check-split",
        "cells_differ": "sexes, body sizes or subjects that the rows of one label or person "
        "contradict, and that are taken as unknown: {count}, such as {first}",
        "subjects_missing": "file names of the workbook without one subject in its subject "
        "column, such as {first}: {count}; the second field of the name says whose image each is",
        "subjects_differ": "the subject column of the workbook tells {count} people apart in {of} "
        "images, and the second field of the file names {named} (for {example} they say {subject} "
        "and {number}): THE COLUMN IS BELIEVED; give it another name if it holds anything but "
        "people, such as row numbers",
        "other_weights": "the weights are those under {used}; the file holds others under "
        "{others}, which are not used",
        "head_assumed": "the checkpoint does not say what stands between the {count} linear layers "
        "of the head: a ReLU after each, and dropout, are assumed; with another function the ages "
        "are wrong",
        "masks_stretched": "{count} masks have another aspect ratio than their image, and were "
        "stretched over it, such as that of {example}: {mask} for {image} pixels",
        "masks_are_pictures": "{count} MASKS ARE PICTURES and count as missing: {first}; give the "
        "folder of the masks with --mask-dir",
        "images_are_masks": "{count} of {total} images looked at have two or three grey values, as "
        "masks do, such as {example}: IS --image-dir THE FOLDER OF THE MASKS? The predictions and "
        "their errors would then mean nothing",
        "mask_share": "the masks take up {percent}% of the image on average, outside the likely "
        "{low} to {high}: ARE THEY MASKS OF THE MUSCLE? All numbers on the muscle rest on them",
        "evidence_on_blank": "THE HEATMAPS SHOW EVIDENCE WHERE THERE IS NO TISSUE: on borders, "
        "padding and text lies {energy_on_blank} of it, on {blank_fraction} of the image ({count} "
        "of {of} images have over {much}% of it there); the network may read something other than "
        "the muscle",
        "no_mask": "no image has a mask ({where}): nothing can be said about the muscle; give the "
        "folder of the masks with --mask-dir if there are any",
        "no_mask_beside": "no image has a mask ({where}): nothing can be said about the muscle; "
        "these folders beside the images hold files of the same names, give one with --mask-dir if "
        "it holds the masks: {folders}",
        "masks_in": "looked for in {folder}",
        "masks_nowhere": "no folder of their path is called Images, so there is no Masks beside it",
        "split_listed": "the split is the one that the checkpoint lists ({names}); it was not "
        "made anew from the settings",
        "without_split": "no split is made: evaluate only people whom training never had",
        "ages_untrained": "{count} of {of} images are of people outside the ages that the "
        "checkpoint gives for its training ({low} to {high} years), and are evaluated too",
        "not_in_years": "no predicted age is from {low} to {high} years (they are {least} to "
        "{most}), most true ages are: does the network give years? Ages that training scaled, as "
        "to a mean of 0, are not scaled back",
        "no_validation": "--full: no calibration, for the validation split is empty",
        "only_test_listed": "the checkpoint lists its test set alone: all other images count as "
        "training images here, also those of the validation set",
        "trained_on": "BY THIS SPLIT, THE NETWORK WAS TRAINED ON {count} OF THE {of} IMAGES: its "
        "errors on them "
        "say nothing about people whom it has never seen",
        "leak": "{verdict}; see DATA_LEAKAGE_REPORT.md",
    },
    "leakage": {
        "no leak found": "no leak found",
        "possible leak": "possible leak",
        "LEAK": "LEAK",
        "trained on": "TRAINING IMAGES",
        "not checked": "not checked",
        "verdict": "{level}: {reasons}",
        "and": "; ",
        "shared_subjects": "{count} subjects stand in more than one split",
        "identical_images": "{count} images stand byte for byte in more than one split",
        "near_identical_images": "images across splits look nearly identical (pairs of the "
        "most alike: {count})",
        "changed_settings": "the split was made with other settings than training's: {names}",
        "default_settings": "the checkpoint does not say how training split: {names}",
        "trained_on_images": "by this split, the network was trained on {count} of the {of} "
        "evaluated images",
        "trained_on_note": "TRAINING IMAGES: {count} of {of}",
        "validation_evaluated": "validation images are evaluated, on which the checkpoint may have "
        "been chosen",
        "without_split": "no split was made, and whether the network was trained on these people "
        "cannot be told from here",
        "from_checkpoint": "the split is the one that the checkpoint lists",
        "proved": "the test set is that of {source}, image for image",
        "disproved": "the test set is not that of {source}: {images} of {of} images ({subjects} of "
        "{of_subjects} subjects) are not in it, and {missing} of its images are not "
        "in the test set",
        "source_in_doubt": " (whose own check said: {verdict})",
        "departure": "{reason}",
        "only_here": "images left out that training did not read: {why}",
        "only_there": "images left out that training read: {why}",
        "unreadable": "images left out that training may have read: {why}",
        "listed_twice": "{count} images stand in several lists of the checkpoint, taken as "
        "trained on",
        "listed_files_absent": "{count} of {of} files that the checkpoint lists are not in the "
        "folder, such as {example}",
        "listed_subjects_absent": "{count} of {of} subjects that the checkpoint lists have no "
        "image, such as {example}",
        "only_training_listed": "the checkpoint lists its training set alone, so the test set may "
        "hold validation images",
        "validation_differs": "the validation set is not the one that the checkpoint lists",
        "other_mean": "the mean age of the training split is {found:.2f} years here and "
        "{stored:.2f} years in the checkpoint, so training had another split",
        "own_mean": "the images are training's own: split as training split, they have the mean "
        "age that the checkpoint stores",
        "listed_names": "{count} of {of} file names also stand in the checkpoint's lists of "
        "training and validation images",
        "test": "test",
        "val": "val",
        "train": "train",
        "none": "no split",
        "title": "# Data leakage report",
        "head": "**Verdict: {verdict}.**",
        "columns": "| split | subjects | images |",
        "nothing": "None.",
        "source_settings": "The split was made anew from the folder, the workbook and the "
        "settings, as training makes it. One subject more or fewer than training had gives "
        "another split; `--check-split` holds the test set against a list.",
        "source_checkpoint": "The split is the one that the checkpoint lists.",
        "source_none": "No split was made; every image with a usable label is evaluated.",
        "section_subjects": "Subjects in more than one split",
        "no_subjects": "None: every subject's images stand in one split.",
        "section_identical": "Byte-identical images across splits",
        "no_identical": "None. All files of equal size were compared by their SHA-256.",
        "section_renumbered": "Byte-identical images under different subject numbers",
        "section_near": "Nearly identical images across splits, each with the most alike of each "
        "other split",
        "near_pair": "{images}: {bits} of 256 bits differ",
        "no_near": "None within {bits} of 256 bits of their difference hashes.",
        "not_compared": "Images that could not be compared, for they cannot be read or have no "
        "contrast from left to right: {count}",
        "near_not_looked_for": "Not looked for; pass --check-near-duplicates.",
        "section_conflicts": "Labels left out because the workbook contradicts itself",
        "section_changed": "Split settings that differ from the checkpoint's",
        "changed_setting": "{name}: {used} instead of {checkpoint}",
        "section_default": "Split settings that the checkpoint does not hold (defaults were used)",
        "section_doubts": "Why the split may not be training's",
        "section_proof": "The test set against a list",
        "not_proved": "Not compared; pass --check-split with earlier results or a list of file "
        "names.",
        "only_here_file": "{name} is in the test set, and not in the list",
        "only_listed_file": "{name} is in the list, and not in the test set",
        "image": "{filename} ({split}, subject {subject_id})",
    },
    "error_list": {
        "largest": "# Images with the largest absolute error: {count} of {total}{shared}",
        "smallest": "# Images with the smallest absolute error: {count} of {total}{shared}",
        "shared": " (no image stands in both lists)",
        "outlier_rule": "# OUTLIER: absolute error above {years:.2f} years (mean + 2 population "
        "standard deviations)",
        "columns": "# filename\ttrue age\tpredicted age\tabsolute error\tdirection\toutlier",
        "signed": "{direction} ({error})",
        "over": "overestimated",
        "under": "underestimated",
        "exact": "exact",
        "outlier": "OUTLIER",
    },
}
