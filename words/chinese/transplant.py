"""The texts of the muscle transplant, in Chinese.

The same keys as in `words.english.transplant`.
"""

TEXTS: dict[str, dict[str, str]] = {
    "transplant": {
        "join": "",
        "value": "{value} 岁",
        "interval": "{value} 岁（95% 置信区间 {low} 至 {high}）",
        "none": "未测量有多少岁随肌肉而走：{why}（{s} 名受试者的 {n} 张图像有可用的掩膜，"
        "其中 {chosen} 张参与）。",
        "unjudged": "无法判断有多少岁随肌肉而走：{why}。",
        "no_total": "无法谈论肌肉所占的部分，因为没有证据表明网络能区分 20 岁与 80 岁的人："
        "{total}（{s} 名受试者，{n} 对图像）。",
        "reversed": "无法谈论肌肉所占的部分，因为网络把 80 岁的人读得比 20 岁的人更年轻："
        "{total}（{s} 名受试者，{n} 对图像）。",
        "held": "该网络区分 20 岁与 80 岁的人的 {total}中，有 {muscle}随肌肉轮廓内的像素"
        "而走（在 {s} 名受试者的 {n} 对图像之间交换肌肉）。",
        "beyond": "这里的受试者为 {low} 至 {high} 岁：这一范围以外的岁数是斜率的外推，并未测量。",
        "unknown": "无法判断这占多大比例。",
        "most": "这超过一半：网络读作年龄的内容主要在肌肉中。",
        "some": "网络从肌肉中读取年龄；是否有一半以上在肌肉中，无法判断。",
        "less": "网络从肌肉中读取年龄，但一半以上来自别处。",
        "no_muscle": "没有证据表明网络从肌肉中读取年龄。",
        "against": "肌肉的作用与之相反：网络从别处读取年龄。",
        "moved_below": "作为对照，在年龄相距较远的 {n} 对中，肌肉带走 {muscle}，"
        "其下方的区域{size}带走 {value}。",
        "moved_above": "作为对照，在年龄相距较远的 {n} 对中，肌肉带走 {muscle}，"
        "其上方的区域{size}带走 {value}。",
        "size": "（因图像在此结束，大小为其 {percent}%）",
        "others": "把他人的掩膜放在同样的图像上，同样的各对得到 {value}。",
        "same_person": "同一人的两张图像之间，肌肉的部分平均为 {value} 岁。",
    },
    "transplant_left": {
        "no_mask": "没有可读的掩膜",
        "empty": "掩膜为空",
        "several_parts": "掩膜分成几块",
        "too_small": "掩膜在网络输入上不足 8 列或 8 行",
        "too_large": "掩膜超过图像的 90%",
        "gaps": "掩膜上下边缘之间有凹陷或空隙",
    },
    "transplant_figure": {
        "strip": "互换的各对中年龄相差最大的一对，以及网络读出的年龄",
        "own": "{} 岁：{}",
        "swapped_young": "换上较老的肌肉：{}",
        "swapped_old": "换上较年轻的肌肉：{}",
        "bars": "20 岁与 80 岁的人之间的差",
        "years_axis": "岁",
        "same_pairs": "随肌肉，同样的各对",
        "total": "总计",
        "muscle": "随肌肉",
        "rest": "随其余部分",
        "moved_below": "肌肉下方的区域",
        "moved_above": "肌肉上方的区域",
        "other_masks": "他人的掩膜",
        "group": "{}：肌肉",
        "scatter": "肌肉岁数与年龄",
        "true_age": "真实年龄（岁）",
        "muscle_years": "肌肉岁数（岁）",
        "image": "一张图像，± 1 标准误",
        "line": "对比：20 至 80 岁之间 {} 岁",
        "n": "{} 对图像，{} 名受试者",
        "lines": "线段：按受试者的 95% 置信区间",
        "controls": "空心：对照，取年龄相距较远的各对",
    },
}
