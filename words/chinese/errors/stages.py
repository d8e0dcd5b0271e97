"""Chinese for the messages of stages, demo, plots and words, by their English templates."""

TEXTS: dict[str, str] = {
    # stages/common_images.py
    "--compare: {count:,} results, over the limit of {most}; give fewer": (
        "--compare：{count:,} 个结果，超过上限 {most}；请减少结果"
    ),
    "--compare: needs two or more results (folders or predictions.json)": (
        "--compare：需要两个或更多结果（文件夹或 predictions.json）"
    ),
    "--baseline {path}: is the only result": "--baseline {path}：没有可与之比较的其他结果",
    "--compare {path}: is the same file as {other}": "--compare {path}：与 {other} 是同一个文件",
    "--compare {path}: the true age of {count} common images differs from that in {first}, "
    "such as {name}: {age} against {other}; evaluate both with the same workbook": (
        "--compare {path}：有 {count} 张共有图像的真实年龄与 {first} 中的不同，例如 {name}："
        "{age} 与 {other}；请用同一个工作簿评估两者"
    ),
    "--compare {path}: {name} belongs to subject {subject} there and to {other} in another "
    "of the results; evaluate both again": (
        "--compare {path}：{name} 在此处属于受试者 {subject}，在另一个结果中属于 {other}；请重"
        "新评估两者"
    ),
    "--compare: no image is in all results ({first} has {one}, {second} has {other}); "
    "compare runs on the same test images": (
        "--compare：没有为所有结果共有的图像（{first} 中有 {one}，{second} 中有 {other}）；请比"
        "较测试图像相同的运行"
    ),
    "#{run}: {count}": "#{run}：{count}",
    "{value} ({runs})": "{value}（{runs}）",
    "{name} {values}": "{name} {values}",
    # stages/deletion.py, stages/randomisation.py, stages/repeatability.py
    "every map is constant": "所有热图均为常数",
    "no image has two maps, with the trained and with the new weights, that vary and are finite": (
        "没有图像在训练权重和新权重下都有取值有限且不为常数的热图"
    ),
    "{option}: for an altered image the prediction or its map is not finite, or over "
    "{most:,} years; the network cannot be tried so: leave {option} out": (
        "{option}：改动后的图像的预测或热图不是有限值，或超过 {most:,} 岁；该网络无法如此检验："
        "请去掉 {option}"
    ),
    "no image has a mask of at most {percent}% of its area": (
        "没有掩膜面积不超过 {percent}% 的图像"
    ),
    # stages/finished.py
    "holds no numbers of a run": "不含一次评估的数值",
    # stages/folder.py
    "{final}: holds other results ({others}); give another --output-dir": (
        "{final}：其中是其他结果（{others}）；请另给 --output-dir"
    ),
    "{final}: is a file, and the results go into a folder of that name": (
        "{final}：是文件，而结果要写入同名文件夹"
    ),
    "--output-dir {folder}: is a file, not a folder": "--output-dir {folder}：是文件，不是文件夹",
    "{final}: cannot be written: the folder {partial} in which it was made was moved or removed; "
    "start again": "{final}：无法写入：写入所用的文件夹 {partial} 已被移动或删除；请重新运行",
    "{final}: cannot be written ({reason}); nothing was. Is the disk full? Make room, or "
    "give another --output-dir": (
        "{final}：无法写入（{reason}），未写入任何内容。磁盘是否已满？请腾出空间，或另给 "
        "--output-dir"
    ),
    "{final}: is the root of a disk, which no other folder can replace; give a folder on it as "
    "--output-dir": (
        "{final}：是磁盘的根文件夹，不能用其他文件夹替换；请将 --output-dir 指定为其中的文件夹"
    ),
    "{path}: is a link that leads nowhere; remove it, or give another --output-dir": (
        "{path}：是无效的链接；请将其删除，或另给 --output-dir"
    ),
    "{path}: is not a folder, and one of that name is needed for a moment; move it away, or "
    "give another --output-dir": (
        "{path}：不是文件夹，而程序需要临时使用同名文件夹；请将其移走，或另给 --output-dir"
    ),
    "{final}: the results are in place, but their disk does not confirm it ({reason})": (
        "{final}：结果已就位，但所在磁盘未予确认（{reason}）"
    ),
    "{folder}: may not be changed; give another --output-dir": (
        "{folder}：没有修改权限；请另给 --output-dir"
    ),
    "{folder}: holds {name}, which no run wrote; move it away, or give another --output-dir": (
        "{folder}：其中的 {name} 不是本程序写入的；请将其移走，或另给 --output-dir"
    ),
    # stages/lock.py
    "{path}: is not a lock of this program, which needs the name; move it away, or give another "
    "--output-dir": (
        "{path}：不是本程序的锁文件，而程序需要使用此名称；请将其移走，或另给 --output-dir"
    ),
    "{final}: another run is writing to it; {cure}": "{final}：另一次运行正在写入；{cure}",
    "wait for it": "请等待其结束",
    "wait for it or give another --output-dir": "请等待其结束，或另给 --output-dir",
    "if there is none, remove {lock}": "如果没有其他运行，请删除 {lock}",
    # stages/paths.py
    "{option} {path}: is in {folder}, which the results replace; move it, or give another "
    "--output-dir": (
        "{option} {path}：位于 {folder} 之内，而结果将取代该文件夹；请将其移走，或另给一个 "
        "--output-dir"
    ),
    # stages/listed.py
    "the checkpoint's lists do not name it": "检查点的名单中没有它",
    "--checkpoint: its lists of files or subjects name none of the {count} images, such as "
    "{example}; give the images that it was trained on and tested with": (
        "--checkpoint：其文件或受试者名单不含这 {count} 张图像中的任何一张（例如 {example}）；"
        "请给出其训练和测试所用的图像"
    ),
    "--check-split {source}: names none of the images here; it begins with {first}, and "
    "the images with {example}": (
        "--check-split {source}：不含此处的任何图像；名单以 {first} 开头，图像以 {example} 开头"
    ),
    "--check-split {path}: holds neither {first} nor {second}; give a results folder or a "
    "list of file names": (
        "--check-split {path}：其中没有 {first}，也没有 {second}；请给出结果文件夹或文件名单"
    ),
    "--check-split {path}: is of --split {split}, not of a test set": (
        "--check-split {path}：是 --split {split} 的结果，不是测试集的"
    ),
    "--check-split {path}: was replaced while it was read; start again": (
        "--check-split {path}：读取过程中被替换；请重新开始"
    ),
    "--check-split {path}: names no image of a test set": (
        "--check-split {path}：没有测试集的图像"
    ),
    "--check-split {path}: holds {count} names, over the limit of {most}": (
        "--check-split {path}：含有 {count} 个文件名，超过上限 {most}"
    ),
    "--check-split {path}: {reason}; give earlier results, or a list of file names": (
        "--check-split {path}：{reason}；请给出先前的结果，或文件名单"
    ),
    "--check-split {path}: is not a text file; give a results folder, or a text file with "
    "one file name per line": (
        "--check-split {path}：不是文本文件；请给出结果文件夹，或每行一个文件名的文本文件"
    ),
    "--check-split {path}: holds no list filenames": (
        "--check-split {path}：其中没有列表 filenames"
    ),
    "--check-split {path}: has no columns filename and split": (
        "--check-split {path}：没有 filename 列和 split 列"
    ),
    # stages/network.py
    "--device {name}: this machine has none, or PyTorch cannot use it; try --device cpu": (
        "--device {name}：本机没有这种设备，或 PyTorch 无法使用；请改用 --device cpu"
    ),
    "--compile: torch.compile cannot build the network here ({reason}); install a C++ compiler, or "
    "leave --compile out": (
        "--compile：torch.compile 在此无法编译网络（{reason}）；请安装 C++ 编译器，或去掉 --compile"
    ),
    "--cam-layer {name}: {problem}; layer4 is the usual choice": (
        "--cam-layer {name}：{problem}；通常使用 layer4"
    ),
    "--cam-layer {name}: --amp and --compile need a whole stage, one of {stages}": (
        "--cam-layer {name}：使用 --amp 或 --compile 时，目标层须为完整的一级，即 {stages} 之一"
    ),
    # stages/options.py
    "all, none or a whole number of at least 1": "“all”、“none”或不小于 1 的整数",
    "{mode}: takes finished results, and with them {others}, not {option}": (
        "{mode}：只接受已完成的结果，可同时给出 {others}，不能与 {option} 同用"
    ),
    "argument {option}: {given} is not {wanted}; see --help": (
        "参数 {option}：值 {given} 无效，应为{wanted}；参见 --help"
    ),
    "above 0 and at most 100 years": "大于 0 且不超过 100 的年数",
    "a whole number of at least {least}": "不小于 {least} 的整数",
    "a whole number from 1 to {most}": "整数（1 至 {most}）",
    "{options}: missing; give --checkpoint, --image-dir and --excel-path, or try --demo": (
        "缺少 {options}：请给出 --checkpoint、--image-dir 和 --excel-path，或先用 --demo 试用"
    ),
    "--min-age: {min_age:g} is above --max-age {max_age:g}": (
        "--min-age：{min_age:g} 大于 --max-age {max_age:g}"
    ),
    "--checkpoint {path}: no such file": "--checkpoint {path}：没有这个文件",
    "--image-dir {path}: {problem}; give the folder of the images": (
        "--image-dir {path}：{problem}；请给出图像所在的文件夹"
    ),
    "--excel-path {path}: {problem}; give the workbook with the ages": (
        "--excel-path {path}：{problem}；请给出含年龄的工作簿"
    ),
    "is not a folder": "不是文件夹",
    "no such folder": "没有这个文件夹",
    "is not a file": "不是文件",
    "no such file": "没有这个文件",
    "png, pdf, svg, or several of them with commas between": "png、pdf、svg，或用逗号隔开的几种",
    "--demo: makes its own data; leave out {option}": "--demo：会自行生成数据；请去掉 {option}",
    "{option}: changes nothing without {other}; give both, or neither": (
        "{option}：没有 {other} 时不起作用；请同时给出，或都不给"
    ),
    "{option}: needs a split, and --split none makes none; leave one of them out": (
        "{option}：需要划分数据集，而 --split none 不作划分；请去掉其一"
    ),
    "--check-split {path}: no such file or folder; give earlier results, or a list of file names": (
        "--check-split {path}：没有该文件或文件夹；请给出先前的结果，或文件名单"
    ),
    # stages/samples.py
    "--split {split}: no image is in it; {see}": "--split {split}：其中没有图像；{see}",
    "--split: no image of it is left to evaluate": "--split：其中没有可评估的图像",
    "--calibrate: the validation split is empty; {see}": "--calibrate：验证集为空；{see}",
    "see --val-size, or the checkpoint's lists": "请检查 --val-size 或检查点中的名单",
    "--calibrate: the validation split has no image that can be read": (
        "--calibrate：验证集中没有可读取的图像"
    ),
    "--image-dir {folder}: none of {count} images can be read: {why}": (
        "--image-dir {folder}：{count} 张图像均无法读取：{why}"
    ),
    "{checkpoint}: the prediction or its map is not finite, or over {most:,} years, for "
    "{broken} of {count} images, first {example}; the network cannot be evaluated": (
        "{checkpoint}：{count} 张图像中有 {broken} 张的预测值或其热图不是有限数，"
        "或超过 {most:,} 岁，首先是 {example}；无法评估该网络"
    ),
    "; the workbook has labels for {keys}": "；工作簿中有标签的是 {keys}",
    "{faults} of {total} images cannot be used, more than {most:.0%}: {why}{keys}; mend "
    "them, or pass --allow-skipped": (
        "{total} 张图像中有 {faults} 张不可用，超过 {most:.0%}：{why}{keys}；请改正，或加 "
        "--allow-skipped"
    ),
    # stages/processes.py
    "another process of this run has ended; nothing half-written was left": (
        "本次运行的另一个进程已经结束；没有留下写到一半的文件"
    ),
    "WORLD_SIZE: only {count} of {size} processes have come; start all with torchrun, and see "
    "whether one was killed": (
        "WORLD_SIZE：{size} 个进程中只有 {count} 个已启动；请全部用 torchrun 启动，并查看是否有进程"
        "被杀"
    ),
    "WORLD_SIZE: the {size} processes read different things ({names}); start all with the same "
    "options, and while no file is written": (
        "WORLD_SIZE：{size} 个进程读入的内容不同（{names}）；请以相同的选项启动全部进程，"
        "并且启动时不要改写文件"
    ),
    "WORLD_SIZE: the {size} processes cannot be joined ({reason})": (
        "WORLD_SIZE：{size} 个进程无法相互连接（{reason}）"
    ),
    "is not set": "未设置",
    "is {given}, not a whole number from {least} to {most}": (
        "是 {given}，不是 {least} 到 {most} 的整数"
    ),
    "{name}: {problem}; start several processes with torchrun, or unset WORLD_SIZE": (
        "{name}：{problem}；请用 torchrun 启动多个进程，或取消 WORLD_SIZE 的设置"
    ),
    "MASTER_ADDR: {host}, port {port}, cannot be reached ({reason}); start with torchrun": (
        "MASTER_ADDR：无法连接 {host} 的端口 {port}（{reason}）；请用 torchrun 启动"
    ),
    # stages/settings.py
    "--min-age: {min_age:g} is above the greatest age {max_age:g}": (
        "--min-age：{min_age:g} 大于年龄上限 {max_age:g}"
    ),
    # demo/train.py
    "{path}: was not made by the demo, which makes its data anew; move it away": (
        "{path}：不是由演示生成的，而演示要重新生成其数据；请将其移走"
    ),
    "{path}: was not made by the demo, which needs the name; move it away": (
        "{path}：不是由演示生成的，而演示需要使用该名称；请将其移走"
    ),
    "{root}: the demo cannot be made there ({reason})": "{root}：无法在此生成演示（{reason}）",
    # stages/finished.py
    "--report {path}: was replaced while its page was made; start again": (
        "--report {path}：生成网页期间结果已被替换；请重新运行"
    ),
    # plots/placing.py
    "{path}: is not a file, and a file of that name is to be written; move it away": (
        "{path}：不是文件，而程序要写入同名文件；请将其移走"
    ),
    "{path}: is read in this run, and a new file would replace it; move it away": (
        "{path}：本次运行要读取它，而新文件会将其覆盖；请将其移走"
    ),
    "the images were changed or removed during the run": "运行期间图像被更改或移除",
}
