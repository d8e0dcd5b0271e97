"""Chinese for the messages of stats, by their English templates."""

TEXTS: dict[str, str] = {
    # stats/agreement.py
    "needs two images": "至少需要 2 张图像",
    "needs two subjects, one of them with two images": (
        "至少需要 2 名受试者，且其中 1 名有 2 张图像"
    ),
    "the mean of predicted and true age does not vary": "预测年龄与真实年龄的均值没有变化",
    # stats/bootstrap.py
    "every resample of the subjects gives the same value": "对受试者的每次重抽样均得到相同的值",
    # stats/calibration.py
    "The correction needs no true age at test time. Corrections that use the true age of "
    "the person being tested inflate r up to 1 and must not be reported as accuracy.": (
        "该校正在测试时不需要真实年龄。使用受检者真实年龄的校正会使 r 虚高（最高可至 1），不得"
        "作为准确性报告。"
    ),
    "The validation split also chose the checkpoint: its errors are a little too small, so "
    "the prediction intervals may be a little too narrow.": (
        "检查点也是依据验证集选出的：验证集误差略微偏小，因此预测区间可能略窄。"
    ),
    "needs {needed} validation subjects, has {found}": (
        "至少需要 {needed} 名验证集受试者，现有 {found} 名"
    ),
    "the slope {slope:.3f} is below {least}: too little signal": (
        "斜率 {slope:.3f} 低于 {least}：信号过弱"
    ),
    "the true ages of the validation split do not vary": "验证集受试者的真实年龄没有变化",
    "Subjects in both the validation and the evaluated data: {shared}. They flatter: {what}.": (
        "有 {shared} 名受试者同时出现在验证集和所评估的数据中，以下结果因此过于乐观：{what}。"
    ),
    "coverage": "覆盖率",
    "corrected ages": "校正后的年龄",
    # stats/definitions.py
    "needs three images, and true ages and predictions that vary": (
        "至少需要 3 张图像，且真实年龄和预测年龄均有变化"
    ),
    "needs two images, and true ages or predictions that differ": (
        "至少需要 2 张图像，且真实年龄或预测年龄有差异"
    ),
    "no subject has two values": "没有受试者有 2 个或以上的值",
    "the mean age of the training images is not known": "训练集图像的平均年龄未知",
    "the mean age of the training images is not known, or its error is zero": (
        "训练集图像的平均年龄未知，或以其预测的误差为零"
    ),
    "the true ages and the predictions are one and the same value": (
        "所有真实年龄与预测年龄均为同一个值"
    ),
    "the true ages do not vary": "真实年龄没有变化",
    # stats/blank.py, stats/concentration.py
    "no heatmap holds any evidence": "所有热图都没有证据",
    # stats/error_sources.py
    "no image has it": "没有图像具有该特征",
    "it has the same value in every image that has it": "在所有具有该特征的图像中取值相同",
    "nothing of it, or of the error, is left once true age is taken out": (
        "扣除真实年龄的影响后，该特征或误差已无剩余变化"
    ),
    # stats/focus.py
    "no image has both a mask and a heatmap": "没有同时具备分割掩膜和热图的图像",
    "no two subjects in the same decade of age have a mask and a heatmap": (
        "没有任何两名同一年龄段（每 10 岁一段）的受试者同时具备分割掩膜和热图"
    ),
    "one value only, nothing to correlate": "只有一种取值，无法计算相关",
    # stats/jackknife.py
    "does not exist without one of the subjects ({undefined} of {subjects})": (
        "去掉某一名受试者后该指标不存在（{subjects} 名中有 {undefined} 名如此）"
    ),
    "leaving out any one subject changes nothing, so there is nothing to judge it by": (
        "去掉任何一名受试者结果都不变，无法估计其不确定性"
    ),
    "a map of one cell has none": "只有一格的热图没有这个数",
    "all of them are of one age": "他们年龄都相同",
    "the 95% CI of the years between 20 and 80 holds 0, so there is nothing to share out": (
        "20 岁与 80 岁之间差值的 95% CI 包含 0，因此没有可分配的部分"
    ),
    "no pair of images": "没有成对的图像",
    "fewer than {least} subjects ({found})": "受试者少于 {least} 名（{found} 名）",
    "one of the subjects decides it alone": "该指标仅由某一名受试者决定",
    # stats/limits.py
    "the fitted SD is not above 0 at this age": "在该年龄处，拟合的标准差不大于 0",
    "the true ages hold no two multiples of {years} years": (
        "真实年龄范围内没有两个 {years} 岁的整数倍"
    ),
    # stats/metrics.py
    "a count": "计数，无需区间",
    # stats/paired.py
    "the predictions are the same to {years:g} years": "两者的预测之差均不超过 {years:g} 岁",
}
