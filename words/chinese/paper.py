"""The texts of the paragraphs for a paper, in Chinese.

The same keys as in `words.english.paper`.
"""

TEXTS: dict[str, dict[str, str]] = {
    "paper": {
        "none": "无法给出",
        "value": "{value}（95% 置信区间 {low} 至 {high}）",
        "plain": "{value}",
        "plain_years": "{value} 岁",
        "value_years": "{value} 岁（95% 置信区间 {low} 至 {high}）",
        "synthetic": "数据为合成数据：图像由公式绘制。",
        "evaluated": "对网络（{architecture}，输入 {size} × {size} 像素）在 {subjects} 名受试者的 "
        "{images} 张图像上进行了评估（{split}）。",
        "cohorts": "队列：{names}。",
        "not_test": "这不是测试集：其中有的受试者用于训练或选择网络。",
        "split": "以受试者（而不是图像）为单位随机划分（随机种子 {seed}），{way}：{test}% 的受试者"
        "进入测试集，其余受试者的 {val}% 进入验证集。",
        "stratified": "按 {width} 岁一段的年龄段分层",
        "test_stratified": "测试集按 {width} 岁一段的年龄段分层，验证集不按年龄分层",
        "val_stratified": "验证集按 {width} 岁一段的年龄段分层，测试集不按年龄分层",
        "unstratified": "不按年龄分层",
        "split_listed": "数据集的划分采用与网络一同保存的名单。",
        "split_none": "未划分数据集：评估了全部图像。",
        "age_range": "年龄不在 {ages} 岁之间的受试者不纳入。",
        "metrics": "误差为预测年龄减真实年龄。报告{names}。",
        "join": "、",
        "and": "{others}和{last}",
        "reported_MAE": "平均绝对误差（MAE）",
        "reported_RMSE": "均方根误差（RMSE）",
        "reported_Bias": "平均误差",
        "reported_Correlation": "Pearson 相关系数 r",
        "reported_CCC": "一致性相关系数（CCC；Lin 1989）",
        "reported_limits": "一致性界限（Bland & Altman 1986）",
        "reported_repeated_limits": "每名受试者有多张图像时的一致性界限（Bland & Altman 2007）",
        "corrected": "预测区间和校正后的年龄",
        "not_corrected": "预测区间",
        "intervals": "95% 置信区间以受试者为单位，因为同一名受试者的图像并不独立（在变换后的尺度上"
        "逐一剔除受试者的刀切法）。",
        "baseline": "基线为一律预测为训练集图像的平均年龄。",
        "energy": "{layer} 处的 Grad-CAM 热图以岁为单位。能量比为肌肉掩膜内偏老证据所占的份额与掩膜"
        "面积份额之比；随机水平为 1。",
        "not_a_sum": "在 {layer} 处，热图的岁数之和不等于预测年龄。",
        "null": "并与同一年龄段（每 10 岁一段）其他受试者的掩膜所得的能量比进行比较。",
        "checks": "在 {images} 张图像上检验了热图是否取决于网络权重（参数随机化），替换热图所示位置"
        "是否改变预测（symmetric relevance gain；Bluecher 等 2024；模糊以及用图像别处填补）、且胜过"
        "图像本身的边缘，以及图像平移一个像素或左右翻转后热图是否保持一致。",
        "checks_before": "在 {images} 张图像上检验了热图是否取决于网络权重（参数随机化），以及模糊"
        "热图所示位置是否改变预测（删除检验）。",
        "transplant": "在 {subjects} 名受试者的 {pairs} 对图像之间互换肌肉掩膜内的内容，由网络读取"
        "每对的两张合成图像。两个预测之差中肌肉的部分为其两次效应的均值（Shapley 1953）；它对真实年"
        "龄之差的斜率给出 20 岁与 80 岁之间的岁数，区间按受试者配对估计（Aronow 等 2015）。",
        "error_sources": "将 {features} 项图像与受试者特征与绝对误差和有符号误差作 Spearman 相关"
        "分析，用样条校正真实年龄，并按 Holm 法对 {tests} 次检验进行校正。",
        "amp": "Grad-CAM 目标层及其之前的各层以 bfloat16 运行。",
        "calibration": "预测区间采用 split conformal 方法，取自验证集的 {subjects} 名受试者。",
        "software": "软件：Python {python}、PyTorch {torch}、torchvision {torchvision}。",
        "left_out": "未纳入分析的图像：{count} 张——{reasons}。",
        "errors": "MAE 为 {MAE}，RMSE 为 {RMSE}，平均误差为 {Bias}。",
        "fits": "Pearson 相关系数 r：{Correlation}；CCC：{CCC}。",
        "by_subject": "每名受试者取各图像预测的均值时，MAE 为 {MAE}。",
        "skill": "一律预测为训练集图像的平均年龄时，MAE 为 {MAE}；相对它的改进"
        "（1 − MAE / 基线 MAE）为 {skill}。",
        "limits": "一致性界限为 {lower} 和 {upper}。",
        "leakage": "数据泄漏检查——{verdict}。",
    },
}
