"""The texts of the result tables and sentences, in English; the same keys as in
`words.chinese.results`.

`{}` stands for a number or a name, `|` separates the headings of columns.
"""

TEXTS: dict[str, dict[str, str]] = {
    "summary": {
        "counts": "Images: {}, subjects: {}",
        "outliers": "Outliers: {} ({}%) with an absolute error above {} years",
        "brackets": "[ ]: 95% intervals, resampling subjects; -: does not exist or cannot be given",
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
        "Baseline_MAE": "MAE of the mean age (years)",
        "Skill": "Skill over the mean age",
        "Repeatability": "Repeatability (years)",
    },
    "compare": {
        "common": "On the {} images ({} subjects) that all runs have:",
        "runs": "|Run|Images|Not in all|MAE|RMSE|CCC|Age slope",
        "pairs": "Difference|Metric|Value [95% interval]|p|p (Holm)",
        "groups": "True age|Images|Subjects|MAE #1|MAE #2|Change",
        "images": "#{} against #{}: closer on {} images, farther off on {}, the same on {}",
        "MAE": "MAE (years)",
        "RMSE": "RMSE (years)",
        "CCC": "CCC",
        "age_bias_slope": "Age bias slope",
        "better": "{b} is better than {a}: its MAE over {n} subjects is {size} years lower "
        "({test}).",
        "worse": "{b} is worse than {a}: its MAE over {n} subjects is {size} years higher "
        "({test}).",
        "undecided": "{b} and {a} cannot be told apart with {n} subjects: "
        "their MAE differs by {value} years ({test}).",
        "unknown": "{b} and {a} cannot be told apart with {n} subjects: there are too few for "
        "an interval.",
        "slope_better": " Its age bias is smaller ({slopes}).",
        "slope_worse": " Its age bias is larger ({slopes}).",
        "slope_different": " Its age bias has the other direction ({slopes}).",
        "slopes": "slope {b} against {a} years per year, {p}",
        "test": "95% interval of the difference {low} to {high}, {p}",
        "p": "p{}",
        "p_holm": "p{} after Holm's correction for {} pairs",
        "no_subject": "{unknown} of {images} images have no subject in their names "
        "(anon_<subject>_<n>); each counts as a subject of its own, so the intervals may be too "
        "narrow.",
    },
    "age_bias": {
        "join": ", ",
        "unjudged": "An age bias cannot be judged: {why}.",
        "unbiased": "No age bias can be shown: the error changes by {slope} years per year of age "
        "(95% interval {low} to {high}, {n} people).",
        "biased": "The error changes by {slope} years per year of age (95% interval {low} to "
        "{high}, {n} people).",
        "biased_at": "The error changes by {slope} years per year of age (95% interval {low} to "
        "{high}, {n} people): {ages}.",
        "no_error": "people of {age} show no clear error",
        "older": "people of {age} are read {years} years too old",
        "younger": "people of {age} are read {years} years too young",
    },
    "focus": {
        "join": " ",
        "nothing": "No image has both a mask and a heatmap, so there is no evidence on whether the "
        "network looks at the muscle.",
        "muscle": "The heatmaps fall on the marked muscle: over {n} images of {s} subjects it "
        "holds {ratio} times the evidence that its area alone would (95% interval {low} to "
        "{high}), and more than with the masks of other subjects ({null} times, p {p}).",
        "place": "The heatmaps favour the region where muscles are marked ({n} images of {s} "
        "subjects: {ratio} times its share of the area, 95% interval {low} to {high}), but the "
        "masks of other subjects fit as well ({null} times, p {p}): no evidence that they follow "
        "the individual muscle.",
        "own": "The marked muscle holds no more of the evidence than its area alone would ({n} "
        "images of {s} subjects: {ratio} times, 95% interval {low} to {high}), although the "
        "heatmaps fit a subject's own masks better than those of others ({null} times, p {p}).",
        "none": "No evidence that the heatmaps favour the marked muscle: over {n} images of {s} "
        "subjects it holds {ratio} times the evidence that its area alone would (95% interval "
        "{low} to {high}; with the masks of other subjects {null} times, p {p}).",
        "away": "The heatmaps fall beside the marked muscle: over {n} images of {s} subjects it "
        "holds only {ratio} times the evidence that its area alone would (95% interval {low} to "
        "{high}; with the masks of other subjects {null} times, p {p}).",
        "few": "No evidence either way: too few subjects for a conclusion ({n} images of {s}; the "
        "marked muscle holds {ratio} times the evidence that its area alone would).",
        "less_error": "Images whose heatmap lies more on the muscle have smaller errors (Spearman "
        "and 95% interval {rho}); this is a correlation, not a cause.",
        "more_error": "Images whose heatmap lies more on the muscle have larger errors (Spearman "
        "and 95% interval {rho}); this is a correlation, not a cause.",
        "no_link": "There is no evidence that the share on the muscle goes with the error "
        "(Spearman and 95% interval {rho}).",
        "unknown": "Whether the share on the muscle goes with the error cannot be said.",
    },
    "checks": {
        "join": " ",
        "same": "Warning: with random weights in the head and the last stage the maps stay much "
        "the same (mean absolute Spearman correlation {similarity}), so they show the image more "
        "than what was learnt.",
        "differ": "With random weights in the head and the last stage the maps change (mean "
        "absolute Spearman correlation {similarity}): they depend on what was learnt.",
        "undefined": "With random weights the maps are constant, so nothing can be compared.",
        "faithful": "Blurring by the map's order lowers the predicted age by {area} years more "
        "than blurring at random (95% interval {low} to {high}; {n} images of {s} subjects): the "
        "prediction does rest on the places shown.",
        "no_order": "No evidence that the prediction rests on the places shown more than on "
        "others: the map's order lowers the predicted age by {area} years more than a random one "
        "(95% interval {low} to {high}; {n} images of {s} subjects).",
        "contrary": "Warning: blurring by the map's order lowers the predicted age less than "
        "blurring at random ({area} years, 95% interval {low} to {high}; {n} images of {s} "
        "subjects).",
        "few": "Too few subjects for a conclusion on deletion ({n} images of {s}; {area} years "
        "between the map's order and a random one): no evidence either way.",
    },
}
