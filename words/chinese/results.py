"""The texts of the result tables and sentences, in Chinese; the same keys as in
`words.english.results`.

`{}` stands for a number or a name, `|` separates the headings of columns.
"""

TEXTS: dict[str, dict[str, str]] = {
    "summary": {
        "counts": "图像 {} 张，受试者 {} 名",
        "outliers": "离群样本：{} 张（{}%），绝对误差大于 {} 岁",
        "brackets": "[ ]：按受试者重抽样的 95% 区间；-：不存在或无法给出",
        "by_image": "按图像",
        "by_subject": "按受试者",
        "groups": "真实年龄|图像|受试者|MAE（岁）|平均误差（岁）",
        "MAE": "平均绝对误差 MAE（岁）",
        "Median_AE": "绝对误差中位数（岁）",
        "RMSE": "均方根误差 RMSE（岁）",
        "Bias": "平均误差（岁）",
        "Correlation": "Pearson 相关系数 r",
        "Spearman": "Spearman 相关系数",
        "CCC": "一致性相关系数 CCC",
        "ICC_A1": "组内相关系数 ICC(A,1)",
        "R2": "决定系数 R2",
        "Accuracy_5years": "误差不超过 5 岁（%）",
        "Accuracy_10years": "误差不超过 10 岁（%）",
        "Accuracy_15years": "误差不超过 15 岁（%）",
        "Baseline_MAE": "只报平均年龄时的 MAE（岁）",
        "Skill": "相对平均年龄的改进",
        "Repeatability": "重复性（岁）",
    },
    "compare": {
        "common": "所有运行共有的 {} 张图像（{} 名受试者）上的结果：",
        "runs": "|运行|图像|非共有|MAE|RMSE|CCC|年龄斜率",
        "pairs": "差值|指标|数值 [95% 区间]|p|p（Holm）",
        "groups": "真实年龄|图像|受试者|MAE #1|MAE #2|变化",
        "images": "#{} 对比 #{}：{} 张图像更接近真实年龄，{} 张更远，{} 张不变",
        "MAE": "MAE（岁）",
        "RMSE": "RMSE（岁）",
        "CCC": "CCC",
        "age_bias_slope": "年龄偏差斜率",
        "better": "{b} 优于 {a}：在 {n} 名受试者上 MAE 低 {size} 岁（{test}）。",
        "worse": "{b} 不如 {a}：在 {n} 名受试者上 MAE 高 {size} 岁（{test}）。",
        "undecided": "{n} 名受试者不足以区分 {b} 与 {a}：MAE 相差 {value} 岁（{test}）。",
        "unknown": "{n} 名受试者不足以区分 {b} 与 {a}：人数过少，无法给出区间。",
        "slope_better": "其年龄偏差更小（{slopes}）。",
        "slope_worse": "其年龄偏差更大（{slopes}）。",
        "slope_different": "其年龄偏差方向相反（{slopes}）。",
        "slopes": "斜率 {b}，对方为 {a} 岁/岁，{p}",
        "test": "差值的 95% 区间 {low} 至 {high}，{p}",
        "p": "p{}",
        "p_holm": "p{}，已对 {} 对比较作 Holm 校正",
        "no_subject": "{images} 张图像中有 {unknown} 张的文件名不含受试者编号"
        "（anon_<编号>_<序号>），每张按一名受试者计，区间可能偏窄。",
    },
    "age_bias": {
        "join": "，",
        "unjudged": "无法判断是否存在年龄偏差：受试者太少，或真实年龄没有差异。",
        "unbiased": "未见明确的年龄偏差：真实年龄每增加 1 岁，误差变化 {slope} 岁（95% 区间 {low} "
        "至 {high}，{n} 人）。",
        "biased": "真实年龄每增加 1 岁，误差变化 {slope} 岁（95% 区间 {low} 至 {high}，{n} 人）。",
        "biased_at": "真实年龄每增加 1 岁，误差变化 {slope} 岁（95% 区间 {low} 至 {high}，{n} "
        "人）：{ages}。",
        "no_error": "{age} 岁的人没有明确误差",
        "older": "{age} 岁的人平均被高估 {years} 岁",
        "younger": "{age} 岁的人平均被低估 {years} 岁",
    },
    "focus": {
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
    "checks": {
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
