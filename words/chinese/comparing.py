"""The texts of the page of a comparison, in Chinese.

The same keys as in `words.english.comparing`.
"""

TEXTS: dict[str, dict[str, str]] = {
    "comparing": {
        "title": "运行结果对比",
        "subline": "运行：{runs} 次。所有运行共有的图像：{images} 张，受试者：{subjects} 名。",
        "h_verdict": "结论",
        "h_runs": "各次运行",
        "h_differences": "差值",
        "h_groups": "年龄段",
        "h_images": "差别最大的图像",
        "h_made": "生成方式",
        "against": "对比",
        "told": "有差异",
        "untold": "无法区分",
        "equivalent": "等效",
        "identical": "相同",
        "unjudged": "不作判定",
        "in_doubt": "存疑：数据划分",
        "one_subject": "取决于一名受试者",
        "baseline": "各次运行均与基线 #{number} 比较。",
        "best": "各次运行均与 MAE 最低的 #{number} 比较。",
        "closer": "#{b} 比 #{a} 更接近真实年龄的图像：{closer} 张；更远：{farther} 张；"
        "相同：{same} 张。",
        "run": "运行",
        "not_common": "非共有",
        "runs": "各项指标均基于所有运行共有的图像。",
        "own_intervals": "各次运行的受试者相同，因此两次运行各自的置信区间是否重叠并不能说明两者"
        "是否不同；应看下方差值的置信区间。",
        "matrix": "全部成对比较：MAE 之差（岁）",
        "matrix_marks": "行减列，按 MAE 由低到高。* 有统计学差异；= 在 ±{margin} 岁内等效。",
        "forest": "粗线：该差值本身的 95% 置信区间；细线：对 {tests} 次检验作 Bonferroni 校正后。"
        "实心：有差异；空心：无法区分；灰色：不作判定；叉号：相同。阴影：等效界值，MAE 之差 "
        "±{margin} 岁。",
        "sign_MAE": "小于 0：减号前的运行更好",
        "sign_RMSE": "小于 0：减号前的运行更好；不作判定",
        "sign_CCC": "大于 0：减号前的运行更好；不作判定",
        "sign_age_bias_slope": "斜率更接近 0 者偏差更小；何者更小见上方结论",
        "pair": "运行",
        "drawn": "差值图示",
        "difference": "差值",
        "plain": "95% 置信区间",
        "corrected": "校正后区间",
        "p_corrected": "校正后 p",
        "groups": "各真实年龄段的 MAE 之差（岁）；小于 0：减号前的运行更好。",
        "group_tests": "另对 {tests} 次检验作校正。",
        "images": "按各次运行绝对误差相差的大小（岁）排列。#1、#2……：预测年龄。",
        "subject": "受试者",
        "apart": "相差（岁）",
        "more_images": "另有 {count} 张；全部见 comparison_images.csv。",
        "files": "数据文件与本页在同一文件夹：comparison.json、comparison.csv（全部成对差值）、"
        "comparison_images.csv 和 comparison.png。",
    },
}
