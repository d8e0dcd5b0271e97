"""The texts of the verdict on a run, in Chinese.

The same keys as in `words.english.verdict`.
"""

TEXTS: dict[str, dict[str, str]] = {
    "verdict_sentences": {"join": ""},
    "verdict": {
        "join": "，",
        "interval": "（95% 置信区间 {low} 至 {high}）",
        "mae": "预测年龄平均相差 {value} 岁{interval}，共 {n} 名受试者。",
        "better": "与一律预测为训练集图像的平均年龄（误差 {baseline} 岁）相比，误差减少 {skill}%"
        "（95% 置信区间 {low}% 至 {high}%）。",
        "not_better": "尚不能说明优于一律预测为训练集图像的平均年龄（误差 {baseline} 岁）："
        "误差的减少量为 {skill}%（95% 置信区间 {low}% 至 {high}%）。",
        "worse": "不如一律预测为训练集图像的平均年龄（误差 {baseline} 岁）：误差增加 {skill}%"
        "（95% 置信区间 {low}% 至 {high}%）。",
        "error_unjudged": "无法判断是否优于一律预测为平均年龄：{why}。",
        "mean_unjudged": "无法判断平均而言年龄被估大还是估小：{why}。",
        "mean_small": "平均而言年龄未被估大或估小达 {least} 岁：平均误差为 {value} 岁{interval}。",
        "mean_unclear": "无法判断平均而言年龄被估大还是估小：平均误差为 {value} 岁{interval}。",
        "mean_old": "平均而言年龄被估大：平均误差为 {value} 岁{interval}。",
        "mean_young": "平均而言年龄被估小：平均误差为 {value} 岁{interval}。",
        "pull_unjudged": "无法判断预测年龄是否向均值回缩：{why}。",
        "no_pull": "没有值得一提的向均值回缩：年龄每增加 1 岁，误差变化 {slope} 岁"
        "（95% 置信区间 {low} 至 {high}，整个落在 ±{least} 以内）。",
        "pull_unclear": "无法判断预测年龄是否向均值回缩：年龄每增加 1 岁，误差变化 {slope} 岁"
        "（95% 置信区间 {low} 至 {high}，包含 0，且超出 ±{least}）。",
        "pull": "预测年龄向均值回缩：年龄每增加 1 岁，误差变化 {slope} 岁"
        "（95% 置信区间 {low} 至 {high}）。",
        "reversed": "年龄越大，预测年龄反而越小：年龄每增加 1 岁，误差变化 {slope} 岁"
        "（95% 置信区间 {low} 至 {high}）。",
        "push": "误差（预测减真实年龄）随年龄上升：年龄每增加 1 岁，误差变化 {slope} 岁"
        "（95% 置信区间 {low} 至 {high}）。",
        "constant": "预测年龄完全回缩到均值：所有预测值相同，因此真实年龄每增加 1 岁，误差就减小 "
        "1 岁。",
        "pull_at": "平均而言，{ages}。",
        "same_weights": "网络权重换成随机值后热图变化不大，因此热图不能说明网络关注什么。",
        "partly_weights": "网络权重换成随机值后热图只有部分变化，因此热图反映的可能是图像本身，"
        "而不只是网络关注的内容。",
        "contrary": "去掉热图标为偏老的位置，与去掉标记最低的位置相比，预测年龄反而更高，因此热图"
        "不能说明预测的依据。",
        "unstable": "图像平移一个像素后热图就会改变，因此热图的位置没有多少意义。",
        "places_unshown": "不能说明预测依赖热图所示的位置，因此无法据此判断网络是否关注肌肉。",
        "edges_do_as_well": "不能说明热图优于图像本身的边缘（后者对网络一无所知），因此无法据此判断"
        "网络是否关注肌肉。",
        "no_mask": "没有图像既在热图中有证据、又有只覆盖图像一部分的分割掩膜，因此对肌肉一无所知。",
        "muscle_unjudged": "无法判断证据是否落在肌肉上：{why}。",
        "muscle_unclear": "无法判断偏老的证据是否落在肌肉上：掩膜内的证据为其面积所应占的 {ratio} "
        "倍（95% 置信区间 {low} 至 {high}；随机水平为 1）。",
        "beside": "偏老的证据落在肌肉之外：掩膜内的证据为其面积所应占的 {ratio} 倍"
        "（95% 置信区间 {low} 至 {high}；随机水平为 1）。",
        "on_own": "偏老的证据落在肌肉上，为其面积所应占的 {ratio} 倍（95% 置信区间 {low} 至 "
        "{high}；随机水平为 1），并且更集中于受试者本人的肌肉，而不只是他人肌肉所在的位置。",
        "on_place": "偏老的证据落在肌肉所在之处，为其面积所应占的 {ratio} 倍（95% 置信区间 {low} "
        "至 {high}；随机水平为 1），但并不明显更集中于受试者本人的肌肉，而不是他人肌肉所在的位置："
        "图像中某个固定的位置也会如此。",
        "on_place_unclear": "偏老的证据落在肌肉所在之处，为其面积所应占的 {ratio} 倍（95% 置信区间 "
        "{low} 至 {high}；随机水平为 1）。它是与个人的肌肉相对应，还是图像中某个固定的位置"
        "也会如此，无法判断。",
        "transplant": "在受试者之间交换肌肉时，20 岁与 80 岁的人之间的 {total}中，有 {muscle}随肌肉"
        "而走。",
        "said": "{said}。",
        "proved": "测试集与给出的名单一致。",
        "unproved": "但划分本身未与名单核对。",
        "list_in_doubt": "但该名单所属的运行自身的检查并非没有问题，不能作为证明。",
        "all_scored": "应评估的图像全部计入数值：{count} 张。",
        "on_purpose": "按设定不采用年龄范围以外的图像：{count} 张。",
        "some_left_out": "文件夹中的 {of} 张图像里，未计入数值的有：{reasons}。",
        "left_out_kind": "{kind}（{count} 张）",
        "no_label": "没有标签",
        "unusable_label": "标签不可用",
        "conflicting_label": "标签相互矛盾",
        "unusable_name": "文件名不可用",
        "not_listed": "不在检查点的任何名单中",
        "not_read_by_training": "训练时未读取",
        "unreadable": "无法读取",
        "is_synthetic": "数据为合成数据：没有扫描过任何人。",
        "leak_stands": "数据泄漏检查——{said}。",
        "split_unproved": "测试集未与训练时的名单核对（--check-split，或检查点中的名单）："
        "没有泄漏这一点未得到证明。",
        "list_stands": "测试集所符合的名单出自一次自身泄漏检查并非没有问题的运行："
        "没有泄漏这一点未得到证明。",
        "few_subjects": "只有 {n} 名受试者：少于 {least} 名时不给 95% 置信区间。",
        "one_subject": "MAE 的 95% 置信区间所依据的方差有 {share}% 来自同一名受试者：请查看是谁。",
        "many_left_out": "文件夹中的 {of} 张图像里，有 {count} 张无法计入数值：未采用的图像可能与"
        "计入的不同。",
        "no_better_than_the_mean": "尚不能说明网络优于一律预测为平均年龄。",
        "maps_unchecked": "热图是否取决于网络学到的内容尚不清楚（--cam-check，至少 10 名受试者）："
        "请勿发表以热图为依据的结论。",
        "maps_untold": "无法判断热图是否取决于网络学到的内容：请勿发表以热图为依据的结论。",
        "maps_unshown": "检验未能说明预测依赖热图所示的位置、且胜过图像本身的边缘：请勿发表以热图"
        "为依据的结论。",
        "maps_doubted": "检验结果不支持热图：请勿发表以热图为依据的结论。",
    },
}
