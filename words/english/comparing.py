"""The texts of the page of a comparison, in English.

The same keys as in `words.chinese.comparing`.
"""

TEXTS: dict[str, dict[str, str]] = {
    "comparing": {
        "title": "Runs side by side",
        "subline": "Runs: {runs}. Images that all of them have: {images}, of subjects: {subjects}.",
        "h_verdict": "Verdict",
        "h_runs": "The runs",
        "h_differences": "Differences",
        "h_groups": "Age groups",
        "h_images": "Where they differ most",
        "h_made": "How it was made",
        "against": "against",
        "told": "Told apart",
        "untold": "Not told apart",
        "equivalent": "Equivalent",
        "identical": "Identical",
        "unjudged": "Not judged",
        "in_doubt": "In doubt: the split",
        "one_subject": "Rests on one subject",
        "baseline": "Every run is compared with the baseline, #{number}.",
        "best": "Every run is compared with #{number}, which has the lowest MAE.",
        "closer": "Images on which #{b} is closer to the true age than #{a}: {closer}; farther "
        "off: {farther}; the same: {same}.",
        "run": "Run",
        "not_common": "Not in all",
        "runs": "All metrics are over the images that all runs have.",
        "own_intervals": "The runs saw the same people, so whether the intervals of two runs "
        "overlap does not tell whether they differ; the intervals of the differences below do.",
        "matrix": "All pairs: difference of the MAE, years",
        "matrix_marks": "Row less column, by rising MAE. * told apart; = equivalent within "
        "{margin} years.",
        "forest": "Thick line: 95% CI of the one difference; thin: after Bonferroni's correction "
        "for {tests} tests. Filled: told apart; open: not; grey: not judged; cross: identical. "
        "Shaded: the margin of equivalence, ±{margin} years of MAE.",
        "sign_MAE": "below 0: the run before the minus is better",
        "sign_RMSE": "below 0: the run before the minus is better; not judged",
        "sign_CCC": "above 0: the run before the minus is better; not judged",
        "sign_age_bias_slope": "the slope nearer to 0 is the smaller bias: see the sentences above",
        "pair": "Runs",
        "drawn": "The difference, drawn",
        "difference": "Difference",
        "plain": "95% CI",
        "corrected": "Corrected CI",
        "p_corrected": "p corrected",
        "groups": "Difference of the MAE by true age, years; below 0: the run before the minus is "
        "better.",
        "group_tests": "Corrected for {tests} tests of their own.",
        "images": "By how far the absolute errors of the runs are apart, years. #1, #2 ...: "
        "predicted ages.",
        "subject": "Subject",
        "apart": "Apart, years",
        "more_images": "and {count} more; all are in comparison_images.csv.",
        "files": "The numbers lie beside this page: comparison.json, comparison.csv (the "
        "differences of all pairs), comparison_images.csv and comparison.png.",
    },
}
