"""The texts of the verdict on a run, in English.

The same keys as in `words.chinese.verdict`.
"""

TEXTS: dict[str, dict[str, str]] = {
    "verdict_sentences": {"join": " "},
    "verdict": {
        "join": ", ",
        "interval": " (95% CI {low} to {high})",
        "mae": "On average the predicted age is {value} years off{interval}, over {n} subjects.",
        "better": "That is {skill}% less than by always saying the mean age of the training "
        "images, {baseline} years (95% CI {low}% to {high}%).",
        "not_better": "Whether that is better than always saying the mean age of the training "
        "images ({baseline} years) is not shown: the reduction of the error is {skill}% (95% CI "
        "{low}% to {high}%).",
        "worse": "That is worse than always saying the mean age of the training images "
        "({baseline} years): {skill}% more error (95% CI {low}% to {high}%).",
        "error_unjudged": "Whether that is better than always saying the mean age cannot be told: "
        "{why}.",
        "mean_unjudged": "Whether people are read too old or too young on average cannot be told: "
        "{why}.",
        "mean_small": "On average people are read neither too old nor too young by {least} years: "
        "the mean error is {value} years{interval}.",
        "mean_unclear": "Whether people are read too old or too young on average cannot be told: "
        "the mean error is {value} years{interval}.",
        "mean_old": "On average people are read too old: the mean error is {value} "
        "years{interval}.",
        "mean_young": "On average people are read too young: the mean error is {value} "
        "years{interval}.",
        "pull_unjudged": "Whether the ages are pulled to the mean cannot be told: {why}.",
        "no_pull": "No pull to the mean worth naming: per year of age the error changes by {slope} "
        "years (95% CI {low} to {high}, all within ±{least}).",
        "pull_unclear": "Whether the ages are pulled to the mean cannot be told: per year of age "
        "the error changes by {slope} years (95% CI {low} to {high}, which holds 0 and reaches "
        "beyond ±{least}).",
        "pull": "The ages are pulled to the mean: per year of age the error changes by "
        "{slope} years (95% CI {low} to {high}).",
        "reversed": "Older people are read younger: per year of age the error changes by {slope} "
        "years (95% CI {low} to {high}).",
        "push": "The error, predicted less true age, rises with age: per year of age by {slope} "
        "years (95% CI {low} to {high}).",
        "constant": "The ages are pulled to the mean entirely: all predictions are equal, so the "
        "error falls by one year per year of age.",
        "pull_at": "On average, {ages}.",
        "same_weights": "The heatmaps stay much the same with random weights in the network, so "
        "they cannot show what it looks at.",
        "partly_weights": "With random weights in the network the heatmaps change only partly, so "
        "they may show the image as much as what the network looks at.",
        "contrary": "Removing what the heatmaps mark as older raises the predicted age, against "
        "what they mark least, so they do not show what it rests on.",
        "unstable": "The heatmaps change if the image is shifted by one pixel, so where they lie "
        "means little.",
        "places_unshown": "It is not shown that the prediction rests on what the heatmaps mark, so "
        "whether the network looks at the muscle cannot be told from them.",
        "edges_do_as_well": "The heatmaps are not shown to do better than the edges in the image, "
        "which know nothing of the network, so whether it looks at the muscle cannot be told from "
        "them.",
        "no_mask": "No image has both evidence in its heatmap and a mask of a part of it, so "
        "nothing is known about the muscle.",
        "muscle_unjudged": "Whether the evidence falls on the muscle cannot be told: {why}.",
        "muscle_unclear": "Whether the evidence for older falls on the muscle cannot be told: the "
        "mask holds {ratio} times what its area alone would (95% CI {low} to {high}; chance is "
        "1).",
        "beside": "The evidence for older falls beside the muscle: the mask holds {ratio} times "
        "what its area alone would (95% CI {low} to {high}; chance is 1).",
        "on_own": "The evidence for older falls on the muscle, {ratio} times what its area alone "
        "would hold (95% CI {low} to {high}; chance is 1), and more on the subject's own than on "
        "the place where others have theirs.",
        "on_place": "The evidence for older falls where the muscle is, {ratio} times what its area "
        "alone would hold (95% CI {low} to {high}; chance is 1), but by no difference worth "
        "naming more on the subject's own than on the place where others have theirs: a fixed "
        "place in the image would do the same.",
        "on_place_unclear": "The evidence for older falls where the muscle is, {ratio} times what "
        "its area alone would hold (95% CI {low} to {high}; chance is 1). Whether it follows the "
        "individual muscle, or a fixed place in the image would do the same, cannot be told.",
        "transplant": "Of the {total} between people of 20 and of 80, {muscle} travel with the "
        "muscle when muscles are exchanged between people.",
        "said": "{said}.",
        "proved": "The test set equals a list that was given.",
        "unproved": "The split itself was not held against a list.",
        "list_in_doubt": "The list is of a run whose own check was not clean, and proves nothing.",
        "all_scored": "Every image that was to be evaluated is in the numbers: {count} images.",
        "on_purpose": "Left out on purpose, as outside the age range: {count} images.",
        "some_left_out": "Not in the numbers, of {of} images in the folder: {reasons}.",
        "left_out_kind": "{kind} ({count})",
        "no_label": "no label",
        "unusable_label": "unusable label",
        "conflicting_label": "conflicting labels",
        "unusable_name": "unusable name",
        "not_listed": "in no list of the checkpoint",
        "not_read_by_training": "not read by training",
        "unreadable": "unreadable",
        "is_synthetic": "The data are synthetic: no person was ever scanned.",
        "leak_stands": "Leakage check – {said}.",
        "split_unproved": "The test set was not held against a list of training "
        "(--check-split, or lists in the checkpoint): that nothing leaked is not proved.",
        "list_stands": "The list that the test set equals is of a run whose own leakage check was "
        "not clean: that nothing leaked is not proved.",
        "few_subjects": "Only {n} subjects: below {least} there are no 95% CIs.",
        "one_subject": "One subject carries {share}% of the variance behind the 95% CI of the MAE: "
        "look at who that is.",
        "many_left_out": "Of {of} images in the folder {count} cannot be in the numbers: those "
        "left out may differ from those scored.",
        "no_better_than_the_mean": "The network is not shown to be better than always saying the "
        "mean age.",
        "maps_unchecked": "Whether the heatmaps depend on what was learnt is not known "
        "(--cam-check, with 10 subjects or more): publish no claim that rests on them.",
        "maps_untold": "Whether the heatmaps depend on what was learnt cannot be told: publish no "
        "claim that rests on them.",
        "maps_unshown": "The checks do not show that the prediction rests on what the heatmaps "
        "mark, and more than on the edges in the image: publish no claim that rests on them.",
        "maps_doubted": "The checks speak against the heatmaps: publish no claim that rests on "
        "them.",
    },
}
