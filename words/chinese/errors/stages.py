"""Chinese for the messages of stages, demo, plots and words, by their English templates."""

TEXTS: dict[str, str] = {
    # stages/common_images.py
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
    # stages/faithfulness.py
    "every map is constant with the new weights": "换成新权重后所有热图均为常数",
    "no image has a mask of at most {percent}% of its area": (
        "没有掩膜面积不超过 {percent}% 的图像"
    ),
    # stages/folder.py
    "{final}: holds other results ({others}); give another --output-dir": (
        "{final}：其中是其他结果（{others}）；请另给 --output-dir"
    ),
    "{final}: is a file, and the results go into a folder of that name": (
        "{final}：是文件，而结果要写入同名文件夹"
    ),
    "--output-dir {folder}: is a file, not a folder": "--output-dir {folder}：是文件，不是文件夹",
    "{final}: cannot be written ({reason}); nothing was. Is the disk full? Make room, or "
    "give another --output-dir": (
        "{final}：无法写入（{reason}），未写入任何内容。磁盘是否已满？请腾出空间，或另给 "
        "--output-dir"
    ),
    "{final}: another run is writing to it; wait for it or give another --output-dir": (
        "{final}：另一次运行正在写入；请等待其结束，或另给 --output-dir"
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
    "--check-split {path}: names no image of a test set": (
        "--check-split {path}：没有测试集的图像"
    ),
    "--check-split {path}: cannot be read ({reason})": (
        "--check-split {path}：无法读取（{reason}）"
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
    "--cam-layer {name}: {problem}; layer4 is the usual choice": (
        "--cam-layer {name}：{problem}；通常使用 layer4"
    ),
    "--cam-layer {name}: --amp and --compile need a whole stage, one of {stages}": (
        "--cam-layer {name}：使用 --amp 或 --compile 时，目标层须为完整的一级，即 {stages} 之一"
    ),
    # stages/options.py
    "argument {option}: {given} is not {wanted}; see --help": (
        "参数 {option}：值 {given} 无效，应为{wanted}；参见 --help"
    ),
    "a number of years above 0": "大于 0 的年数",
    "a whole number of at least 1": "不小于 1 的整数",
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
    "--compare: takes result folders alone, not {option}": (
        "--compare：只接受结果文件夹，不能与 {option} 同用"
    ),
    "--demo: makes its own data; leave out {option}": "--demo：会自行生成数据；请去掉 {option}",
    "--baseline: goes with --compare; give the other results there": (
        "--baseline：须与 --compare 一同使用；请在 --compare 中给出其他结果"
    ),
    "{option}: needs a split, and --split none makes none; leave one of them out": (
        "{option}：需要划分数据集，而 --split none 不作划分；请去掉其一"
    ),
    "--check-split {path}: no such file or folder; give earlier results, or a list of file names": (
        "--check-split {path}：没有该文件或文件夹；请给出先前的结果，或文件名单"
    ),
    # stages/samples.py
    "--split {split}: no image is in it; see --test-size and --val-size": (
        "--split {split}：其中没有图像；请检查 --test-size 和 --val-size"
    ),
    "--split: no image of it is left to evaluate": "--split：其中没有可评估的图像",
    "--calibrate: the validation split is empty; see --val-size": (
        "--calibrate：验证集为空；请检查 --val-size"
    ),
    "--calibrate: the validation split has no image that can be read": (
        "--calibrate：验证集中没有可读取的图像"
    ),
    "--image-dir {folder}: none of {count} images can be read: {why}": (
        "--image-dir {folder}：{count} 张图像均无法读取：{why}"
    ),
    "{checkpoint}: the prediction or its map is not finite for {broken} of {count} images, "
    "first {example}; the network cannot be evaluated": (
        "{checkpoint}：{count} 张图像中有 {broken} 张的预测值或其热图不是有限数，首先是 "
        "{example}；无法评估该网络"
    ),
    "; the workbook has labels for {keys}": "；工作簿中有标签的是 {keys}",
    "{faults} of {total} images cannot be used, more than {most:.0%}: {why}{keys}; mend "
    "them, or pass --allow-skipped": (
        "{total} 张图像中有 {faults} 张不可用，超过 {most:.0%}：{why}{keys}；请改正，或加 "
        "--allow-skipped"
    ),
    # stages/settings.py
    "--min-age: {min_age:g} is above the greatest age {max_age:g}": (
        "--min-age：{min_age:g} 大于年龄上限 {max_age:g}"
    ),
    # demo/train.py
    "{root}: the demo cannot be made there ({reason})": "{root}：无法在此生成演示（{reason}）",
}
