"""The texts of the muscle transplant, in English.

The same keys as in `words.chinese.transplant`.
"""

TEXTS: dict[str, dict[str, str]] = {
    "transplant": {
        "join": " ",
        "value": "{value} years",
        "interval": "{value} years (95% CI {low} to {high})",
        "none": "How many years travel with the muscle was not measured: {why} ({n} images with a "
        "usable mask, of {s} subjects; {chosen} of these were to take part).",
        "unjudged": "How many years travel with the muscle cannot be told: {why}.",
        "no_total": "Nothing is said of the muscle's part, for the network is not shown to "
        "separate people of 20 from people of 80: {total} ({n} pairs of images of {s} "
        "subjects).",
        "reversed": "Nothing is said of the muscle's part, for the network reads people of 80 as "
        "younger than people of 20: {total} ({n} pairs of images of {s} subjects).",
        "held": "Of the {total} by which this network separates people of 20 from people of 80, "
        "{muscle} travel with the pixels inside the muscle's outline (muscles exchanged in {n} "
        "pairs of images of {s} subjects).",
        "beyond": "The people here are {low} to {high} years old: beyond these ages the years are "
        "the slope extended, and were not measured.",
        "unknown": "What share that is cannot be told.",
        "most": "That is more than half: what the network reads as age lies mostly in the muscle.",
        "some": "The network reads age in the muscle; whether more than half of it lies there "
        "cannot be told.",
        "less": "The network reads age in the muscle, but more than half of it lies elsewhere.",
        "no_muscle": "There is no evidence that the network reads age in the muscle.",
        "against": "The muscle works against it: the network reads age elsewhere.",
        "moved_below": "For comparison, over {n} pairs far apart in age the muscle carries "
        "{muscle}, the region below it{size} {value}.",
        "moved_above": "For comparison, over {n} pairs far apart in age the muscle carries "
        "{muscle}, the region above it{size} {value}.",
        "size": " ({percent}% as large, for the image ends there)",
        "others": "With the masks of other people laid over the same images, the same pairs give "
        "{value}.",
        "same_person": "Between two images of one person the muscle's part is {value} years on "
        "average.",
    },
    "transplant_left": {
        "no_mask": "without a mask that can be read",
        "empty": "with an empty mask",
        "several_parts": "with a mask in several parts",
        "too_small": "with a mask of fewer than 8 columns or rows at the network's input",
        "too_large": "with a mask of more than 90% of the image",
        "gaps": "with a mask that has bays or gaps between its top and its bottom",
    },
    "transplant_figure": {
        "strip": "Of the pairs, the one farthest apart in age, and what the network reads",
        "own": "{} years old: {}",
        "swapped_young": "with the older muscle: {}",
        "swapped_old": "with the younger muscle: {}",
        "bars": "Years between people of 20 and of 80",
        "years_axis": "Years",
        "same_pairs": "With the muscle, same pairs",
        "total": "In all",
        "muscle": "With the muscle",
        "rest": "With all else",
        "moved_below": "Region below the muscle",
        "moved_above": "Region above the muscle",
        "other_masks": "Masks of other people",
        "group": "{}: muscle",
        "scatter": "The muscle's years against age",
        "true_age": "True age (years)",
        "muscle_years": "Years of the muscle",
        "image": "One image, ± 1 standard error",
        "line": "Contrast: {} years from 20 to 80",
        "n": "{} pairs of images, {} subjects",
        "lines": "Lines: 95% CI over subjects",
        "controls": "Hollow: controls, over pairs far apart in age",
    },
}
