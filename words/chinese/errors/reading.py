"""Chinese for the messages of reading, by their English templates."""

TEXTS: dict[str, str] = {
    # reading/apart.py
    "{path}: takes over {seconds} seconds to read; copy the table to a new workbook": (
        "{path}：读取时间超过 {seconds} 秒；请将表格复制到新的工作簿"
    ),
    "{path}: needs over {most:,} MB of memory to read; copy the table to a new workbook": (
        "{path}：读取所需内存超过 {most:,} MB；请将表格复制到新的工作簿"
    ),
    "{path}: what it says fills over {most:,} MB; copy the table to a new workbook": (
        "{path}：其内容超过 {most:,} MB；请将表格复制到新的工作簿"
    ),
    "{path}: its reader ended without an answer (status {status}); copy the table to a new "
    "workbook": "{path}：读取进程意外终止（状态 {status}）；请将表格复制到新的工作簿",
    # reading/archives.py
    "it has {count:,} parts, over the limit of {most:,}": (
        "含有 {count:,} 个部分，超过上限 {most:,}"
    ),
    "its part {name} stands in it twice": "其中的 {name} 出现两次",
    "it unpacks to {size:,} bytes, over the limit of {most:,}": (
        "解压后有 {size:,} 字节，超过上限 {most:,}"
    ),
    "the checksum of its part {name} fails": "其中的 {name} 校验和不符",
    "its end is missing": "结尾缺失",
    "it has two ends": "有两个结尾",
    "its two end records differ": "两个结尾记录不一致",
    "it is one of several volumes": "是分卷压缩文件的一卷",
    "its table of contents is not where its end says": "目录不在结尾所指的位置",
    "its table of contents is cut short": "目录不完整",
    "its table of contents is damaged": "目录已损坏",
    "its part {name} is encrypted": "其中的 {name} 已加密",
    "its part {name} is packed in an unknown way": "其中的 {name} 采用未知的压缩方法",
    "its part {name} is of two sizes": "其中的 {name} 大小前后不一致",
    "its part {name} is called a folder": "其中的 {name} 被标为文件夹",
    "its part {name} has no size": "其中的 {name} 没有大小",
    "its parts overlap": "各部分相互重叠",
    "its part {name} is cut short": "其中的 {name} 不完整",
    "its part {name} does not fit its table of contents": "其中的 {name} 与目录不符",
    "its part {name} cannot be unpacked": "其中的 {name} 无法解压",
    # reading/blocks.py
    "file name": "文件名",
    "age": "年龄",
    "--cohort {cohort}: {path} is one table without cohorts; leave out --cohort": (
        "--cohort {cohort}：{path} 是不分队列的单一表格；请去掉 --cohort"
    ),
    "{path}: has labels of {names}, and the images are in a folder called {folder}; if they are of "
    "the same people, say so with --cohort {name}": (
        "{path}：只有 {names} 的标签，而图像在名为 {folder} 的文件夹中；若确是同一批受试者，请用 "
        "--cohort {name} 说明"
    ),
    "--cohort {cohort}: no such cohort{hint}; {path} has {names}": (
        "--cohort {cohort}：没有该队列{hint}；{path} 中有 {names}"
    ),
    "--sheet {sheet}: {path} has no such sheet; it has {listed}": (
        "--sheet {sheet}：{path} 中没有该工作表，只有 {listed}"
    ),
    "{path}: several sheets hold labels ({usable}); choose one with --sheet": (
        "{path}：多个工作表含有标签（{usable}）；请用 --sheet 指定其一"
    ),
    "{path}: no age column (age, 年龄) with a subject column (number, id, subject, 编号, "
    "...) or filename column beside it; columns found: {columns}": (
        "{path}：找不到年龄列（age、年龄）及与之同表的受试者列（number、id、subject、编号等）或"
        "文件名列；现有的列：{columns}"
    ),
    "{path}: sheet {title!r}: row {row} is a second header, with the columns in another order; "
    "give each table a sheet of its own, and say which with --sheet": (
        "{path}：工作表 {title!r} 的第 {row} 行是第二个表头，且各列顺序不同；请把每个表格放在单独的"
        "工作表中，并用 --sheet 指定"
    ),
    "{path}: sheet {title!r}: columns {first} and {second} both hold the {role}; rename "
    "one, or write each block's name above its first column": (
        "{path}：工作表 {title!r} 的 {first} 列和 {second} 列都是{role}；请重命名其一，或在每个"
        "区块的首列上方写明区块名称"
    ),
    "{path}: some blocks have file names and some do not; choose one with --cohort ({names})": (
        "{path}：有的区块有文件名，有的没有；请用 --cohort 指定其一（{names}）"
    ),
    "{path}: sheet {title!r} has {count} different sexes, over the limit of {most}, such as "
    "{cell}; rename the column if it holds something else": (
        "{path}：工作表 {title!r} 中有 {count} 种不同的性别，超过上限 {most}，例如 {cell}；"
        "如果该列是其他内容，请更改列名"
    ),
    "{path}: sheet {title!r} has {count} blocks, over the limit of {most}; copy those that are "
    "needed to a new workbook": (
        "{path}：工作表 {title!r} 中有 {count} 个区块，超过上限 {most}；请只将所需的复制到新工作簿"
    ),
    "none": "无",
    "{title}: {names}": "{title}：{names}",
    "{listed}, and {more} more": "{listed}，另有 {more} 个",
    # reading/cells.py
    "an age in years": "以岁为单位的年龄",
    "is empty": "为空",
    "holds the Excel error {error}": "为 Excel 错误值 {error}",
    "holds a date or time ({value}), not {wanted}": "为日期或时间（{value}），不是{wanted}",
    "holds {value!r}, not {wanted}": "为 {value!r}，不是{wanted}",
    "holds {age:g}, which is not an age between 0 and {most} years": (
        "为 {age:g}，不是 0 至 {most} 岁之间的年龄"
    ),
    # reading/checkpoints.py
    "{path}: is no PyTorch checkpoint; give a file written by torch.save": (
        "{path}：不是 PyTorch 检查点；请给出由 torch.save 保存的文件"
    ),
    "{path}: is a TorchScript archive; save the state_dict instead": (
        "{path}：是 TorchScript 文件；请改为保存 state_dict"
    ),
    "{path}: is damaged or no checkpoint ({reason})": "{path}：已损坏或不是检查点（{reason}）",
    "{path}: is damaged or no checkpoint ({kind}: {reason}); copy it again from where it "
    "was trained": ("{path}：已损坏或不是检查点（{kind}: {reason}）；请从训练的机器上重新复制"),
    "{path}: is cut short or damaged ({reason}); copy it again": (
        "{path}：不完整或已损坏（{reason}）；请重新复制"
    ),
    "{path}: its entries are compressed, which torch.save never does; save it again": (
        "{path}：其中的条目经过压缩，而 torch.save 从不压缩；请重新保存"
    ),
    "{path}: is in the format before PyTorch 1.6, which cannot be checked; load it and save it "
    "again, or pass --trust-checkpoint if you know who made it": (
        "{path}：是 PyTorch 1.6 之前的格式，无法检查；请载入后重新保存；如果了解文件的来源，也可加 "
        "--trust-checkpoint"
    ),
    "{path}: holds {name}, which is not plain data; nothing of it was run. Save it again "
    "as a state_dict, or pass --trust-checkpoint if you know who made it": (
        "{path}：含有 {name}，不是单纯的数据；其中的代码均未运行。请重新保存为 state_dict；如果"
        "了解文件的来源，也可加 --trust-checkpoint"
    ),
    "{path}: needs the package safetensors (pip install safetensors)": (
        "{path}：需要安装 safetensors（pip install safetensors）"
    ),
    "its header is missing": "文件头缺失",
    "its header is no JSON, or names a tensor twice": "文件头不是 JSON，或有张量出现两次",
    "a tensor has over {most} axes": "有张量超过 {most} 个维度",
    "{path}: is damaged or no safetensors file ({reason})": (
        "{path}：已损坏或不是 safetensors 文件（{reason}）"
    ),
    # reading/folder.py
    "{folder}: no such folder": "{folder}：没有该文件夹",
    "{folder}: is a file; give the folder of the images": (
        "{folder}：是文件；请给出图像所在的文件夹"
    ),
    "{folder}: cannot be read ({reason})": "{folder}：无法读取（{reason}）",
    "{folder}: no .png, .jpg or .jpeg image in this folder{hint}": (
        "{folder}：该文件夹中没有 .png、.jpg 或 .jpeg 图像{hint}"
    ),
    "; it holds DICOM files: export them as PNG": "；其中有 DICOM 文件，请先导出为 PNG",
    "; it holds the folders {names}: give one of them": "；其中有文件夹 {names}，请给出其中之一",
    # reading/files.py, reading/images.py and reading/stills.py
    "cannot be read ({reason})": "无法读取（{reason}）",
    "changed while it was read": "在读取过程中发生了变化",
    "does not exist": "文件不存在",
    "has {size} bytes, over the limit of {limit}": "文件大小为 {size} 字节，超过上限 {limit}",
    "has {width} x {height} pixels, over the limit of {limit} in all or {side} a side": (
        "图像为 {width} x {height} 像素，超过总数 {limit} 或边长 {side} 的上限"
    ),
    "has {count} scans or more, too many for its size": "扫描数达 {count} 次，对其尺寸而言过多",
    "is a compressed BMP; save it as PNG": "是压缩的 BMP；请另存为 PNG",
    "is cut into more than {limit} pieces": "被分成 {limit} 个以上的数据块",
    "a PNG begins with its header": "PNG 应以文件头开始",
    "no PNG has such a header": "没有这样的 PNG 文件头",
    "its palette is missing or damaged": "调色板缺失或已损坏",
    "it holds no frame": "其中没有图像帧",
    "is a folder, not a file": "是文件夹，不是文件",
    "is a link to a file that does not exist": "是链接，但所指的文件不存在",
    "is cut short or damaged ({detail})": "文件不完整或已损坏（{detail}）",
    "is cut short: its end is missing": "文件不完整：结尾缺失",
    "is damaged: its pixels cannot be decoded": "文件已损坏：无法解码像素",
    "is damaged: the PNG's checksum fails at byte {start}": (
        "文件已损坏：PNG 在第 {start} 字节处校验和不符"
    ),
    "is empty (0 bytes)": "文件为空（0 字节）",
    "is not a PNG, JPEG, GIF or BMP image": "不是 PNG、JPEG、GIF 或 BMP 图像",
    "is not a regular file": "不是普通文件",
    "may not be read (permission denied)": "没有读取权限",
    # reading/labels.py
    "{listed}, ...": "{listed}……",
    "{path}: may not be read; close it in Excel, or check its permissions": (
        "{path}：无权读取；请在 Excel 中关闭它，或检查其权限"
    ),
    # reading/label_rows.py
    "a subject number": "受试者编号",
    "a file name": "文件名",
    "; first {reason}": "；首先是 {reason}",
    "{cell} {reason}": "{cell} {reason}",
    "{path}: sheet {title!r} has over {most:,} labels that cannot be used; first {reason}": (
        "{path}：工作表 {title!r} 有超过 {most:,} 个无法使用的标签；首先是 {reason}"
    ),
    "{path}: sheet {title!r} has no row with a usable age{first}": (
        "{path}：工作表 {title!r} 中没有年龄可用的行{first}"
    ),
    "{path}: {key} stands for two people, {first_cell} ({first}) and {second_cell} ("
    "{second}); say which with --cohort {first} or --cohort {second}": (
        "{path}：{key} 对应两个人，{first_cell}（{first}）和 {second_cell}（{second}）；请用 "
        "--cohort {first} 或 --cohort {second} 指明"
    ),
    "{cell} says {age:g} and {other} says {other_age:g}": (
        "{cell}（{age:g} 岁）与 {other}（{other_age:g} 岁）相互矛盾"
    ),
    "the labels are from the sheet {sheet}, and training reads the first one, {first}": (
        "标签取自工作表 {sheet}，而训练读取的是第一个工作表 {first}"
    ),
    "the labels go by file name, and training reads subject numbers": (
        "标签以文件名为准，而训练读取的是受试者编号"
    ),
    "the labels are of the cohort {names}, and training reads {cohort}": (
        "标签属于队列 {names}，而训练读取的是 {cohort}"
    ),
    "{count} subject numbers are not whole, such as {cell}, and how training read them is "
    "not known": ("{count} 个受试者编号不是整数（例如 {cell}），无法得知训练如何读取"),
    "its label goes by file name, and training reads subject numbers": (
        "其标签以文件名为准，而训练读取的是受试者编号"
    ),
    "its label is of the cohort {cohort}, and training reads {read}": (
        "其标签属于队列 {cohort}，而训练读取的是 {read}"
    ),
    "training reads numbers alone, and {cell} holds {value!r}": (
        "训练只读取纯数字，而 {cell} 为 {value!r}"
    ),
    "training read another number in {cell}": "训练从 {cell} 读出的是另一个编号",
    # reading/masks.py
    "is a picture, not a mask: {percent}% of its pixels are of other grey values than its "
    "three main ones": ("是普通图像，不是分割掩膜：{percent}% 的像素不属于三种主要灰度值"),
    # reading/pickles.py
    "its header has {size:,} bytes, over the limit of {most:,}": (
        "其文件头有 {size:,} 字节，超过上限 {most:,}"
    ),
    "its pickle has {size:,} bytes, over the limit of {most:,}": (
        "其 pickle 为 {size:,} 字节，超过上限 {most:,}"
    ),
    "its pickle has over {most:,} instructions": "其 pickle 的指令超过 {most:,} 条",
    "its pickle holds the instruction {name}, which torch.save never writes": (
        "其 pickle 含有 torch.save 从不写入的指令 {name}"
    ),
    "its pickle makes no sense at byte {place}": "其 pickle 在第 {place} 字节处无法解读",
    "its pickle makes more than {most:,} bytes of itself": ("其 pickle 展开后超过 {most:,} 字节"),
    "its values are nested over {most} deep": "其中的值嵌套超过 {most} 层",
    "its values hold themselves": "其中的值包含自身",
    # reading/plain_data.py
    "a sparse tensor": "稀疏张量",
    "a quantised tensor": "量化张量",
    "a nested tensor": "嵌套张量",
    "a tensor without values": "没有数值的张量",
    # reading/predictions.py
    "holds over {most:,} values": "含有超过 {most:,} 个值",
    "has over {most:,} rows": "超过 {most:,} 行",
    "--compare {path}: was replaced while it was read; start again": (
        "--compare {path}：读取过程中被替换；请重新开始"
    ),
    "--compare {path}: {problem}; give a result folder or its predictions.json": (
        "--compare {path}：{problem}；请给出结果文件夹或其中的 predictions.json"
    ),
    "holds no {name}": "其中没有 {name}",
    "--compare {path}: is not JSON ({error}); evaluate again": (
        "--compare {path}：不是 JSON 文件（{error}）；请重新评估"
    ),
    "the top level": "顶层",
    "it nests too deeply": "嵌套过深",
    "a key appears twice": "同一个键出现两次",
    "--compare {path}: holds {count} names, over the limit of {most}": (
        "--compare {path}：含有 {count} 个文件名，超过上限 {most}"
    ),
    "--compare {path}: subject_ids holds {name}, which is no subject; evaluate again": (
        "--compare {path}：subject_ids 中的 {name} 不是受试者编号；请重新评估"
    ),
    "--compare {path}: {list} holds {name}, which is no text; evaluate again": (
        "--compare {path}：{list} 中的 {name} 不是文本；请重新评估"
    ),
    "--compare {path}: needs the lists {lists}; evaluate again": (
        "--compare {path}：应含有列表 {lists}；请重新评估"
    ),
    "--compare {path}: its lists differ in length ({found}); evaluate again": (
        "--compare {path}：各列表长度不同（{found}）；请重新评估"
    ),
    "--compare {path}: holds no predictions; evaluate again": (
        "--compare {path}：没有预测结果；请重新评估"
    ),
    "--compare {path}: filenames: entry {number} is empty": (
        "--compare {path}：filenames 的第 {number} 项为空"
    ),
    "--compare {path}: {name} appears twice, so its predictions cannot be told apart; "
    "compare results whose file names are unique": (
        "--compare {path}：{name} 出现两次，无法区分其预测结果；请比较文件名不重复的结果"
    ),
    "--compare {path}: {list} holds {value} for {name}, which is not an age in years; "
    "evaluate again": (
        "--compare {path}：{list} 中 {name} 的值 {value} 不是以岁为单位的年龄；请重新评估"
    ),
    # reading/results.py
    "--report {path}: {problem}; give the folder of a finished run": (
        "--report {path}：{problem}；请指定一次已完成评估的结果文件夹"
    ),
    "--report {path}: {name}: {reason}; evaluate again": (
        "--report {path}：{name}：{reason}；请重新评估"
    ),
    "is not JSON": "不是 JSON",
    "is of version {found}, and a page needs version {wanted}": (
        "版本为 {found}，而生成网页需要版本 {wanted}"
    ),
    "has no {part}": "缺少 {part}",
    "holds a text of over {most:,} letters": "含有超过 {most:,} 个字符的文字",
    "holds a number that no run has": "含有任何一次评估都不会产生的数值",
    "has no column {name}": "缺少列 {name}",
    "row {number} is not one of a run": "第 {number} 行不是评估写出的内容",
    "is not a table in UTF-8": "不是 UTF-8 编码的表格",
    "holds no images": "不含任何图像",
    "row {number}: {name} is not one of a run": "第 {number} 行：{name} 不是评估写出的内容",
    "its predictions are not those of {name}": "其中的预测与 {name} 不一致",
    "its {part} are not those of a run": "其中的 {part} 不是评估写出的内容",
    "its pairs are not those of {name}": "其中的配对与 {name} 不一致",
    # reading/settings.py
    "text": "文本",
    "True or False": "True 或 False（真或假）",
    "a list of at most {most:,} names": "至多 {most:,} 个名称的列表",
    "a whole number": "整数",
    "a whole number from 0 to 4294967295": "整数（0 至 4294967295）",
    "a whole number of pixels from 32 to 4096": "整数（32 至 4096，单位像素）",
    "a share between 0 and 1": "比例（大于 0 且小于 1）",
    "0 or a share between 0 and 1": "比例（不小于 0 且小于 1）",
    "0 or a share below 1": "小于 1 的比例（可以为 0）",
    "0.01 years or more": "年数（不小于 0.01）",
    "an age of 0 years or more": "年龄（不小于 0 岁）",
    "a number of years": "年数",
    "{option} {value}: is not {wanted}": "{option} {value}：不是{wanted}",
    # reading/tensors.py
    "its byte order is unknown": "字节序未知",
    "its record {key} is claimed in two ways": "其中的记录 {key} 有两种互相矛盾的说明",
    "its record {key} is not of the size claimed": "其中的记录 {key} 与所声称的大小不符",
    "its record {key} is of unknown byte order": "其中的记录 {key} 字节序未知",
    "a tensor in it is larger than its record": "其中有张量大于其记录",
    # reading/weights.py
    "{path}: weight {name} {problem}": "{path}：权重 {name} {problem}",
    "is a {kind}, not a tensor": "的类型是 {kind}，不是张量",
    "stands in it twice; save it again": "出现两次；请重新保存",
    "is sparse or without values; save it as a plain tensor": (
        "是稀疏张量或没有数值；请保存为普通张量"
    ),
    "claims more values than a network has ({most:,})": (
        "所声称的数值个数超过网络可能的上限（{most:,}）"
    ),
    "has NaN or infinite values; the training diverged, take an earlier checkpoint": (
        "含有 NaN 或无穷大；训练已发散，请使用更早的检查点"
    ),
    "holds {dtype}, not floating-point numbers": "的类型是 {dtype}，不是浮点数",
    "{path}: holds no weights; looked for {keys} or a bare state dict and found {found}": (
        "{path}：没有权重；应有 {keys} 或直接是 state dict，实际含有：{found}"
    ),
    "{path}: is a late-fusion checkpoint ({names}), which takes more than the image; only "
    "image networks can be evaluated": (
        "{path}：是后期融合网络的检查点（{names}），输入不止图像；只能评估仅以图像为输入的网络"
    ),
    "{count} of {total} missing ({names})": "缺少 {count} 个（共 {total} 个：{names}）",
    "{count} unexpected ({names})": "多出 {count} 个（{names}）",
    "{count} of another shape ({names})": "形状不同的有 {count} 个（{names}）",
    # reading/xlsx.py
    "{path}: {cell} holds a formula without a computed value; open the workbook in Excel and "
    "save it": ("{path}：{cell} 的公式没有存储计算结果；请用 Excel 打开工作簿并保存"),
    "its part {name} is not in UTF-8": "其中的 {name} 不是 UTF-8 编码",
    "its part {name} declares a document type": "其中的 {name} 声明了文档类型（DOCTYPE）",
    "sheet {title!r} claims over {most:,} rows": "工作表 {title!r} 的行号超过 {most:,}",
    "its rows are over {most:,} cells long in all": "各行合计超过 {most:,} 个单元格",
    "{path}: is damaged or not a workbook ({detail}); save it again as .xlsx": (
        "{path}：已损坏或不是工作簿（{detail}）；请重新另存为 .xlsx"
    ),
    "{path}: is protected by a password; save it without one": (
        "{path}：设有密码；请取消密码后保存"
    ),
    "{path}: is in the old .xls format; save it as .xlsx": (
        "{path}：为旧的 .xls 格式；请另存为 .xlsx"
    ),
    "{path}: has no sheet that can be read; save it as .xlsx, not as Strict Open XML": (
        "{path}：没有可读取的工作表；请另存为普通的 .xlsx，而不是 Strict Open XML"
    ),
    "{path}: is in the binary .xlsb format; save it as .xlsx": (
        "{path}：为二进制 .xlsb 格式；请另存为 .xlsx"
    ),
    "is text (CSV?), not a workbook": "是文本（CSV？），不是工作簿",
    "is not an Excel workbook": "不是 Excel 工作簿",
    "{path}: {kind}; open it in Excel and save it as .xlsx": (
        "{path}：{kind}；请用 Excel 打开并另存为 .xlsx"
    ),
    "{path}: unpacks to {size:,.0f} MB, over the limit of {most} MB; copy the table to a "
    "new workbook": ("{path}：解压后有 {size:,.0f} MB，超过上限 {most} MB；请将表格复制到新工作簿"),
    "it has over {most:,} sheets": "其中的工作表超过 {most:,} 个",
    "two of its sheets are one part": "其中的两个工作表指向同一部分",
    "its sheet {title!r} is in no part of its own": "其工作表 {title!r} 没有对应的部分",
    "sheet {title!r}: {reason}": "工作表 {title!r}：{reason}",
    "{path}: is too large ({detail}); copy the table to a new workbook": (
        "{path}：过大（{detail}）；请将表格复制到新的工作簿"
    ),
}
