"""The texts of the paragraphs for a paper, in English.

The same keys as in `words.chinese.paper`.
"""

TEXTS: dict[str, dict[str, str]] = {
    "paper": {
        "none": "not available",
        "value": "{value} (95% CI {low} to {high})",
        "plain": "{value}",
        "plain_years": "{value} years",
        "value_years": "{value} years (95% CI {low} to {high})",
        "synthetic": "The data are synthetic: the images were drawn by a formula.",
        "evaluated": "The network ({architecture}, input of {size} x {size} pixels) was evaluated "
        "on {images} images of {subjects} subjects ({split}).",
        "cohorts": "Cohorts: {names}.",
        "not_test": "This is no test set: the network was trained on some of these subjects, or "
        "chosen by them.",
        "split": "Subjects, not images, were split at random (seed {seed}), {way}: {test}% of them "
        "into the test set and {val}% of the rest into the validation set.",
        "stratified": "stratified by age in bins of {width} years",
        "test_stratified": "the test set stratified by age in bins of {width} years, the "
        "validation set without regard to age",
        "val_stratified": "the validation set stratified by age in bins of {width} years, the "
        "test set without regard to age",
        "unstratified": "without regard to age",
        "split_listed": "The split is the one that was stored with the network.",
        "split_none": "No split was made: all images were evaluated.",
        "age_range": "Subjects outside {ages} years of age were left out.",
        "metrics": "The error is the predicted less the true age. We report {names}.",
        "join": ", ",
        "and": "{others} and {last}",
        "reported_MAE": "the mean absolute error (MAE)",
        "reported_RMSE": "the root mean squared error (RMSE)",
        "reported_Bias": "the mean error",
        "reported_Correlation": "Pearson's r",
        "reported_CCC": "the concordance correlation coefficient (CCC; Lin 1989)",
        "reported_limits": "the limits of agreement (Bland & Altman 1986)",
        "reported_repeated_limits": "the limits of agreement for several images of a subject "
        "(Bland & Altman 2007)",
        "corrected": "prediction intervals and corrected ages",
        "not_corrected": "prediction intervals",
        "intervals": "95% confidence intervals (CI) are over subjects, because images of one "
        "subject are not independent (jackknife over subjects on a transformed scale).",
        "baseline": "The baseline is to say the mean age of the training images for everyone.",
        "energy": "Grad-CAM maps at {layer} were expressed in years. The energy ratio is the share "
        "of the evidence for older age inside the muscle mask over the mask's share of the image; "
        "1 is chance.",
        "not_a_sum": "At {layer} the years of a map do not add up to the prediction.",
        "null": "It was compared with the ratio that the masks of other subjects in the same "
        "decade of age give.",
        "checks": "On {images} images we tested whether the maps depend on the weights (parameter "
        "randomisation), whether replacing what they mark changes the prediction (symmetric "
        "relevance gain; Bluecher et al. 2024; blurred and filled from elsewhere in the image), "
        "more than the edges in the image do, and whether the maps stay alike when the image is "
        "shifted by one pixel or mirrored.",
        "checks_before": "On {images} images we tested whether the maps depend on the weights "
        "(parameter randomisation) and whether blurring what they mark changes the prediction "
        "(deletion).",
        "transplant": "The contents of the muscle masks changed places in {pairs} pairs of images "
        "of {subjects} subjects, and the network read both composites of each. The muscle's part "
        "in the difference between two predictions is the mean of its two effects (Shapley 1953); "
        "its slope on the difference of the true ages gives the years between 20 and 80, with "
        "intervals for pairs of subjects (Aronow et al. 2015).",
        "error_sources": "We related {features} features of the images and subjects to the "
        "absolute and the signed error by Spearman correlations, adjusted for true age by a "
        "spline, with Holm's correction for {tests} tests.",
        "amp": "The layers up to the target layer of Grad-CAM ran in bfloat16.",
        "calibration": "Prediction intervals are split conformal, from {subjects} subjects of the "
        "validation set.",
        "software": "Software: Python {python}, PyTorch {torch}, torchvision {torchvision}.",
        "left_out": "Left out: {count} images – {reasons}.",
        "errors": "The MAE was {MAE}, the RMSE {RMSE} and the mean error {Bias}.",
        "fits": "Pearson's r was {Correlation}, the CCC {CCC}.",
        "by_subject": "With one mean prediction per subject the MAE was {MAE}.",
        "skill": "Always saying the mean age of the training images gave an MAE of {MAE}; "
        "the skill over it, 1 − MAE / baseline MAE, was {skill}.",
        "limits": "The limits of agreement were {lower} and {upper}.",
        "leakage": "Leakage check – {verdict}.",
    },
}
