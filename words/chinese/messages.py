"""The messages of the command, in Chinese; the same keys as in `words.english.messages`."""

TEXTS: dict[str, dict[str, str]] = {
    "screen": {
        "warning": "警告：{message}",
        "leakage_check": "数据泄漏检查：{verdict}",
        "synthetic": "*** {note} ***",
        "results": "结果：{folder}",
        "demo": "合成数据：演示用的图像由公式绘制，没有扫描过任何真人",
        "demo_reused": "沿用 {root} 中已有的演示数据和网络",
        "demo_made": "正在 {root} 中生成 {count} 张图像并训练网络：约需一至两分钟",
        "explained_in_part": "{path}：预测年龄 {age} 岁；热图的岁数之和与之不等（偏老 "
        "{older}，偏年轻 {younger}）-> {file}",
        "explained": "{path}：预测年龄 {age} 岁（偏移 {offset}，偏老 {older}，"
        "偏年轻 {younger}）-> {file}",
    },
    "progress": {
        "bar": "{desc}：{percentage:3.0f}%|{bar}{r_bar}",
        "line": "{desc}：{n_fmt}/{total_fmt}，{rate_fmt}，还需 {remaining}",
        "images": "图像",
        "drawing": "绘制",
        "training": "训练",
        "image": "张",
        "batch": "批",
        "error": "误差 {years:.1f} 岁",
    },
    "warnings": {
        "no_cjk_font": "未找到含汉字的字体，图中文字改用英文；请安装一种（Noto Sans CJK SC、"
        "WenQuanYi Zen Hei 或 Microsoft YaHei）",
        "pictures_missing": "网页缺少 {count} 张图像和 {masks} 张掩膜的轮廓：文件不在记录所说的"
        "位置，或已不是评估时的文件；请给出 --image-dir 和 --mask-dir",
        "no_page": "无法生成 report.html：{reason}",
        "trained_with": "{name} 为 {value}，但网络训练时为 {trained}",
        "image_size_absent": "检查点中没有 image_size，改用 {used} 像素：如果网络训练时的尺寸不同，"
        "预测的年龄就是错的",
        "split_changed": "划分与训练时不同（{listed}）：测试集中可能含有训练样本，误差可能偏小",
        "split_changed_one": "{name} 为 {used}，训练时为 {checkpoint}",
        "split_absent": "检查点中没有 {names}，改用默认值 {used}：测试集中可能含有训练样本，"
        "误差可能偏小",
        "test_not_stratified": "测试集未能按年龄分层：有的年龄段只有一名受试者，"
        "或年龄段多于某一数据集的受试者",
        "val_not_stratified": "验证集未能按年龄分层：有的年龄段只有一名受试者，"
        "或年龄段多于某一数据集的受试者",
        "no_label": "{count} 张图像未纳入（无标签），例如 {example}：{reason}",
        "unusable_label": "{count} 张图像未纳入（标签不可用），例如 {example}：{reason}",
        "conflicting_label": "{count} 张图像未纳入（标签相互矛盾），例如 {example}：{reason}",
        "unusable_name": "{count} 张图像未纳入（文件名不可用），例如 {example}：{reason}",
        "outside_age_range": "{count} 张图像未纳入（不在年龄范围内），例如 {example}：{reason}",
        "not_read_by_training": "{count} 张图像未纳入（训练时未读取），例如 {example}：{reason}",
        "not_listed": "{count} 张图像未纳入（不在检查点的名单中），例如 {example}：{reason}",
        "passed_over": "图像文件夹中另有 {count} 个文件或文件夹未读取，例如 {example}："
        "只读取该文件夹内的 .png、.jpg 和 .jpeg 文件",
        "unreadable": "{count} 张图像未纳入（无法读取），例如 {example}：{reason}",
        "scaled_16_bit": "{count} 张图像：每通道 16 位，已缩放为 8 位（65535 -> 255）",
        "pairs_gone": "有 {count} 对图像未参与移植：其中一张在运行期间被更改或移除",
        "two_subjects": "有 {count} 组图像逐字节相同却属于不同的受试者，例如 {first} 与 {second}，"
        "其中必有标签是错的",
        "near_not_compared": "--check-near-duplicates：因无法读取或从左到右没有明暗变化而未能比较的"
        "图像：{count} 张",
        "images_changed": "{count} 张图像在运行过程中被改动或删除，例如 {example}：预测所依据的"
        "是改动前的图像，图中不再显示这些图像",
        "masks_unreadable": "{count} 个分割掩膜无法读取，按缺失处理：{first}",
        "not_a_sum": "在 {layer} 处，热图的岁数之和不等于预测年龄：请看位置，不看岁数",
        "cells_passed": "工作簿中有的单元格没有可用的年龄，但同一人的另一行有，以该行为准：{count} "
        "处，例如：{first}",
        "list_elsewhere": "检查点中的 {name} 只是名称或路径，不是名单，未使用；请用 --check-split "
        "将测试集与所指的名单核对",
        "cells_differ": "同一标签或同一人的各行所写的性别、身高体重或受试者相互矛盾，按未知处理："
        "{count} 处，例如 {first}",
        "subjects_missing": "工作簿中有 {count} 个文件名在受试者一列没有唯一的受试者，"
        "例如 {first}：以文件名的第二段为准",
        "subjects_differ": "在 {of} 张图像中，工作簿的受试者一列区分出 {count} 人，"
        "文件名的第二段则为 {named} 人（对 {example}，前者为 {subject}，后者为 {number}）："
        "以工作簿的这一列为准；"
        "如果该列不是受试者（例如是行号），请改掉列名",
        "other_weights": "所用权重为 {used} 中的权重；文件中 {others} 里的其他权重未使用",
        "head_assumed": "检查点没有说明回归头的 {count} 个线性层之间是什么：假定每层之后为 ReLU 和 "
        "dropout；若训练时用的是其他函数，预测年龄就是错的",
        "masks_stretched": "{count} 张掩膜的宽高比与图像不同，已被拉伸到图像上，例如 {example} 的"
        "掩膜：{mask} 像素，而图像为 {image} 像素",
        "masks_are_pictures": "有 {count} 个分割掩膜实为普通图像，按缺失处理：{first}；请用 "
        "--mask-dir 指定分割掩膜所在的文件夹",
        "images_are_masks": "抽查的 {total} 张图像中有 {count} 张只有两三种灰度值，与分割掩膜相同，"
        "例如 {example}：--image-dir 是否误指了掩膜文件夹？若是，预测及其误差均无意义",
        "mask_share": "分割掩膜平均占图像的 {percent}%，不在通常的 {low} 至 {high} 之内：它们是否为"
        "肌肉的掩膜？所有与肌肉有关的数值都以此为依据",
        "evidence_on_blank": "热图在没有组织的地方显示证据：黑边、填充和文字占图像的 "
        "{blank_fraction}，却含有 {energy_on_blank} 的证据（{of} 张图像中有 {count} 张超过 "
        "{much}%）；网络所依据的可能不是肌肉",
        "no_mask": "所有图像均无分割掩膜（{where}），无法评价对肌肉的关注；如有掩膜，请用 "
        "--mask-dir 指定其文件夹",
        "no_mask_beside": "所有图像均无分割掩膜（{where}），无法评价对肌肉的关注；图像文件夹旁的"
        "以下文件夹含有同名文件，如其中有掩膜，请用 --mask-dir 指定：{folders}",
        "masks_in": "查找位置：{folder}",
        "masks_nowhere": "图像路径中没有名为 Images 的文件夹，因此也没有与之并列的 Masks",
        "split_listed": "数据集的划分取自检查点中的名单（{names}），未按设置重新划分",
        "without_split": "未划分数据集：只应评估训练时从未用过其图像的人",
        "ages_untrained": "{of} 张图像中有 {count} 张所属的人不在检查点所记的训练年龄范围"
        "（{low} 至 {high} 岁）内，这些图像也被评估",
        "not_in_years": "没有一个预测年龄在 {low} 至 {high} 岁之间（实为 {least} 至 {most}），"
        "而大多数真实年龄在此之间：网络的输出是以岁为单位吗？"
        "训练时缩放过的年龄（例如均值化为 0）在此不会还原",
        "no_validation": "--full：验证集为空，因此不作校准",
        "only_test_listed": "检查点只列出了测试集：其余图像在此均视为训练图像，"
        "验证集的图像也在其中",
        "trained_on": "按此划分，{of} 张图像中有 {count} 张曾用于训练该网络："
        "这些图像上的误差不能说明网络对未见过的人的表现",
        "leak": "{verdict}；详见 DATA_LEAKAGE_REPORT.md",
    },
    "leakage": {
        "no leak found": "未发现泄漏",
        "possible leak": "可能泄漏",
        "LEAK": "泄漏",
        "trained on": "含训练图像",
        "not checked": "未检查",
        "verdict": "{level}：{reasons}",
        "and": "；",
        "shared_subjects": "{count} 名受试者出现在多个数据集中",
        "identical_images": "{count} 张图像逐字节相同，却分属不同的数据集",
        "near_identical_images": "分属不同数据集的图像几乎相同（最相近的图像：{count} 对）",
        "changed_settings": "划分所用的设置与训练时不同：{names}",
        "default_settings": "检查点未说明训练时的划分设置：{names}",
        "trained_on_images": "按此划分，被评估的 {of} 张图像中有 {count} 张曾用于训练该网络",
        "trained_on_note": "含训练图像：{of} 张中的 {count} 张",
        "validation_evaluated": "被评估的图像含验证集，而检查点可能正是据此选出的",
        "without_split": "未划分数据集，无法得知网络训练时是否用过这些人的图像",
        "from_checkpoint": "数据集的划分取自检查点中的名单",
        "proved": "测试集与 {source} 的测试集逐张一致",
        "disproved": "测试集与名单 {source} 不一致：{of} 张图像中有 {images} 张"
        "（{of_subjects} 名受试者中有 {subjects} 名）不在名单中；"
        "名单中另有 {missing} 张不在本次测试集内",
        "source_in_doubt": "（其自身的检查结论为：{verdict}）",
        "departure": "{reason}",
        "only_here": "训练时未读取、本次也未评估的图像：{why}",
        "only_there": "训练时读取过、本次未评估的图像：{why}",
        "unreadable": "训练时可能读取过、本次未评估的图像：{why}",
        "listed_twice": "{count} 张图像同时出现在检查点的多个名单中，按训练图像处理",
        "listed_files_absent": "检查点名单中的 {of} 个文件有 {count} 个不在图像文件夹中，"
        "例如 {example}",
        "listed_subjects_absent": "检查点名单中的 {of} 名受试者有 {count} 名没有图像，"
        "例如 {example}",
        "only_training_listed": "检查点只列出了训练集，测试集中可能含有验证集图像",
        "validation_differs": "验证集与检查点名单中的验证集不一致",
        "other_mean": "此处训练集的平均年龄为 {found:.2f} 岁，检查点记录的为 {stored:.2f} 岁，"
        "可见训练时的划分与此不同",
        "own_mean": "这些正是训练所用的图像：按训练时的方法划分，其平均年龄与检查点记录的一致",
        "listed_names": "{of} 个文件名中有 {count} 个也出现在检查点的训练集或验证集名单中",
        "test": "测试集",
        "val": "验证集",
        "train": "训练集",
        "none": "未划分",
        "title": "# 数据泄漏检查报告",
        "head": "**结论：{verdict}。**",
        "columns": "| 数据集 | 受试者 | 图像 |",
        "nothing": "无。",
        "source_settings": "数据集按图像文件夹、工作簿和设置重新划分，做法与训练时相同。"
        "只要比训练时多或少一名受试者，划分就会不同；可用 `--check-split` 将测试集与名单核对。",
        "source_checkpoint": "数据集的划分取自检查点中的名单。",
        "source_none": "未划分数据集，评估了所有标签可用的图像。",
        "section_subjects": "出现在多个数据集中的受试者",
        "no_subjects": "无：每名受试者的图像都在同一数据集中。",
        "section_identical": "不同数据集间逐字节相同的图像",
        "no_identical": "无。所有大小相同的文件均已比对 SHA-256。",
        "section_renumbered": "受试者编号不同但逐字节相同的图像",
        "section_near": "不同数据集间几乎相同的图像（每张图像列出其他各数据集中与其最相近的一张）",
        "near_pair": "{images}：256 位中有 {bits} 位不同",
        "no_near": "无：差异哈希的 256 位中，没有相差不超过 {bits} 位的图像对。",
        "not_compared": "因无法读取或从左到右没有明暗变化而未能比较的图像：{count} 张",
        "near_not_looked_for": "未检查；如需检查，请加 --check-near-duplicates。",
        "section_conflicts": "因工作簿自相矛盾而未纳入的标签",
        "section_changed": "与检查点不同的划分设置",
        "changed_setting": "{name}：实际为 {used}，检查点为 {checkpoint}",
        "section_default": "检查点中没有的划分设置（已用默认值）",
        "section_doubts": "划分可能与训练时不同的原因",
        "section_proof": "测试集与名单的核对",
        "not_proved": "未核对；可用 --check-split 给出先前的结果或文件名单。",
        "only_here_file": "{name} 在测试集中，不在名单中",
        "only_listed_file": "{name} 在名单中，不在测试集中",
        "image": "{filename}（{split}，受试者 {subject_id}）",
    },
    "error_list": {
        "largest": "# 绝对误差最大的图像：{count} 张，共 {total} 张{shared}",
        "smallest": "# 绝对误差最小的图像：{count} 张，共 {total} 张{shared}",
        "shared": "（同一图像不会同时出现在两个列表中）",
        "outlier_rule": "# 离群：绝对误差大于 {years:.2f} 岁（均值 + 2 倍总体标准差）",
        "columns": "# 文件名\t真实年龄\t预测年龄\t绝对误差\t方向\t离群",
        "signed": "{direction}（{error}）",
        "over": "高估",
        "under": "低估",
        "exact": "准确",
        "outlier": "离群",
    },
}
