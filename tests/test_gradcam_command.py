"""The figure of one image, and the command that writes it for several."""

import os
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
import torchvision
from matplotlib.colors import to_hex
from PIL import Image
from torch import nn

import gradcam
from errors import InputError
from plots.placing import figure_names
from plots.samples import BAD, GOOD
from reading.images import decode
from tests.common import small_network
from words.catalogue import texts
from words.tables import display_width

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One checkpoint and three images, two of them with a mask, in the real layout."""
    root = tmp_path_factory.mktemp("own")
    rng = np.random.default_rng(0)
    for name in ("Images", "Masks"):
        (root / name).mkdir()
    for number in (1, 2, 3):
        pixels = rng.integers(0, 256, (60, 80), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "Images" / f"anon_{number}_1.png")
    for number in (1, 2):
        mask = np.zeros((60, 80), np.uint8)
        mask[20:40, 20:60] = 1
        Image.fromarray(mask).save(root / "Masks" / f"anon_{number}_1.png")
    model = small_network(8)
    with torch.no_grad():
        model.backbone.fc[-1].bias.fill_(50.0)
    settings = {"model": "resnet18", "image_size": 64}
    torch.save({"model_state_dict": model.state_dict(), "args": settings}, root / "best_model.pth")
    return root


def plain_prediction(model, path, size=64):
    transform = torchvision.transforms.Compose(
        [
            torchvision.transforms.Resize((size, size)),
            torchvision.transforms.ToTensor(),
            torchvision.transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    with torch.no_grad():
        return float(model(transform(Image.open(path).convert("RGB"))[None])[0])


def texts_of(figure):
    found = [text.get_text() for text in figure.texts]
    for ax in figure.axes:
        found += [ax.get_title("left"), ax.get_xlabel(), *(t.get_text() for t in ax.texts)]
    return "\n".join(found)


def test_visualization(folder, tmp_path):
    model = small_network(8)
    path, mask = folder / "Images/anon_1_1.png", folder / "Masks/anon_1_1.png"
    before = dict(matplotlib.rcParams)
    figure = gradcam.generate_gradcam_visualization(
        model, path, mask, 47.0, 51.99, "cpu", output_path=tmp_path / "f.png", image_size=64
    )
    assert dict(matplotlib.rcParams) == before
    found = texts_of(figure)
    for text in ("anon_1_1.png", "47.0", "52.0", "4.99", "mask", "evidence for older"):
        assert text in found
    assert [to_hex(ax._left_title.get_color()).upper() for ax in figure.axes[:3]] == [GOOD] * 3
    with Image.open(tmp_path / "f.png") as saved:
        assert round(saved.info["dpi"][0]) == 300
        assert saved.width == int(180 / 25.4 * 300)
    shown = figure.axes[0].images[0].get_array()  # the mask in red on the picture itself
    pixels = np.asarray(Image.open(path))
    assert shown.shape == (60, 80, 3) and shown[0, 0].tolist() == [pixels[0, 0]] * 3
    red = np.rint(0.7 * pixels[30, 30] + 0.3 * np.array([255, 0, 0]))
    assert shown[30, 30].tolist() == red.tolist()


@pytest.mark.parametrize(("pred", "colour"), [(54.99, GOOD), (55.0, BAD), (44.9, BAD)])
def test_titles_are_green_below_five_years(folder, pred, colour):
    figure = gradcam.generate_gradcam_visualization(
        nn.Identity(),
        folder / "Images/anon_3_1.png",
        None,
        50.0,
        pred,
        "cpu",
        signed_map=np.ones((2, 2), np.float32),
    )
    assert to_hex(figure.axes[0]._left_title.get_color()).upper() == colour
    assert "there is no mask" in texts_of(figure)


def test_visualization_computes_what_is_not_given(folder):
    model, path = small_network(8), folder / "Images/anon_3_1.png"
    figure = gradcam.generate_gradcam_visualization(
        model, path, None, None, None, "cpu", image_size=64, target_layer=model.backbone.layer3
    )
    assert f"Predicted age {plain_prediction(model, path):.1f} years" in texts_of(figure)
    assert "4 × 4" in texts_of(figure)  # layer3 of 64 pixels


def test_both_signs_share_a_scale_centred_at_zero(folder):
    signed = np.array([[-3.0, 0.0], [0.0, 1.0]], np.float32)
    figure = gradcam.generate_gradcam_visualization(
        nn.Identity(),
        folder / "Images/anon_3_1.png",
        None,
        50.0,
        50.0,
        "cpu",
        signed_map=signed,
        sign="both",
    )
    assert figure.axes[3].get_xlim() == (-3.0, 3.0)
    assert "years per cell" in figure.axes[3].get_xlabel()
    alone = figure.axes[2].images[0].get_array()
    table = (matplotlib.colormaps["RdBu_r"]([0.0, 2 / 3])[:, :3] * 255).round()
    assert alone[0, 0].tolist() == table[0].tolist()  # -3: the blue end
    assert np.abs(alone[-1, -1] - table[1]).max() <= 3  # +1 of 3: (1 + 1/3) / 2 = 2/3 of the way
    with pytest.raises(ValueError, match=r"sign: .*'up'"):
        gradcam.generate_gradcam_visualization(
            nn.Identity(),
            folder / "Images/anon_3_1.png",
            None,
            50.0,
            50.0,
            "cpu",
            signed_map=signed,
            sign="up",
        )
    for ages in ((float("nan"), 50.0), (50.0, float("inf"))):
        with pytest.raises(ValueError, match="_age: expected a finite number of years or None"):
            gradcam.generate_gradcam_visualization(
                nn.Identity(), folder / "Images/anon_3_1.png", None, *ages, "cpu", signed_map=signed
            )


@pytest.mark.parametrize(
    ("sign", "value"), [("older", -1.0), ("younger", 1.0), ("both", 0.0), ("older", 0.0)]
)
def test_empty_map_is_called_empty(folder, sign, value):
    figure = gradcam.generate_gradcam_visualization(
        nn.Identity(),
        folder / "Images/anon_3_1.png",
        None,
        50.0,
        50.0,
        "cpu",
        signed_map=np.full((2, 2), value, np.float32),
        sign=sign,
    )
    assert texts_of(figure).count("Empty map") == 2


def test_command(folder, tmp_path, capsys):
    paths = [folder / "Images" / f"anon_{n}_1.png" for n in (1, 3)]
    out = tmp_path / "new" / "figures"
    status = gradcam.main(
        [
            "--checkpoint",
            str(folder / "best_model.pth"),
            *map(str, paths),
            "--output-dir",
            str(out),
            "--layer",
            "layer3",
            "--sign",
            "both",
            "--lang",
            "en",
        ]
    )
    printed = capsys.readouterr()
    assert status == 0
    (warning,) = printed.err.splitlines()
    assert "at layer3 the years of a map do not add up to the predicted age" in warning
    assert all("the map does not add up to it" in line for line in printed.out.splitlines())
    model = small_network(8)
    with torch.no_grad():
        model.backbone.fc[-1].bias.fill_(50.0)
    for line, path in zip(printed.out.splitlines(), paths, strict=True):
        assert f"{path}: predicted age {plain_prediction(model, path):.1f} years" in line
    assert sorted(p.name for p in out.iterdir()) == [f"anon_{n}_1_gradcam.png" for n in (1, 3)]


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["x/anon_6_2.png"], ["anon_6_2"]),
        (["a.png", "a.jpg", "b/a.png", "b.png"], ["a", "a_2", "a_3", "b"]),
        (["a.png", "a.jpg", "a_2.png"], ["a", "a_2", "a_2_2"]),
        (["a_2.png", "a.png", "a.jpg"], ["a_2", "a", "a_3"]),
        (["A.png", "a.png"], ["A", "a_2"]),  # one file on Windows and macOS
        (["a.png", "A.png"], ["a", "A_2"]),
        (["a.b.png", "名.jpeg"], ["a.b", "名"]),
    ],
)
def test_no_figure_overwrites_another(paths, names):
    found = figure_names([Path(path) for path in paths])
    assert found == [f"{name}_gradcam.png" for name in names]


@pytest.fixture
def decoded(monkeypatch):
    """Name of every picture and mask that is decoded, in order."""
    names = []

    def counted(content):
        names.append(f"{content.path.parent.name}/{content.path.name}")
        return decode(content)

    monkeypatch.setattr("reading.images.decode", counted)
    monkeypatch.setattr("reading.masks.decode", counted)
    return names


def test_command_decodes_each_picture_and_each_mask_once(folder, tmp_path, decoded, capsys):
    paths = [folder / "Images" / f"anon_{n}_1.png" for n in (1, 2, 3)]
    arguments = ["--checkpoint", folder / "best_model.pth", *paths, "--output-dir", tmp_path]
    assert gradcam.main([*map(str, arguments), "--lang", "en"]) == 0
    assert decoded == [  # anon_3_1.png has no mask
        "Images/anon_1_1.png",
        "Masks/anon_1_1.png",
        "Images/anon_2_1.png",
        "Masks/anon_2_1.png",
        "Images/anon_3_1.png",
    ]
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_visualization_decodes_the_picture_once(folder, decoded):
    path, mask = folder / "Images/anon_1_1.png", folder / "Masks/anon_1_1.png"
    gradcam.generate_gradcam_visualization(
        small_network(8), path, mask, None, None, "cpu", image_size=64
    )
    assert decoded == ["Images/anon_1_1.png", "Masks/anon_1_1.png"]


@pytest.mark.parametrize("synthetic", [True, False])
def test_command_stamps_the_pictures_of_a_synthetic_checkpoint(
    folder, tmp_path, monkeypatch, capsys, synthetic
):
    content = torch.load(folder / "best_model.pth", weights_only=True)
    checkpoint = tmp_path / "best_model.pth"
    torch.save(content | {"synthetic": synthetic}, checkpoint)
    drawn = []
    monkeypatch.setattr(gradcam, "place_figure", lambda figure, path: drawn.append(figure))
    path = folder / "Images/anon_3_1.png"
    arguments = ["--checkpoint", checkpoint, path, "--output-dir", tmp_path, "--lang", "en"]
    assert gradcam.main([*map(str, arguments)]) == 0
    (figure,) = drawn
    assert ("SYNTHETIC DATA (demo)" in texts_of(figure)) is synthetic


def test_command_without_a_chinese_font_stamps_in_english(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("plots.fonts.cjk_family", lambda: None)
    content = torch.load(folder / "best_model.pth", weights_only=True)
    torch.save(content | {"synthetic": True}, tmp_path / "best_model.pth")
    drawn = []
    monkeypatch.setattr(gradcam, "place_figure", lambda figure, path: drawn.append(figure))
    files = ["--checkpoint", tmp_path / "best_model.pth", folder / "Images/anon_3_1.png"]
    arguments = [*map(str, files), "--output-dir", str(tmp_path), "--lang", "zh"]
    assert gradcam.main(arguments) == 0
    assert "SYNTHETIC DATA (demo)" in texts_of(drawn[0])
    assert "合成数据" not in texts_of(drawn[0])
    printed = capsys.readouterr()
    assert printed.err.count("警告：") == 1
    assert "预测年龄" in printed.out  # a terminal has its own fonts


def test_command_warns_of_an_image_size_that_nothing_says(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gradcam, "place_figure", lambda figure, path: None)
    content = torch.load(folder / "best_model.pth", weights_only=True)
    for place in (content, content.get("args", {})):
        place.pop("image_size", None)
    torch.save(content, tmp_path / "best_model.pth")
    files = ["--checkpoint", tmp_path / "best_model.pth", folder / "Images/anon_3_1.png"]
    assert gradcam.main([*map(str, files), "--output-dir", str(tmp_path), "--lang", "en"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("WARNING: the checkpoint does not hold image_size; 224 pixels are used")


def test_command_says_in_one_line_that_memory_ran_out(folder, tmp_path, monkeypatch, capsys):
    def fail(*_):
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 2 GB")

    monkeypatch.setattr(gradcam, "signed_maps", fail)
    files = ["--checkpoint", folder / "best_model.pth", folder / "Images/anon_3_1.png"]
    assert gradcam.main([*map(str, files), "--output-dir", str(tmp_path)]) == 2
    assert capsys.readouterr().err == ("gradcam.py: error: out of memory (CUDA out of memory.)\n")


def test_command_names_every_image_that_fails_and_does_the_others(folder, tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"no image")
    good = folder / "Images/anon_1_1.png"
    status = gradcam.main(
        [
            "--checkpoint",
            str(folder / "best_model.pth"),
            str(tmp_path / "broken.png"),
            str(good),
            str(tmp_path / "absent.png"),
            str(good),
            "--output-dir",
            str(tmp_path / "out"),
        ]
    )
    lines = capsys.readouterr().err.splitlines()
    assert status == 2 and len(lines) == 2
    assert all(line.startswith("gradcam.py: error: ") for line in lines)
    assert "broken.png" in lines[0] and "absent.png" in lines[1]
    assert len(list((tmp_path / "out").iterdir())) == 2  # the same image twice: two files


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders")
def test_command_refuses_a_prediction_that_is_not_finite(folder, tmp_path, capsys):
    content = torch.load(folder / "best_model.pth", weights_only=True)
    content["model_state_dict"]["backbone.bn1.running_var"].fill_(-1)
    torch.save(content, tmp_path / "c.pth")
    image = folder / "Images" / "anon_1_1.png"
    arguments = [str(image), "--checkpoint", str(tmp_path / "c.pth"), "--lang", "en"]
    assert gradcam.main([*arguments, "--output-dir", str(tmp_path / "out")]) == 2
    message = f"gradcam.py: error: {image}: the prediction or its map is not finite\n"
    assert capsys.readouterr() == ("", message)
    assert list((tmp_path / "out").iterdir()) == []


def test_command_meets_what_is_no_figure_at_the_start(folder, tmp_path, monkeypatch, capsys):
    """And nothing is written through a link."""
    monkeypatch.setattr(gradcam, "_explain_image", lambda *_: pytest.fail("began"))
    os.mkfifo(tmp_path / "anon_1_1_gradcam.png")
    files = ["--checkpoint", folder / "best_model.pth", folder / "Images/anon_1_1.png"]
    assert gradcam.main([*map(str, files), "--output-dir", str(tmp_path)]) == 2
    assert "anon_1_1_gradcam.png: is not a file, and a file" in capsys.readouterr().err
    assert [path.is_fifo() for path in tmp_path.iterdir()] == [True]


@pytest.mark.parametrize("mask", [False, True])
def test_command_replaces_no_input(folder, tmp_path, monkeypatch, capsys, mask):
    """Such as the figure of an earlier run, or the mask of an image with such a name."""
    monkeypatch.setattr(gradcam, "_explain_image", lambda *_: pytest.fail("began"))
    image, second = tmp_path / "a.png", tmp_path / "images" / "a_gradcam.png"
    second.parent.mkdir()
    read = tmp_path / "a_gradcam.png"
    for path in (image, second, read):
        path.write_bytes((folder / "Images/anon_1_1.png").read_bytes())
    files = ["--checkpoint", folder / "best_model.pth", image, second if mask else read]
    files += ["--mask-dir", tmp_path] if mask else []
    assert gradcam.main([*map(str, files), "--output-dir", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"gradcam.py: error: {read}: is read in this run")
    assert read.read_bytes() == image.read_bytes()
    with pytest.raises(InputError, match="is read in this run"):
        gradcam.generate_gradcam_visualization(
            torch.nn.Identity(), image, None, None, None, "cpu", output_path=image
        )


def test_a_name_forges_no_line(folder, tmp_path, capsys):
    image = tmp_path / "a\nb.png"
    image.write_bytes((folder / "Images/anon_1_1.png").read_bytes())
    files = ["--checkpoint", folder / "best_model.pth", image]
    assert gradcam.main([*map(str, files), "--output-dir", str(tmp_path)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert r"a\nb.png: " in line


def test_command_writes_through_no_link(folder, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    link = tmp_path / "anon_1_1_gradcam.png"
    link.symlink_to(tmp_path / "mine.txt")
    files = ["--checkpoint", folder / "best_model.pth", folder / "Images/anon_1_1.png"]
    assert gradcam.main([*map(str, files), "--output-dir", str(tmp_path)]) == 0
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert link.read_bytes()[:4] == b"\x89PNG" and not link.is_symlink()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "IMAGE, --checkpoint"),
        (["--image", "a.png"], "unrecognized arguments: --image; see"),  # `images` is no option
        (["--cheekpoint", "a.pth", "a.png"], "--cheekpoint (did you mean --checkpoint?)"),
        (["--checkpoint", "absent.pth", "a.png"], "absent.pth"),
        (["--checkpoint", "{}", "a.png", "--layer", "layer9"], "layer 'layer9'"),
        (["--checkpoint", "{}", "a.png", "--sign", "up"], "--sign"),
        (["--checkpoint", "{}", "a.png", "--mask-dir", "absent"], "--mask-dir absent"),
        (["--checkpoint", "{}", "a.png", "--output-dir", "{}"], "--output-dir"),
    ],
)
def test_command_refuses_in_one_line(folder, capsys, arguments, message):
    arguments = [text.format(folder / "best_model.pth") for text in arguments]
    assert gradcam.main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("gradcam.py: error: ") and message in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.png"], "缺少必需的参数：--checkpoint；参见 --help"),
        (
            ["--checkpoint", "{}", "a.png", "--layer", "layer9"],
            "层 'layer9'：网络中没有这一层；可用：",
        ),
        (["--checkpoint", "{}", "a.png", "--layer", "fc"], "--layer fc：该层的输出应为"),
        (["--checkpoint", "{}", "a.png", "--mask-dir", "no"], "--mask-dir no：没有这个文件夹"),
        (["--checkpoint", "absent.pth", "a.png"], "absent.pth：文件不存在"),
    ],
)
def test_command_refuses_in_chinese(folder, capsys, arguments, message):
    arguments = [text.format(folder / "best_model.pth") for text in arguments]
    assert gradcam.main([*arguments, "--lang", "zh"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"gradcam.py: 错误：{message}")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_help_fits_80_columns_and_is_in_the_language(capsys, monkeypatch, lang):
    monkeypatch.setenv("COLUMNS", "80")
    assert gradcam.main(["--help", "--lang", lang]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(display_width(line) <= 80 for line in lines)
    assert lines[0].startswith("用法：gradcam.py" if lang == "zh" else "usage: gradcam.py")
    words = texts("gradcam_options", lang)
    assert any(line.split(maxsplit=1) == ["IMAGE", words["images"]] for line in lines)
