"""Chinese for the messages of the faces and errors.py, by their English templates."""

TEXTS: dict[str, str] = {
    # commands.py
    "{program}: error: {line}": "{program}: 错误：{line}",
    "{path}: {reason}": "{path}：{reason}",
    "input or output": "输入或输出",
    "interrupted; nothing half-written was left": "已中断；没有留下写到一半的文件",
    "interrupted ({signal}); nothing half-written was left": (
        "已中断（{signal}）；没有留下写到一半的文件"
    ),
    "out of memory ({reason}){cure}": "内存不足（{reason}）{cure}",
    "the machine has no more": "本机内存已用完",
    "no thread or process can be started ({reason})": "无法启动线程或进程（{reason}）",
    "this is a fault in the program ({reason}); please report it{file}": (
        "这是程序本身的错误（{reason}）；请报告此问题{file}"
    ),
    " with the file {path}": "，并附上文件 {path}",
    "{stream}: is closed; send it to a file instead": "{stream}：已关闭；请改为输出到文件",
    "the current folder has been removed; change to another one": (
        "当前文件夹已被删除；请切换到另一个文件夹"
    ),
    "a package cannot be imported ({reason}){cure}": "有一个软件包无法导入（{reason}）{cure}",
    "{package} cannot be imported ({reason}){cure}": "无法导入 {package}（{reason}）{cure}",
    "; install what fits: pip install -r requirements.txt": (
        "；请安装合适的版本：pip install -r requirements.txt"
    ),
    "; it has to fit torch: pip install -r requirements.txt for both": (
        "；它须与 torch 版本匹配：请用 pip install -r requirements.txt 重新安装两者"
    ),
    "; where the system has no libGL, use pip uninstall opencv-python && pip install "
    "opencv-python-headless": (
        "；如果系统没有 libGL，请运行 pip uninstall opencv-python && pip install "
        "opencv-python-headless"
    ),
    # errors.py
    "argument {option}: {problem}; see --help": "参数 {option}：{problem}；参见 --help",
    "has an empty value": "值为空",
    "holds a NUL character": "含有 NUL 字符",
    "{a}, {b}": "{a}、{b}",
    "{problem}; see --help": "{problem}；参见 --help",
    "{given}{hint}": "{given}{hint}",
    " (did you mean {known}?)": "（是不是 {known}？）",
    "unrecognized arguments: {arguments}": "无法识别的参数：{arguments}",
    "unrecognized arguments: {arguments}; see --help": "无法识别的参数：{arguments}；参见 --help",
    "the following arguments are required: {arguments}": "缺少必需的参数：{arguments}",
    "argument {option}: expected one argument": "参数 {option}：需要一个值",
    "argument {option}: expected at least one argument": "参数 {option}：至少需要一个值",
    "argument {option}: ignored explicit argument {given}": "参数 {option}：不接受值 {given}",
    "argument {option}: invalid choice: {given}{hint}; choose from {choices}; see --help": (
        "参数 {option}：值 {given} 无效{hint}；可选值：{choices}；参见 --help"
    ),
    # evaluate.py
    "; try a smaller --batch-size": "；请减小 --batch-size",
    "{option}: works in one process; start it without torchrun": (
        "{option}：只用一个进程运行；启动时请勿使用 torchrun"
    ),
    "--demo: trains in one process; start it without torchrun": (
        "--demo：演示只用一个进程训练；启动时请勿使用 torchrun"
    ),
    # gradcam.py
    "{path}: the prediction or its map is not finite": "{path}：预测值或其热图不是有限数",
    "--mask-dir {path}: no such folder": "--mask-dir {path}：没有这个文件夹",
    "layer {name}: the network has none; use one of {known}": (
        "层 {name}：网络中没有这一层；可用：{known}"
    ),
    "--layer {name}: {problem}; layer4 is the usual choice": (
        "--layer {name}：{problem}；通常使用 layer4"
    ),
    "--output-dir {path}: cannot be made ({reason})": "--output-dir {path}：无法创建（{reason}）",
    "target_layer: not reached in the network's forward pass": "网络前向计算不经过该层",
    "target_layer: its output has no influence on the target": "该层的输出对预测没有影响",
    "target_layer: expected an output of shape (N, C, h, w), got {got}": (
        "该层的输出应为 (N, C, h, w)，实为 {got}"
    ),
    # model.py
    "{a}; {b}": "{a}；{b}",
    "{path}: holds a {kind}, not a dictionary of weights": (
        "{path}：其内容是 {kind}，不是存放权重的字典"
    ),
    "{path}: setting min_age is {min_age:g}, above max_age {max_age:g}; give --min-age and "
    "--max-age": (
        "{path}：设置 min_age 为 {min_age:g}，大于 max_age {max_age:g}；请给出 --min-age 和 "
        "--max-age"
    ),
    "{path}: setting {name} is {value}, not {wanted}": (
        "{path}：设置 {name} 为 {value}，应为{wanted}"
    ),
    "{path}: architecture {name} is not supported; known are {known}": (
        "{path}：不支持网络结构 {name}；支持的有 {known}"
    ),
    "{path}: weights do not fit {architecture}: {problems}{hint}": (
        "{path}：权重与 {architecture} 不符：{problems}{hint}"
    ),
    "; they are those of a {name}: store model='{name}' with them": (
        "；这是 {name} 的权重：请在检查点中一并保存 model='{name}'"
    ),
    "{path}: its head has {count} outputs ({name}); an age needs exactly one{hint}": (
        "{path}：其回归头有 {count} 个输出（{name}）；预测年龄只能有一个{hint}"
    ),
    "; it is an ImageNet classifier": "；这是 ImageNet 分类网络",
    "{path}: head layer {name}: no head is that deep": (
        "{path}：回归头的层 {name}：没有这么深的回归头"
    ),
    "{path}: head layer {name} takes {inputs} values, but the layer before it gives {width}": (
        "{path}：回归头的层 {name} 需要 {inputs} 个输入，而前一层给出 {width} 个"
    ),
    # dataset.py
    "nothing": "无",
    "{folder}: none of {count} images has a usable label in {workbook}: {why}; the "
    "workbook has labels for {keys}": (
        "{folder}：{count} 张图像在 {workbook} 中均没有可用的标签：{why}；工作簿中有标签的是 {keys}"
    ),
    "training could have read none of the images: {reason}": (
        "训练时不可能读取到这些图像：{reason}"
    ),
    "{count} ({reason}, such as {example})": "{count} 张（{reason}，例如 {example}）",
    "{listed}, {more}": "{listed}，{more}",
    "its label cannot be used: {reason}": "其标签不可用：{reason}",
    "its label is contradicted: one row says {age:g}, and the last one, which training "
    "took, says {trained:g}": (
        "其标签相互矛盾：一行为 {age:g} 岁，而训练所采用的最后一行为 {trained:g} 岁"
    ),
    "its name is not valid text, or not one line; rename it": (
        "文件名不是有效文本，或不止一行；请重命名"
    ),
    "its name has no subject number, as in anon_123_1.png": (
        "文件名中没有受试者编号（应形如 anon_123_1.png）"
    ),
    "training reads only names that end in .png or .jpg": "训练只读取以 .png 或 .jpg 结尾的文件",
    "no label for the file name {key} in {workbook}": "{workbook} 中没有文件名 {key} 的标签",
    "no label for subject {key} in {workbook}": "{workbook} 中没有受试者 {key} 的标签",
    "age {age:g} is outside {min_age:g} to {max_age:g} years": (
        "年龄 {age:g} 岁不在 {min_age:g} 至 {max_age:g} 岁之间"
    ),
    "--min-age {min_age:g}: is above --max-age {max_age:g}": (
        "--min-age {min_age:g}：大于 --max-age {max_age:g}"
    ),
    "--min-age {min_age:g}, --max-age {max_age:g}: none of {count} images is of a person "
    "of such an age": (
        "--min-age {min_age:g}、--max-age {max_age:g}：{count} 张图像中没有该年龄段的人"
    ),
    "{option} {size:g}: too few subjects to split ({count} left)": (
        "{option} {size:g}：受试者太少（仅剩 {count} 名），无法划分"
    ),
    "subject": "受试者",
    "sex": "性别",
    # plots/style.py
    "the fonts": "字体",
}
