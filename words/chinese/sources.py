"""哪些图像难以判读，以及不可能有证据的区域；键与 `words.english.sources` 相同。"""

TEXTS: dict[str, dict[str, str]] = {
    "sources": {
        "join": "",
        "and": "、",
        "name_grey_mean": "亮度（平均灰度）",
        "name_grey_sd": "灰度离散度（SD）",
        "name_grey_contrast": "对比度（P95 − P5）",
        "name_grey_skewness": "灰度偏度",
        "name_grey_entropy": "灰度熵",
        "name_sharpness": "清晰度（拉普拉斯）",
        "name_speckle_snr": "掩膜内散斑信噪比",
        "name_mask_fraction": "掩膜面积",
        "name_energy_ratio": "热图能量比",
        "name_cam_gini": "热图基尼系数",
        "name_cam_entropy": "热图熵",
        "name_cam_active_area": "热图激活面积",
        "name_energy_on_blank": "空白区证据",
        "name_sex": "性别（男）",
        "name_bmi": "体重指数",
        "higher": "{name}较高（r {r}，95% 置信区间 {low} 至 {high}，p {p}）",
        "lower": "{name}较低（r {r}，95% 置信区间 {low} 至 {high}，p {p}）",
        "sex_higher": "受试者为男性（r {r}，95% 置信区间 {low} 至 {high}，p {p}）",
        "sex_lower": "受试者为女性（r {r}，95% 置信区间 {low} 至 {high}，p {p}）",
        "absolute": "以下图像的误差较大：{what}。",
        "signed": "以下图像的预测年龄偏老：{what}。",
        "more": "另有 {count} 项",
        "method": "r：校正年龄后的 Spearman 相关系数；p：经 Holm 法校正 {tests} 次检验。"
        "以上为相关关系，并非因果关系。",
        "none": "没有证据表明 {features} 项图像特征中的任何一项与误差有关（校正年龄，{tests} "
        "次检验，经 Holm 法校正后最小的 p {p}；{s} 名受试者的 {n} 张图像）。",
        "few": "无法判断哪些图像难以判读：{why}。",
        "no_test": "没有可检验的特征",
        "blank_none_few": "没有图像含有黑边或填充。在所有图像中取值相同的像素，"
        "至少 {least} 名受试者时才查找。",
        "blank_none": "没有图像含有空白区（黑边、填充，或在所有图像中取值相同的像素）。",
        "blank_no_map": "所有热图都没有证据。",
        "blank": "空白区（黑边、填充、在所有图像中取值相同的像素）占图像的 {area}，"
        "含有热图证据的 {energy}；{of} 张图像中有 {count} 张的空白区证据超过 {much}%。",
        "blank_few": "黑边和填充占图像的 {area}，含有热图证据的 {energy}；{of} 张图像中有 "
        "{count} 张在此处的证据超过 {much}%。在所有图像中取值相同的像素，"
        "至少 {least} 名受试者时才查找。",
        "blank_warn": "警告：{said}网络所依据的可能不是肌肉。",
        "percent": "{value}%",
        "percent_ci": "{value}%（95% 置信区间 {low} 至 {high}%）",
        "focus_blank": "空白区证据 {energy}%（面积 {area}%）",
        "title_absolute": "a   绝对误差",
        "title_signed": "b   有符号误差（预测 − 真实）",
        "axis": "与误差的秩相关系数",
        "significant": "校正年龄后，Holm 法校正 {} 次检验后 p < 0.05",
        "adjusted": "校正年龄后，p ≥ 0.05",
        "unjudged": "校正年龄后，无置信区间",
        "raw": "未校正年龄",
        "lines": "线段：95% 置信区间（以受试者为单位）",
        "n": "{} 张图像，{} 名受试者",
        "nothing": "这些图像的各项特征均无变化",
        "old": "该结果由较早的版本生成，未作此项分析。",
        "intro": "图像中可测量的特征或已知的个人特征与误差的秩相关，按大小排列。校正年龄：从两者中"
        "扣除与真实年龄有关的部分。p：经 Holm 法校正 {tests} 次检验；✱ 表示小于 0.05。"
        "有符号误差：大于 0 表示该特征越高，预测年龄越偏老。",
        "feature": "特征",
        "absolute_adjusted": "绝对误差，校正年龄 [95% 置信区间]",
        "signed_adjusted": "有符号误差，校正年龄 [95% 置信区间]",
        "p": "p",
        "raw_column": "未校正",
        "left_out": "未纳入：{name}（{reason}）",
    },
}
