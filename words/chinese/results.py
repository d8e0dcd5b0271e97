"""The texts of the result tables and sentences, in Chinese; the same keys as in
`words.english.results`.

`{}` stands for a number or a name, `|` separates the headings of columns.
"""

TEXTS: dict[str, dict[str, str]] = {
    "summary": {
        "counts": "图像 {} 张，受试者 {} 名（{}）",
        "split_test": "测试集",
        "split_val": "验证集",
        "split_train": "训练集",
        "split_all": "全部数据",
        "split_none": "未划分",
        "splits": "数据集|图像|受试者|按图像 MAE（岁）|按受试者 MAE（岁）",
        "outliers": "离群样本：{} 张（{}%），绝对误差大于 {} 岁",
        "brackets": "[ ]：95% 置信区间（以受试者为单位）；-：不存在或无法给出",
        "one_person": "{}的 95% 置信区间有一半以上的方差来自同一名受试者，请核对该受试者。",
        "one_level": "{level}的{metric}",
        "limits": "一致性界限",
        "and": "、",
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
        "Baseline_MAE": "恒取训练图像平均年龄的基线 MAE",
        "Skill": "相对基线的改进",
        "Repeatability": "重复性系数（岁）",
    },
    "compare": {
        "join": "",
        "common": "所有运行共有的 {images} 张图像（{subjects} 名受试者）上的结果：",
        "baseline": "各次运行均与基线 #{} 比较。",
        "best": "以下各次运行均与 MAE 最低的 #{} 比较。",
        "runs": "|运行|图像|非共有|MAE|RMSE|CCC|年龄斜率",
        "matrix": "MAE 之差（岁），行减列；* 有统计学差异，= 在 ±{} 岁内等效：",
        "pairs": "差值|指标|数值 [95% 置信区间]|p|校正后 p",
        "groups": "真实年龄|图像|受试者|MAE #{a}|MAE #{b}|变化 [95% 置信区间]|校正后 p",
        "legend": "[ ] 与 p：仅针对该差值本身。校正后 p：对 {} 次检验（{} 对运行的 MAE 与年龄偏差"
        "斜率）作 Bonferroni 校正，结论只以此为准。RMSE 与 CCC 不作判定。",
        "group_legend": "各年龄段：p 另对 {} 次检验作校正。",
        "images": "#{} 对比 #{}：{} 张图像更接近真实年龄，{} 张更远，{} 张不变",
        "MAE": "MAE（岁）",
        "RMSE": "RMSE（岁）",
        "CCC": "CCC",
        "age_bias_slope": "年龄偏差斜率",
        "gap": "{lower} 的 MAE 低 {size} 岁",
        "no_gap": "两者的 MAE 相等",
        "told": "{lower} 优于 {higher}：在 {n} 名受试者上 MAE 低 {size} 岁（{test}）。",
        "small": "但差异很小：两者在 ±{margin} 岁的界值内等效（{ci90}）。",
        "equivalent": "{b} 与 {a} 在 ±{margin} 岁的界值内等效（{ci90}）：在 {n} 名受试者上，{gap}，"
        "差异无统计学意义（{test}）。",
        "undecided": "{n} 名受试者不足以区分 {b} 与 {a}：{gap}（{test}）。",
        "power": "若真实差异约为 {detectable} 岁，则有 80% 的概率检出。",
        "not_equivalent": "也未能证明两者在 ±{margin} 岁的界值内等效（{ci90}）。",
        "identical": "{b} 与 {a} 在 {n} 名受试者上的结果相同：{why}。",
        "unjudged": "无法判断 {b} 与 {a} 孰优（{why}）：在 {n} 名受试者上，{gap}。",
        "test": "95% 置信区间 {low} 至 {high}，p {p}，均已对 {tests} 次检验作 Bonferroni 校正",
        "ci90": "90% 置信区间 {low} 至 {high}",
        "ci90_corrected": "90% 置信区间 {low} 至 {high}，已对 {pairs} 次检验作 Bonferroni 校正",
        "slope_smaller": "{first} 的年龄偏差小于 {second}（{slopes}）。",
        "slope_reversed": "{first} 与 {second} 的年龄偏差方向相反（{slopes}）。",
        "slope_different": "{first} 与 {second} 的年龄偏差不同，但尚不能确定何者更小（{slopes}）。",
        "slopes": "斜率分别为 {first} 和 {second} 岁/岁，校正后 p {p}",
        "one_subject": "该差值的方差有 {share}% 来自同一名受试者，请核对该受试者。",
        "doubt": "其中一方可能曾用这些图像中的一部分训练，见警告。",
        "split_settings": "各次运行的数据划分不同（{settings}）。共有图像可能曾属于其中一次运行的"
        "训练集，其结果会因此虚高。请比较划分相同的运行。",
        "split_images": "各结果所含图像不同：只有 {n} 张为全部结果所共有（各运行的图像数："
        "{counts}）。划分相同则测试集相同，可见这些运行的划分不同，或未采用的图像不同；"
        "共有图像可能曾属于其中一次运行的训练集。",
        "split_trained": "所比较的图像中有一部分是 {runs} 的训练图像（--split all 或 train），"
        "该比较不能说明对新受试者的表现。",
        "split_unknown": "无法核对 {runs} 的数据划分：predictions.json 旁没有记录划分设置的 "
        "test_metrics.json。若划分不同，共有图像可能曾属于其中一次运行的训练集。",
        "other_pictures": "{of} 张图像中有 {count} 张在各次运行中不是同一文件，例如 {example}："
        "差别可能来自图像，而不是网络。",
        "no_subject": "{images} 张图像中有 {unknown} 张的文件名不含受试者编号"
        "（anon_<编号>_<序号>），每张按一名受试者计，置信区间可能偏窄。",
    },
    "age_bias": {
        "join": "，",
        "unjudged": "无法判断是否存在年龄偏差：{why}。",
        "unbiased": "未见明确的年龄偏差：真实年龄每增加 1 岁，误差变化 {slope} 岁（95% 置信区间 "
        "{low} 至 {high}，{n} 人）。",
        "biased": "真实年龄每增加 1 岁，误差变化 {slope} 岁（95% 置信区间 {low} 至 {high}，{n} "
        "人）。",
        "biased_at": "真实年龄每增加 1 岁，误差变化 {slope} 岁（95% 置信区间 {low} 至 {high}，"
        "{n} 人）：平均而言，{ages}。",
        "constant": "所有预测值相同，因此真实年龄每增加 1 岁，误差就减小 1 岁。",
        "no_error": "{age} 岁者未见明确误差",
        "older": "{age} 岁者被高估 {years} 岁",
        "younger": "{age} 岁者被低估 {years} 岁",
        "calibrated": "相关系数相同且校准良好的网络，该斜率也会是 {pull}：没有证据表明存在"
        "向均值回归以外的偏差（真实年龄对预测年龄的斜率为 {value}，95% 置信区间 {low} 至 {high}；"
        "1 表示校准良好）。",
        "unrelated": "没有证据表明真实年龄越大、预测值也越大（真实年龄对预测年龄的斜率为 {value}，"
        "95% 置信区间 {low} 至 {high}；1 表示校准良好）。",
        "wide": "相关系数相同且校准良好的网络，该斜率为 {pull}；除向均值回归以外是否还有偏差，尚"
        "无法判断（真实年龄对预测年龄的斜率为 {value}，95% 置信区间 {low} 至 {high}；1 表示校准良"
        "好）。",
        "compressed": "相关系数相同且校准良好的网络，该斜率为 {pull}；除此之外，预测值的变化范围"
        "过窄（真实年龄对预测年龄的斜率为 {value}，95% 置信区间 {low} 至 {high}；"
        "1 表示校准良好）。",
        "stretched": "相关系数相同且校准良好的网络，该斜率为 {pull}：预测值的变化范围过宽（真实年龄"
        "对预测年龄的斜率为 {value}，95% 置信区间 {low} 至 {high}；1 表示校准良好）。",
    },
    "calibration": {
        "join": "",
        "none": "无法给出 {level}% 预测区间：{why}。",
        "in_test": "测试集",
        "in_val": "验证集",
        "in_train": "训练集",
        "in_all": "全部数据集",
        "unjudged": "{level}% 预测区间为预测值 ± {years} 岁；在{where}中的覆盖率为 {share}%，"
        "但无法判断是否达到标称水平：{why}。",
        "kept": "{level}% 预测区间为预测值 ± {years} 岁；在{where}中的覆盖率为 {share}%"
        "（95% 置信区间 {low} 至 {high}），没有证据表明未达到标称水平。",
        "less": "警告：{level}% 预测区间（± {years} 岁）在{where}中的覆盖率仅为 {share}%"
        "（95% 置信区间 {low} 至 {high}），低于标称水平。",
        "more": "{level}% 预测区间（± {years} 岁）在{where}中的覆盖率为 {share}%"
        "（95% 置信区间 {low} 至 {high}），高于标称水平，区间偏宽。",
        "head": "校准结果（验证集图像 {images} 张，受试者 {subjects} 名）",
        "columns": "标称水平|半宽（岁）|区间内的图像（%）|按受试者（%）",
        "corrected": "校正向均值的回归：MAE（岁）由 {before} 变为 {after}，年龄斜率由 "
        "{slope_before} 变为 {slope_after}。其他数值均未使用校正后的年龄。",
        "refused": "未校正向均值的回归：{why}。",
    },
    "groups": {
        "MAE": "平均绝对误差",
        "Bias": "平均误差",
        "differ": "{b} 与 {a} 相比：{metric}相差 {value} 岁（95% 置信区间 {low} 至 {high}，p {p}，"
        "均经 Holm 校正）。",
        "no_evidence": "{b} 与 {a} 相比：没有证据表明{metric}存在差异（{value} 岁，95% 置信区间 "
        "{low} 至 {high}，p {p}，均经 Holm 校正）。",
        "unjudged": "{b} 与 {a} 相比：{metric}相差 {value} 岁，但无法判断：{why}。",
    },
    "focus": {
        "join": "",
        "nothing": "没有图像既在热图中有证据、又有只覆盖图像一部分的分割掩膜，"
        "因此无从说明网络是否关注肌肉。",
        "few": "无法判断热图是否落在肌肉上：{why}（{s} 名受试者的 {n} 张图像；能量比 {ratio}，"
        "随机水平为 1）。",
        "on": "肌肉掩膜内偏老的证据多于其面积所应占的份额：能量比 {ratio}（95% 置信区间 {low} 至 "
        "{high}；随机水平为 1；{s} 名受试者的 {n} 张图像）。",
        "unclear": "无法判断肌肉掩膜内偏老的证据是否多于其面积所应占的份额：能量比 {ratio}（95% "
        "置信区间 {low} 至 {high}；随机水平为 1；{s} 名受试者的 {n} 张图像）。",
        "beside": "热图落在肌肉之外，肌肉掩膜内偏老的证据少于其面积所应占的份额：能量比 {ratio}"
        "（95% 置信区间 {low} 至 {high}；随机水平为 1；{s} 名受试者的 {n} 张图像）。",
        "own_more": "热图与每个人自身的肌肉相对应：使用本人掩膜时的能量比高于换用同一年龄段"
        "（每 10 岁一段）其他受试者的掩膜（本人减他人 {size}，95% 置信区间 {low} 至 {high}，"
        "整个区间高于值得一提的最小差值 {least}；{s} 名受试者）。",
        "own_fit": "使用本人掩膜时的能量比高于换用同一年龄段（每 10 岁一段）其他受试者的掩膜"
        "（本人减他人 {size}，95% 置信区间 {low} 至 {high}，整个区间高于值得一提的最小差值 "
        "{least}；{s} 名受试者）。",
        "own_little": "使用本人掩膜时的能量比略高于换用同一年龄段（每 10 岁一段）其他受试者的掩膜，"
        "但差值小于值得一提的最小差值 {least}（本人减他人 {size}，95% 置信区间 {low} 至 {high}；"
        "{s} 名受试者）。",
        "own_same": "能量比并不高于换用同一年龄段（每 10 岁一段）其他受试者掩膜的结果：本人减他人 "
        "{size}（95% 置信区间 {low} 至 {high}，整个区间低于值得一提的最小差值 {least}；{s} 名"
        "受试者）。没有证据表明热图与每个人自身的肌肉相对应。",
        "own_less": "使用本人掩膜时的能量比反而低于换用同一年龄段（每 10 岁一段）其他受试者的掩膜"
        "（本人减他人 {size}，95% 置信区间 {low} 至 {high}；{s} 名受试者）：热图并不与每个人自身的"
        "肌肉相对应。",
        "own_unclear": "无法判断热图是否与每个人自身的肌肉相对应：与同一年龄段（每 10 岁一段）"
        "其他受试者的掩膜相比，本人减他人 {size}（95% 置信区间 {low} 至 {high}，包含值得一提的"
        "最小差值 {least}；{s} 名受试者）。",
        "own_few": "无法判断热图是否与每个人自身的肌肉相对应：只有 {s} 名受试者能与同一年龄段"
        "（每 10 岁一段）的其他人比较。",
        "own_unknown": "无法判断热图是否与每个人自身的肌肉相对应：{why}。",
        "less_error": "热图越集中在肌肉上，图像的误差越小（Spearman 相关系数 {rho}，95% 置信区间 "
        "{low} 至 {high}）；这只是相关，不代表因果。",
        "more_error": "热图越集中在肌肉上，图像的误差越大（Spearman 相关系数 {rho}，95% 置信区间 "
        "{low} 至 {high}）；这只是相关，不代表因果。",
        "no_link": "没有证据表明热图在肌肉上的占比与误差有关（Spearman 相关系数 {rho}，95% "
        "置信区间 {low} 至 {high}）。",
        "unknown": "无法判断热图在肌肉上的占比与误差是否有关。",
    },
    "checks": {
        "join": "",
        "same": "警告：把回归头和最后一级换成随机权重后，热图基本不变，说明它反映的主要是图像本身，"
        "而不是网络学到的内容（Spearman 相关系数绝对值的均值 {similarity}，{interval}，整个区间高于"
        "界值 {limit}；互不相关的热图为 {chance}；{s} 名受试者的 {n} 张图像）。",
        "partly": "把回归头和最后一级换成随机权重后，热图只有部分改变，它反映图像本身的程度可能不亚"
        "于网络学到的内容（Spearman 相关系数绝对值的均值 {similarity}，{interval}，包含界值 "
        "{limit}；互不相关的热图为 {chance}；{s} 名受试者的 {n} 张图像）。",
        "differ_some": "把回归头和最后一级换成随机权重后，热图随之改变，说明它取决于网络学到的内"
        "容，但仍比互不相关的热图更相似（Spearman 相关系数绝对值的均值 {similarity}，{interval}，整"
        "个区间低于界值 {limit}；互不相关的热图为 {chance}；{s} 名受试者的 {n} 张图像）。",
        "differ": "把回归头和最后一级换成随机权重后，热图随之改变，说明它取决于网络学到的内容（"
        "Spearman 相关系数绝对值的均值 {similarity}，{interval}，整个区间低于界值 {limit}；互不相关"
        "的热图为 {chance}；{s} 名受试者的 {n} 张图像）。",
        "weights_few": "无法判断热图是否取决于网络学到的内容：{why}（{s} 名受试者的 {n} 张"
        "图像；换成随机权重后 Spearman 相关系数绝对值的均值为 {similarity}；互不相关的热图为 "
        "{chance}，界值为 {limit}）。",
        "small_maps": "热图的格数太少，互不相关的热图也能达到界值",
        "undefined": "没有图像在训练后和换成随机权重后都有取值有限且不为常数的热图，无法比较。",
        "interval": "95% 置信区间 {low} 至 {high}",
        "alike": "各受试者相同",
        "years_alike": "{value} 岁（各受试者相同）",
        "years": "{value} 岁（95% 置信区间 {low} 至 {high}）",
        "faithful": "从热图证据最高处开始替换图像，与从最低处开始相比，预测年龄更低：模糊替换时低 "
        "{a}，用图像别处填补时低 {b}（{s} 名受试者的 {n} 张图像）：预测确实依赖热图所示的位置。",
        "unshown": "没有证据表明预测依赖热图所示的位置：从热图证据最高处开始替换图像与从最低处开始"
        "相比，预测年龄的下降在模糊替换时相差 {a}，用图像别处填补时相差 {b}（{s} 名受试者的 {n} "
        "张图像）。",
        "disagree": "不能说明预测依赖热图所示的位置，因为结果取决于用什么替换：从热图证据最高处开始"
        "替换图像，比从最低处开始使预测年龄多下降的岁数，模糊替换时为 {a}，用图像别处填补时为 {b}"
        "（{s} 名受试者的 {n} 张图像）。",
        "contrary": "警告：从热图证据最高处开始替换图像，与从最低处开始相比，预测年龄反而更高："
        "模糊替换时高 {a}，用图像别处填补时高 {b}（{s} 名受试者的 {n} 张图像）：热图所示与预测的"
        "依据相反。",
        "order_few": "无法判断预测是否依赖热图所示的位置：{why}（{s} 名受试者的 {n} 张图像；从热图"
        "证据最高处开始替换图像，比从最低处开始使预测年龄多下降：模糊替换时 {a} 岁，用图像别处填补"
        "时 {b} 岁）。",
        "above_edges": "热图优于图像本身的边缘（后者对网络一无所知）：分别多 {a}和 {b}。",
        "not_above_edges": "不能说明热图优于图像本身的边缘（后者对网络一无所知）：热图减边缘分别为 "
        "{a}和 {b}。",
        "shift": "平移一个像素",
        "flip": "左右翻转",
        "repeat_stable": "图像{what}后，热图保持一致（Spearman 相关系数均值 {similarity}，"
        "{interval}，整个区间高于 {limit}）；预测年龄平均变化 {change} 岁。",
        "repeat_partly": "图像{what}后，热图是否保持一致尚不清楚（Spearman 相关系数均值 "
        "{similarity}，{interval}，包含 {limit}）；预测年龄平均变化 {change} 岁。",
        "repeat_low": "图像{what}后，本应不变的热图发生了改变（Spearman 相关系数均值 {similarity}，"
        "{interval}，整个区间低于 {limit}）；预测年龄平均变化 {change} 岁。",
        "repeat_few": "无法判断图像{what}后热图是否保持一致：{why}（Spearman 相关系数均值 "
        "{similarity}；预测年龄平均变化 {change} 岁）。",
    },
}
