"""Plain words for what the Grad-CAM numbers show, in English and Chinese.

A sentence claims no more than an interval or a p-value shows, and says so where there is none.
"""

from __future__ import annotations

ALPHA = 0.05
MIN_SUBJECTS = 10  # with fewer, a bootstrap interval is no ground for a claim


def focus_sentence(numbers: dict) -> dict[str, str]:
    """Sentence by language for the block that `saliency.finding` makes."""
    ratio, null = numbers["energy_ratio"], numbers["null"]
    relation = numbers["focus_and_error"]
    facts = {"n": numbers["n_images"], "s": numbers["n_subjects"]}
    if ratio["value"] is None:
        return {lang: texts["nothing"] for lang, texts in FOCUS.items()}
    enough = numbers["n_subjects"] >= MIN_SUBJECTS
    facts["ratio"] = f"{ratio['value']:.2f}"
    focus = "few"
    if enough and null["p_value"] is not None:
        low, high = ratio["ci95"]
        facts |= {"low": f"{low:.2f}", "high": f"{high:.2f}", "null": f"{null['mean']:.2f}"}
        facts["p"] = "< 0.001" if null["p_value"] < 0.001 else f"= {null['p_value']:.3f}"
        own = null["p_value"] < ALPHA
        if high < 1:
            focus = "away"
        elif low > 1:
            focus = "muscle" if own else "place"
        else:
            focus = "own" if own else "none"
    link = "unknown"
    if enough and relation["ci95"] is not None:
        low, high = relation["ci95"]
        facts["rho"] = f"{relation['value']:.2f}, {low:.2f} / {high:.2f}"
        link = "less_error" if high < 0 else "more_error" if low > 0 else "no_link"
    return {
        lang: texts["join"].join(texts[key].format(**facts) for key in (focus, link))
        for lang, texts in FOCUS.items()
    }


def check_sentence(numbers: dict) -> dict[str, str]:
    """Sentence by language for the block that `cam_checks.run_checks` makes."""
    randomised, area = numbers["parameter_randomisation"], numbers["deletion"]["area_between"]
    last = randomised["stages"][-1]["similarity"]
    facts = {"n": numbers["n_images"], "s": numbers["n_subjects"], "area": f"{area['value']:+.2f}"}
    if randomised["warning"] is None:
        weights = "undefined"
    else:
        weights = "same" if randomised["warning"] else "differ"
        facts["similarity"] = f"{last['value']:.2f}"
    order = "few"
    if numbers["n_subjects"] >= MIN_SUBJECTS:
        low, high = area["ci95"]
        facts |= {"low": f"{low:+.2f}", "high": f"{high:+.2f}"}
        order = "faithful" if low > 0 else "contrary" if high < 0 else "no_order"
    return {
        lang: texts["join"].join(texts[key].format(**facts) for key in (weights, order))
        for lang, texts in CHECKS.items()
    }


CHECKS = {
    "en": {
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
    "zh": {
        "join": "",
        "same": "警告：把回归头和最后一级换成随机权重后，热力图基本不变（Spearman 相关绝对值的均值 "
        "{similarity}），说明它反映的主要是图像本身，而不是网络学到的内容。",
        "differ": "把回归头和最后一级换成随机权重后，热力图随之改变（Spearman 相关绝对值的均值 "
        "{similarity}）：它取决于网络学到的内容。",
        "undefined": "换成随机权重后热力图成为常数，无法比较。",
        "faithful": "按热力图的顺序模糊图像，预测年龄的下降比随机顺序多 {area} 岁（95% 区间 {low} "
        "至 {high}；{s} 名受试者的 {n} 张图像）：预测确实依赖热力图所示的位置。",
        "no_order": "没有证据表明预测更依赖热力图所示的位置：按热力图的顺序模糊，预测年龄的下降比"
        "随机顺序多 {area} 岁（95% 区间 {low} 至 {high}；{s} 名受试者的 {n} 张图像）。",
        "contrary": "警告：按热力图的顺序模糊，预测年龄的下降反而比随机顺序少（{area} 岁，95% 区间 "
        "{low} 至 {high}；{s} 名受试者的 {n} 张图像）。",
        "few": "受试者太少，删除实验无法下结论，正反两面都没有证据（{s} 名受试者的 {n} 张图像；"
        "热力图顺序与随机顺序相差 {area} 岁）。",
    },
}

FOCUS = {
    "en": {
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
    "zh": {
        "join": "",
        "nothing": "没有同时具备标注和热力图的图像，因此没有证据说明网络是否关注肌肉。",
        "muscle": "热力图落在标注的肌肉上：{s} 名受试者的 {n} 张图像中，标注区内的年龄证据是"
        "按面积预期的 {ratio} 倍（95% 区间 {low} 至 {high}），高于换用其他受试者标注时的 "
        "{null} 倍（p {p}）。",
        "place": "热力图偏向通常标注肌肉的位置（{s} 名受试者的 {n} 张图像：按面积预期的 "
        "{ratio} 倍，95% 区间 {low} 至 {high}），但换用其他受试者的标注同样吻合（{null} 倍，"
        "p {p}）：没有证据表明热力图跟随每个人自己的肌肉。",
        "own": "标注区内的年龄证据并不比按面积预期的多（{s} 名受试者的 {n} 张图像：{ratio} 倍，"
        "95% 区间 {low} 至 {high}），不过热力图与本人标注的吻合程度高于他人的标注（{null} 倍，"
        "p {p}）。",
        "none": "没有证据表明热力图偏向标注的肌肉：{s} 名受试者的 {n} 张图像中，标注区内的"
        "年龄证据是按面积预期的 {ratio} 倍（95% 区间 {low} 至 {high}；换用其他受试者的标注为 "
        "{null} 倍，p {p}）。",
        "away": "热力图落在标注的肌肉之外：{s} 名受试者的 {n} 张图像中，标注区内的年龄证据只有"
        "按面积预期的 {ratio} 倍（95% 区间 {low} 至 {high}；换用其他受试者的标注为 {null} 倍，"
        "p {p}）。",
        "few": "受试者太少，无法下结论，正反两面都没有证据（{s} 名受试者的 {n} 张图像；标注区内"
        "的年龄证据是按面积预期的 {ratio} 倍）。",
        "less_error": "热力图越集中在肌肉上，图像的误差越小（Spearman 相关及 95% 区间 {rho}）；"
        "这只是相关，不代表因果。",
        "more_error": "热力图越集中在肌肉上，图像的误差越大（Spearman 相关及 95% 区间 {rho}）；"
        "这只是相关，不代表因果。",
        "no_link": "没有证据表明热力图在肌肉上的占比与误差有关（Spearman 相关及 95% 区间 {rho}）。",
        "unknown": "热力图在肌肉上的占比与误差是否有关，无从判断。",
    },
}
