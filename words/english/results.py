"""The texts of the result tables and sentences, in English; the same keys as in
`words.chinese.results`.

`{}` stands for a number or a name, `|` separates the headings of columns.
"""

TEXTS: dict[str, dict[str, str]] = {
    "summary": {
        "counts": "Images: {}, subjects: {} ({})",
        "split_test": "test split",
        "split_val": "validation split",
        "split_train": "training split",
        "split_all": "all splits",
        "split_none": "no split",
        "splits": "Split|Images|Subjects|MAE by image (years)|MAE by subject (years)",
        "outliers": "Outliers: {} ({}%) with an absolute error above {} years",
        "brackets": "[ ]: 95% CI over subjects; -: does not exist or cannot be given",
        "one_person": "One person carries more than half of the variance behind the 95% CI of {}: "
        "look at who that is.",
        "one_level": "{metric} {level}",
        "limits": "limits of agreement",
        "and": ", ",
        "by_image": "by image",
        "by_subject": "by subject",
        "groups": "True age|Images|Subjects|MAE (years)|Mean error (years)",
        "MAE": "MAE (years)",
        "Median_AE": "Median abs. error (years)",
        "RMSE": "RMSE (years)",
        "Bias": "Mean error (years)",
        "Correlation": "Pearson r",
        "Spearman": "Spearman",
        "CCC": "Concordance CCC",
        "ICC_A1": "ICC(A,1)",
        "R2": "R2",
        "Accuracy_5years": "Within 5 years (%)",
        "Accuracy_10years": "Within 10 years (%)",
        "Accuracy_15years": "Within 15 years (%)",
        "Baseline_MAE": "Baseline MAE (training mean)",
        "Skill": "Skill over the baseline",
        "Repeatability": "Repeatability (years)",
    },
    "compare": {
        "join": " ",
        "common": "On the {images} images ({subjects} subjects) that all runs have:",
        "baseline": "Every run is compared with the baseline, #{}.",
        "best": "Below, every run is compared with #{}, which has the lowest MAE.",
        "runs": "|Run|Images|Not in all|MAE|RMSE|CCC|Age slope",
        "matrix": "Difference of the MAE (years), row less column; * told apart, = equivalent "
        "within {} years:",
        "pairs": "Difference|Metric|Value [95% CI]|p|p corrected",
        "groups": "True age|Images|Subjects|MAE #{a}|MAE #{b}|Change [95% CI]|p corrected",
        "legend": "[ ], p: of this difference alone. p corrected: Bonferroni's correction for {} "
        "tests (MAE and age bias slope, pairs: {}); it alone decides what is said. RMSE and CCC "
        "are not judged.",
        "group_legend": "Age groups: p corrected for {} tests of their own.",
        "images": "#{} against #{}: closer on {} images, farther off on {}, the same on {}",
        "MAE": "MAE (years)",
        "RMSE": "RMSE (years)",
        "CCC": "CCC",
        "age_bias_slope": "Age bias slope",
        "gap": "the MAE of {lower} is {size} years lower",
        "no_gap": "their MAEs are equal",
        "told": "{lower} is better than {higher}: its MAE over {n} subjects is {size} years lower "
        "({test}).",
        "small": "The difference is small: the two are equivalent within {margin} years ({ci90}).",
        "equivalent": "{b} and {a} are equivalent within {margin} years ({ci90}): over {n} "
        "subjects {gap}, and no difference from zero is shown ({test}).",
        "undecided": "{b} and {a} cannot be told apart with {n} subjects: {gap} ({test}).",
        "power": "A true difference of about {detectable} years would be found with a chance of "
        "80%.",
        "not_equivalent": "Nor is it shown that they are equivalent within {margin} years "
        "({ci90}).",
        "identical": "{b} and {a} are identical over {n} subjects: {why}.",
        "unjudged": "Whether {b} or {a} is better cannot be judged ({why}): over {n} subjects "
        "{gap}.",
        "test": "95% CI {low} to {high}, p {p}, both after Bonferroni's correction for {tests} "
        "tests",
        "ci90": "90% CI {low} to {high}",
        "ci90_corrected": "90% CI {low} to {high} after Bonferroni's correction for {pairs} tests",
        "slope_smaller": "The age bias of {first} is smaller than that of {second} ({slopes}).",
        "slope_reversed": "The age biases of {first} and {second} have opposite directions "
        "({slopes}).",
        "slope_different": "The age biases of {first} and {second} differ, but which is smaller "
        "is not shown ({slopes}).",
        "slopes": "slopes {first} and {second} years per year, p {p} after correction",
        "one_subject": "One subject carries {share}% of the variance of this difference: look "
        "at who that is.",
        "doubt": "One of them may have been trained on some of these images: see the warning.",
        "split_settings": "The runs were not split alike ({settings}). Images that are common to "
        "them may have been in the training set of one, which then looks better than it is. "
        "Compare runs of the same split.",
        "split_images": "The results hold different images: only {n} are in all of them (images "
        "of each run: {counts}). The same split gives the same test set, so these runs were split "
        "otherwise, or left out other images: common images may have been in the training set of "
        "one of them.",
        "split_trained": "Some of these images are training images of {runs} (--split all or "
        "train). The comparison says nothing about new people.",
        "split_unknown": "The split of these runs could not be checked: {runs}. There is no "
        "test_metrics.json with its settings beside predictions.json. If the splits differ, "
        "common images may have been in the training set of one run.",
        "other_pictures": "Images that are not the same file in all runs: {count} of {of}, such as "
        "{example}. What differs may be the pictures and not the networks.",
        "no_subject": "{unknown} of {images} images have no subject in their names "
        "(anon_<subject>_<n>); each counts as a subject of its own, so the intervals may be too "
        "narrow.",
    },
    "age_bias": {
        "join": ", ",
        "unjudged": "An age bias cannot be judged: {why}.",
        "unbiased": "No age bias can be shown: the error changes by {slope} years per year of age "
        "(95% CI {low} to {high}, {n} people).",
        "biased": "The error changes by {slope} years per year of age (95% CI {low} to {high}, {n} "
        "people).",
        "biased_at": "The error changes by {slope} years per year of age (95% CI {low} to {high}, "
        "{n} people): on average, {ages}.",
        "constant": "All predictions are equal, so the error falls by one year per year of age.",
        "no_error": "people of {age} show no clear error",
        "older": "people of {age} are read {years} years too old",
        "younger": "people of {age} are read {years} years too young",
        "calibrated": " A calibrated network with this correlation would show {pull}: there is no "
        "evidence of more than this pull to the mean (slope of true on predicted age {value}, 95% "
        "CI {low} to {high}; 1 is calibrated).",
        "unrelated": " The predictions do not show that they follow the true age at all (slope of "
        "true on predicted age {value}, 95% CI {low} to {high}; 1 is calibrated).",
        "wide": " A calibrated network with this correlation would show {pull}; whether there is "
        "more than this pull to the mean cannot be told (slope of true on predicted age {value}, "
        "95% CI {low} to {high}; 1 is calibrated).",
        "compressed": " A calibrated network with this correlation would show {pull}; beyond that, "
        "the predictions vary too little (slope of true on predicted age {value}, 95% CI {low} to "
        "{high}; 1 is calibrated).",
        "stretched": " A calibrated network with this correlation would show {pull}: the "
        "predictions vary too much (slope of true on predicted age {value}, 95% CI {low} to "
        "{high}; 1 is calibrated).",
    },
    "calibration": {
        "join": " ",
        "none": "No {level}% prediction interval: {why}.",
        "in_test": "the test split",
        "in_val": "the validation split",
        "in_train": "the training split",
        "in_all": "all splits together",
        "unjudged": "The {level}% prediction interval is the prediction ± {years} years; it held "
        "for {share}% in {where}, which cannot be judged: {why}.",
        "kept": "The {level}% prediction interval is the prediction ± {years} years; it held for "
        "{share}% in {where} (95% CI {low} to {high}), no evidence against its promise.",
        "less": "WARNING: the {level}% prediction interval (± {years} years) held for only "
        "{share}% in {where} (95% CI {low} to {high}): fewer than promised.",
        "more": "The {level}% prediction interval (± {years} years) held for {share}% in {where} "
        "(95% CI {low} to {high}): more than promised, so it is wider than it has to be.",
        "head": "Calibration, from {images} validation images of {subjects} subjects",
        "columns": "Level|Half width (years)|Images inside (%)|By subject (%)",
        "corrected": "Correction of the pull to the mean: MAE in years {before} -> {after}, age "
        "slope {slope_before} -> {slope_after}. No other number uses the corrected ages.",
        "refused": "The pull to the mean is not corrected: {why}.",
    },
    "groups": {
        "MAE": "mean absolute error",
        "Bias": "mean error",
        "differ": "{b} against {a}: the {metric} differs by {value} years (95% CI {low} to {high}, "
        "p {p}, both after Holm's correction).",
        "no_evidence": "{b} against {a}: no evidence that the {metric} differs ({value} years, 95% "
        "CI {low} to {high}, p {p}, both after Holm's correction).",
        "unjudged": "{b} against {a}: the {metric} differs by {value} years, which cannot be "
        "judged: {why}.",
    },
    "focus": {
        "join": " ",
        "nothing": "No image has both evidence in its heatmap and a mask of a part of it, so "
        "nothing shows whether the network looks at the muscle.",
        "few": "Whether the heatmaps fall on the muscle cannot be told: {why} ({n} images of {s} "
        "subjects; energy ratio {ratio}, chance is 1).",
        "on": "The marked muscle holds more of the evidence for older than its area alone would: "
        "energy ratio {ratio} (95% CI {low} to {high}; chance is 1; {n} images of {s} subjects).",
        "unclear": "Whether the marked muscle holds more of the evidence for older than its area "
        "alone would cannot be told: energy ratio {ratio} (95% CI {low} to {high}; chance is 1; "
        "{n} images of {s} subjects).",
        "beside": "The heatmaps fall beside the marked muscle, which holds less of the evidence "
        "for older than its area alone would: energy ratio {ratio} (95% CI {low} to {high}; chance "
        "is 1; {n} images of {s} subjects).",
        "own_more": "The heatmaps follow the individual muscle: the ratio is higher with a "
        "subject's own masks than with those of other people in the same decade of age (own minus "
        "others {size}, 95% CI {low} to {high}, all above {least}, the smallest difference worth "
        "naming; {s} subjects).",
        "own_fit": "The ratio is higher with a subject's own masks than with those of other people "
        "in the same decade of age (own minus others {size}, 95% CI {low} to {high}, all above "
        "{least}, the smallest difference worth naming; {s} subjects).",
        "own_little": "The ratio is higher with a subject's own masks than with those of other "
        "people in the same decade of age, but by less than {least}, the smallest difference worth "
        "naming (own minus others {size}, 95% CI {low} to {high}; {s} subjects).",
        "own_same": "The ratio is no higher than with the masks of other people in the same decade "
        "of age (own minus others {size}, 95% CI {low} to {high}, all below {least}, the smallest "
        "difference worth naming; {s} subjects): nothing shows that the heatmaps follow the "
        "individual muscle.",
        "own_less": "The ratio is lower with a subject's own masks than with those of other people "
        "in the same decade of age (own minus others {size}, 95% CI {low} to {high}; {s} "
        "subjects): the heatmaps do not follow the individual muscle.",
        "own_unclear": "Whether the heatmaps follow the individual muscle cannot be told: with "
        "masks of other people in the same decade of age, own minus others is {size} (95% CI {low} "
        "to {high}, which includes {least}, the smallest difference worth naming; {s} "
        "subjects).",
        "own_few": "Whether the heatmaps follow the individual muscle cannot be told: only {s} "
        "subjects can be compared with others in the same decade of age.",
        "own_unknown": "Whether the heatmaps follow the individual muscle cannot be told: {why}.",
        "less_error": "Images whose heatmap lies more on the muscle have smaller errors (Spearman "
        "{rho}, 95% CI {low} to {high}); this is a correlation, not a cause.",
        "more_error": "Images whose heatmap lies more on the muscle have larger errors (Spearman "
        "{rho}, 95% CI {low} to {high}); this is a correlation, not a cause.",
        "no_link": "There is no evidence that the share on the muscle goes with the error "
        "(Spearman {rho}, 95% CI {low} to {high}).",
        "unknown": "Whether the share on the muscle goes with the error cannot be told.",
    },
    "checks": {
        "join": " ",
        "same": "Warning: with random weights in the head and the last stage the maps stay much "
        "the same, so they show the image more than what was learnt (mean absolute Spearman "
        "correlation {similarity}, {interval}, all above the cut-off {limit}; unrelated maps give "
        "{chance}; {n} images of {s} subjects).",
        "partly": "With random weights in the head and the last stage the maps change only partly, "
        "so they may show the image as much as what was learnt (mean absolute Spearman correlation "
        "{similarity}, {interval}, which includes the cut-off {limit}; unrelated maps give "
        "{chance}; {n} images of {s} subjects).",
        "differ_some": "With random weights in the head and the last stage the maps change, so "
        "they depend on what was learnt, though they stay more alike than unrelated maps (mean "
        "absolute Spearman correlation {similarity}, {interval}, all below the cut-off {limit}; "
        "unrelated maps give {chance}; {n} images of {s} subjects).",
        "differ": "With random weights in the head and the last stage the maps change, so they "
        "depend on what was learnt (mean absolute Spearman correlation {similarity}, {interval}, "
        "all below the cut-off {limit}; unrelated maps give {chance}; {n} images of {s} subjects).",
        "weights_few": "Whether the maps depend on what was learnt cannot be told: {why} ({n} "
        "images of {s} subjects; with random weights the mean absolute Spearman correlation is "
        "{similarity}; unrelated maps give {chance}, the cut-off is {limit}).",
        "small_maps": "the maps have so few cells that unrelated maps reach the cut-off",
        "undefined": "No image has two maps, with the trained and with random weights, that vary "
        "and are finite, so nothing can be compared.",
        "interval": "95% CI {low} to {high}",
        "alike": "the same for every subject",
        "years_alike": "{value} years (the same for every subject)",
        "years": "{value} years (95% CI {low} to {high})",
        "faithful": "Replacing the places of an image from the map's highest evidence down leaves "
        "the predicted age lower than from its lowest up, by {a} if they are blurred and by {b} if "
        "they are filled from elsewhere in the image ({n} images of {s} subjects): the prediction "
        "does rest on the places shown.",
        "unshown": "There is no evidence that the prediction rests on the places shown: replacing "
        "them from the map's highest evidence down or from its lowest up differs by {a} if they "
        "are blurred and by {b} if they are filled from elsewhere in the image ({n} images of {s} "
        "subjects).",
        "disagree": "It is not shown that the prediction rests on the places shown, for it depends "
        "on what replaces them: from the map's highest evidence down instead of from its lowest up "
        "lowers the predicted age by {a} if they are blurred and by {b} if they are filled from "
        "elsewhere in the image ({n} images of {s} subjects).",
        "contrary": "Warning: replacing the places of an image from the map's highest evidence "
        "down leaves the predicted age higher than from its lowest up, by {a} if they are blurred "
        "and by {b} if they are filled from elsewhere in the image ({n} images of {s} subjects): "
        "the maps show the opposite of what the prediction rests on.",
        "order_few": "Whether the prediction rests on the places shown cannot be told: {why} "
        "({n} images of {s} subjects; replacing them from the map's highest evidence down instead "
        "of from its lowest up lowers the predicted age by {a} years if they are blurred and by "
        "{b} years if they are filled from elsewhere in the image).",
        "above_edges": "The maps do better than the edges in the image, which know nothing of the "
        "network, by {a} and {b}.",
        "not_above_edges": "The maps are not shown to do better than the edges in the image, which "
        "know nothing of the network: map minus edges is {a} and {b}.",
        "shift": "shifted by one pixel",
        "flip": "mirrored",
        "repeat_stable": "If the image is {what}, the maps stay alike (mean Spearman correlation "
        "{similarity}, {interval}, all above {limit}); the predicted age changes by {change} years "
        "on average.",
        "repeat_partly": "If the image is {what}, the maps may or may not stay alike (mean "
        "Spearman correlation {similarity}, {interval}, which includes {limit}); the predicted age "
        "changes by {change} years on average.",
        "repeat_low": "If the image is {what}, the maps change, which they should not (mean "
        "Spearman correlation {similarity}, {interval}, all below {limit}); the predicted age "
        "changes by {change} years on average.",
        "repeat_few": "Whether the maps stay alike if the image is {what} cannot be told: {why} "
        "(mean Spearman correlation {similarity}; the predicted age changes by {change} years on "
        "average).",
    },
}
