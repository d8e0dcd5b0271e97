"""What several test files use, besides the fixtures of conftest.py."""

import re
import zipfile

import openpyxl
import torch
from sklearn.model_selection import train_test_split
from torch import nn

from model import AgeRegressor
from stages.write import RESULT_FILES

# The modules at the top of the repository.
FACES = (
    *("evaluate.py", "gradcam.py", "gradcam_options.py", "model.py", "dataset.py"),
    *("commands.py", "packages.py", "errors.py"),
)
SIZE = 65  # of the images that the network of `data` reads
# Without what --cam-check adds, and --calibrate with nine or more validation subjects.
FILES = {name for name in RESULT_FILES if not name.endswith((".pdf", ".svg"))}
FILES -= {"gradcam_check.png", "calibration.png", "transplant.png", "transplant_pairs.csv"}


def contracted_test_set(data):
    """The split by hand, from the file names and the workbook's Healthy block."""
    sheet = openpyxl.load_workbook(data.workbook).active
    rows = list(sheet.iter_rows(min_row=3, max_col=2, values_only=True))
    ages = {str(number): age for number, age in rows if number is not None}
    names = sorted(path.name for path in data.images.iterdir())
    subjects = list(dict.fromkeys(name.split("_")[1] for name in names))
    lower = [int(ages[subject] // 30) * 30 for subject in subjects]
    bins = [f"{low}-{low + 30}" for low in lower]
    _, test = train_test_split(subjects, test_size=0.15, random_state=42, stratify=bins)
    chosen = [name for subject in test for name in names if name.split("_")[1] == subject]
    return chosen, [ages[name.split("_")[1]] for name in chosen]


def edit(path, change):
    """Rewrite the members of a workbook: change(name, bytes) -> bytes."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, change(name, data))
    return path


def in_sheet(pattern, new):
    return lambda name, data: re.sub(pattern, new, data) if "sheet1" in name else data


def is_chinese(line):
    """Whether a line is Chinese, or a row of numbers; a "p" may stand before one."""
    rest = line.replace("CCC", "")  # a metric without a Chinese name
    return re.search("[\u4e00-\u9fff]", rest) or not re.search("[A-Za-z]{2}", rest)


def foreign_lines(text):
    return [line for line in text.splitlines() if not is_chinese(line)]


def small_network(seed=0, architecture="resnet18"):
    torch.manual_seed(seed)
    model = AgeRegressor(architecture).eval()
    for module in model.modules():  # trained-like statistics, so that no layer is trivial
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model
