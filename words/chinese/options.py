"""What `--help` says, in Chinese; the same keys as in `words.english.options`.

The help of each option stands under the option; `usage` is 6 columns wide.
"""

TEXTS: dict[str, dict[str, str]] = {
    "options": {
        "usage": "用法：",
        "description": "评估从超声图像读取年龄的网络（在训练时留出的测试集上）：网页、各项指标、"
        "图、误差列表和热图。",
        "epilog": "首次试用，只需本仓库：\n"
        "  python evaluate.py --demo\n"
        "比较多次运行：\n"
        "  python evaluate.py --compare evaluation_results/A evaluation_results/B",
        "setting": "（默认取自检查点，检查点中没有时为 {}）",
        "options": "选项",
        "usage_common": "--checkpoint FILE --image-dir DIR --excel-path FILE [选项]",
        "--help": "显示常用选项",
        "--help-all": "显示全部选项",
        "inputs": "评估对象",
        "--checkpoint": "训练好的网络（.pth、.safetensors）",
        "--image-dir": "图像文件夹（anon_<受试者>_<序号>.png）",
        "--excel-path": "含年龄的工作簿（.xlsx）",
        "--mask-dir": "分割掩膜文件夹（默认：与 Images 并列的 Masks）",
        "--cohort": "工作簿中的数据块，例如 Healthy（默认：由图像文件夹的路径判断）",
        "--sheet": "工作簿中的工作表（默认：含年龄的那一张）",
        "--trust-checkpoint": "允许运行检查点文件中的代码：只用于来源可靠的文件",
        "--allow-skipped": "即使超过 20%% 的图像不可用，也继续评估",
        "--demo": "用合成图像训练网络约一分钟，然后评估",
        "split": "数据划分",
        "split_note": "改变划分的选项可能使训练图像进入测试集。",
        "--split": "评估哪些图像（默认：test）；none：全部，不划分",
        "--check-split": "已有结果或文件名清单，测试集须与之完全一致",
        "--no-stratify": "划分时不按年龄分层",
        "running": "运行",
        "--device": "计算设备（默认：auto，有 GPU 时使用 GPU）",
        "--batch-size": "批大小（默认：CPU 为 8，CUDA 为 128，MPS 为 32）",
        "--num-workers": "解码图像的线程数（默认：每个核心一个，最多 16 个）",
        "--amp": "到目标层为止用 bfloat16 计算",
        "--compile": "先编译网络：在 CPU 上，约 2,000 张图像以上才划算",
        "gradcam": "Grad-CAM 热图",
        "--cam-layer": "目标层，例如 layer3 或 layer4[-1].conv2（默认：layer4）",
        "--cam-sign": "单张图像的图中显示哪种证据：older 偏老，younger 偏年轻，both 两者"
        "（默认：older，即经典 Grad-CAM）",
        "--cam-samples": "缩略图总览中误差最小和最大的图像各多少张（默认：8）",
        "--cam-check": "检验热图是否取决于网络权重，以及热图所示的位置是否影响预测",
        "--cam-check-samples": "上述检验所用的图像数（默认：64）",
        "--transplant": "在不同受试者之间交换肌肉：有多少岁的预测随肌肉而走？",
        "--transplant-donors": "上述交换中每张图像的配对数（默认：4）",
        "--transplant-samples": "参与交换的图像数上限（默认：200）",
        "reports": "数值与报告",
        "--output-dir": "结果写入 DIR/<run>/（默认：evaluation_results）",
        "--top-n": "每个误差列表中的图像数（默认：50）",
        "--lang": "输出语言：en 英文，zh 中文（默认：auto，随系统）",
        "--quiet": "只显示警告和结果的位置",
        "--full": "另加 --calibrate、--cam-check、--check-near-duplicates、--transplant",
        "--figure-format": "png、pdf、svg，或用逗号隔开的几种（默认：png）",
        "--calibrate": "同时运行验证集，据此校正年龄偏差并给出预测区间",
        "--check-near-duplicates": "同时查找不同数据集之间几乎相同的图像",
        "--record-paths": "在结果中记录给出的完整路径，而不仅是其末尾部分",
        "--baseline": "与 --compare 合用：只将其余结果与该结果比较",
        "--margin": "与 --compare 合用：MAE 之差的置信区间整个落在该值以内才算等效（默认：0.5）",
        "--report": "由已有结果重新生成 report.html",
        "--report-images": "report.html 中的图像：all、none，或误差最大的 N 张与"
        "最小的 N/4 张（默认：200 张与 50 张）",
        "--compare": "比较已有结果（或其 predictions.json）",
    },
    "gradcam_options": {
        "usage": "用法：",
        "description": "预测单张超声图像的年龄，并显示其依据。",
        "arguments": "参数",
        "images": "图像文件；不需要工作簿",
        "options": "选项",
        "--help": "显示本帮助并退出",
        "--checkpoint": "训练好的网络（.pth、.safetensors）",
        "--mask-dir": "分割掩膜文件夹（默认：与 Images 并列的 Masks）",
        "--layer": "目标层，例如 layer3 或 layer4[-1].conv2（默认：layer4）",
        "--sign": "显示哪种证据：older 偏老，younger 偏年轻，both 两者（默认：older，"
        "即经典 Grad-CAM）",
        "--output-dir": "图保存的位置（默认：evaluation_results/gradcam）",
        "--lang": "输出语言：en 英文，zh 中文（默认：auto，随系统）",
        "--trust-checkpoint": "允许运行检查点文件中的代码：只用于来源可靠的文件",
    },
}
