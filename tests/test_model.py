"""The network, and every form of checkpoint that it is loaded from or refused."""

import argparse
import hashlib
import pathlib

import numpy as np
import pytest
import torch
import torchvision
from torch import nn
from torchvision.transforms import Normalize

from errors import InputError
from model import ARCHITECTURES, AgeRegressor, load_checkpoint, normalise_pixels
from reading import weights
from reading.settings import Settings

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def network() -> AgeRegressor:
    torch.manual_seed(0)
    return AgeRegressor("resnet18").eval()


def save(tmp_path, content, name="best_model.pth", **options):
    path = tmp_path / name
    torch.save(content, path, **options)
    return path


def content_of(network, **settings):
    return {"model_state_dict": network.state_dict(), "model": "resnet18", **settings}


def assert_same_network(loaded, network):
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(loaded(images), network(images))


def test_forward_gives_one_age_per_image(network):
    assert network(torch.zeros(3, 3, 64, 64)).shape == (3,)
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1,)


def test_normalised_pixels_are_those_of_torchvision():
    images = torch.randint(256, (2, 3, 5, 7), generator=torch.Generator().manual_seed(0))
    images = images.to(torch.uint8)
    normalise = Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    found = normalise_pixels(images)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, normalise(images.float() / 255))
    grey = normalise_pixels(images[:, :1])  # one channel stands for three equal ones
    torch.testing.assert_close(grey, normalise(images[:, :1].expand(-1, 3, -1, -1).float() / 255))
    # red 0.485 * 255 = 123.675: 124 is (124 / 255 - 0.485) / 0.229 = 0.005565
    one = normalise_pixels(torch.full((1, 1, 1, 1), 124, dtype=torch.uint8))
    assert one[0, 0, 0, 0].item() == pytest.approx(0.005565, abs=1e-6)


def test_default_head_is_the_published_one():
    kinds = [type(layer).__name__ for layer in AgeRegressor("resnet50").backbone.fc]
    assert kinds == ["Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    widths = [(part.in_features, part.out_features) for part in AgeRegressor().backbone.fc[::3]]
    assert widths == [(2048, 512), (512, 128), (128, 1)]


@pytest.mark.parametrize("key", ["model_state_dict", "state_dict"])
def test_weights_are_found_under_either_key(tmp_path, network, key):
    path = save(tmp_path, {key: network.state_dict(), "args": {"model": "resnet18"}})
    loaded = load_checkpoint(path)
    assert_same_network(loaded.model, network)
    assert not loaded.model.training


def test_weights_under_model_and_its_name_in_args(tmp_path, network):
    path = save(tmp_path, {"model": network.state_dict(), "args": {"model": "resnet18"}})
    assert_same_network(load_checkpoint(path).model, network)


def test_bare_state_dict_is_a_resnet50(tmp_path):
    network = AgeRegressor("resnet50").eval()
    loaded = load_checkpoint(save(tmp_path, network.state_dict()))
    assert_same_network(loaded.model, network)
    assert loaded.given == frozenset()
    assert loaded.settings == Settings()
    assert (loaded.settings.model, loaded.settings.image_size) == ("resnet50", 224)
    assert loaded.settings.seed == 42
    assert not loaded.synthetic


def of_torchvision(architecture="resnet18", head=None):
    """A torchvision network as it is, with names that begin at `conv1`; one output unless told."""
    torch.manual_seed(5)
    made = torchvision.models.get_model(architecture, weights=None).eval()
    made.fc = head or nn.Linear(made.fc.in_features, 1)
    return made


@pytest.mark.parametrize(
    "head",
    [
        nn.Linear(512, 1),
        nn.Sequential(nn.Linear(512, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1)),
    ],
    ids=["one layer", "two layers"],
)
@pytest.mark.parametrize("prefix", ["", "module."])
def test_names_of_torchvision_are_taken_as_they_are(tmp_path, head, prefix):
    network = of_torchvision(head=head).eval()
    weights = {prefix + name: value for name, value in network.state_dict().items()}
    loaded = load_checkpoint(save(tmp_path, {"state_dict": weights, "model": "resnet18"}))
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(loaded.model(images), network(images)[:, 0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda weights: {k: v for k, v in weights.items() if not k.startswith("layer4.1")},
            # two convolutions, and two norms of 4 tensors besides the count of batches
            "weights do not fit resnet18: 10 of 122 missing (layer4.1.conv1.weight, "
            "layer4.1.bn1.weight, layer4.1.bn1.bias, layer4.1.bn1.running_mean, ...)",
        ),
        (
            lambda weights: {k: v for k, v in weights.items() if not k.startswith("fc.")},
            # the head that is looked for has three layers
            "6 of 126 missing (fc.0.weight, fc.0.bias, fc.3.weight, fc.3.bias, ...)",
        ),
        (
            lambda weights: weights | of_torchvision(head=nn.Linear(512, 1000)).state_dict(),
            "its head has 1000 outputs (fc.weight); an age needs exactly one; it is an ImageNet "
            "classifier",
        ),
        (
            lambda weights: of_torchvision("resnet34").state_dict(),
            "96 unexpected (layer1.2.conv1.weight, layer1.2.bn1.weight, layer1.2.bn1.bias, "
            "layer1.2.bn1.running_mean, ...); they are those of a resnet34: store "
            "model='resnet34' with them",
        ),
    ],
    ids=["a block", "the head", "ImageNet", "another depth"],
)
def test_torchvision_weights_that_do_not_fit_say_what_is_wrong(tmp_path, change, message):
    weights = change(of_torchvision().state_dict())
    with pytest.raises(InputError) as caught:
        load_checkpoint(save(tmp_path, {"state_dict": weights, "model": "resnet18"}))
    assert str(caught.value).endswith(message)


def test_a_hint_is_given_only_where_another_network_fits(tmp_path, network):
    weights = {**network.state_dict(), "extra.w": torch.ones(1)}
    with pytest.raises(InputError) as caught:
        load_checkpoint(save(tmp_path, {"state_dict": weights, "model": "resnet34"}))
    assert "they are those of" not in str(caught.value)


@pytest.mark.parametrize(
    "rename",
    [
        lambda key: "module." + key,
        lambda key: "_orig_mod." + key,
        lambda key: "_orig_mod.module." + key,
        lambda key: "module._orig_mod.module." + key,
        lambda key: key.replace("backbone.", "backbone._orig_mod."),
    ],
)
def test_wrapper_prefixes_are_stripped(tmp_path, network, rename):
    weights = {rename(key): value for key, value in network.state_dict().items()}
    loaded = load_checkpoint(save(tmp_path, {"state_dict": weights, "model": "resnet18"}))
    assert_same_network(loaded.model, network)


def test_averaged_weights_are_read(tmp_path, network):
    averaged = torch.optim.swa_utils.AveragedModel(network)
    assert "n_averaged" in averaged.state_dict()
    loaded = load_checkpoint(
        save(tmp_path, {"state_dict": averaged.state_dict(), "model": "resnet18"})
    )
    assert_same_network(loaded.model, network)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_named_architecture_loads(tmp_path, name):
    with torch.device("meta"):
        state = AgeRegressor(name).state_dict()
    weights = {key: torch.zeros(value.shape, dtype=value.dtype) for key, value in state.items()}
    loaded = load_checkpoint(save(tmp_path, {"state_dict": weights, "model": name.upper()}))
    assert loaded.model.backbone.layer4[-1].conv2.weight.shape[1] == 512


@pytest.mark.parametrize(
    "head",
    [
        nn.Linear(512, 1),
        nn.Linear(512, 1, bias=False),
        nn.Sequential(nn.Linear(512, 1)),
        nn.Sequential(nn.Dropout(0.5), nn.Linear(512, 1)),
        nn.Sequential(nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 1)),
        nn.Sequential(
            nn.Linear(512, 7),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(7, 5),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(5, 3),
            nn.ReLU(),
            nn.Linear(3, 1),
        ),
    ],
)
def test_heads_of_other_widths_load(tmp_path, head):
    torch.manual_seed(3)
    network = AgeRegressor("resnet18", head=head).eval()
    loaded = load_checkpoint(save(tmp_path, content_of(network)))
    assert_same_network(loaded.model, network)


def test_settings_come_from_the_top_level_before_args(tmp_path, network):
    args = argparse.Namespace(
        model="resnet18",
        image_size=np.int32(128),
        seed=7,
        test_size=np.float32(0.25),
        use_age_stratify=np.bool_(False),
        out=pathlib.Path("somewhere"),
        val_size=None,
    )
    content = {
        "state_dict": network.state_dict(),
        "args": args,
        "seed": np.int64(9),
        "epoch": torch.tensor(12),
        "val_mae": np.float64(3.5),
    }
    loaded = load_checkpoint(save(tmp_path, content))
    settings = loaded.settings
    assert settings.seed == 9
    assert type(settings.seed) is int
    assert settings.image_size == 128
    assert settings.test_size == 0.25
    assert settings.use_age_stratify is False
    assert settings.val_size == 0.15
    assert (settings.epoch, settings.val_mae) == (12, 3.5)
    assert loaded.given == {
        "model",
        "image_size",
        "seed",
        "test_size",
        "use_age_stratify",
        "epoch",
        "val_mae",
    }


def test_the_network_knows_the_image_size_that_it_was_trained_with(tmp_path, network):
    assert network.image_size == 224
    loaded = load_checkpoint(save(tmp_path, content_of(network, image_size=96)))
    assert loaded.model.image_size == loaded.settings.image_size == 96


@pytest.mark.parametrize(("mark", "synthetic"), [(True, True), (False, False), ("yes", False)])
def test_a_checkpoint_of_the_demo_says_so(tmp_path, network, mark, synthetic):
    loaded = load_checkpoint(save(tmp_path, content_of(network, synthetic=mark)))
    assert loaded.synthetic is synthetic


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_are_evaluated_in_float32(tmp_path, network, dtype):
    weights = {
        key: value.to(dtype) if value.is_floating_point() else value
        for key, value in network.state_dict().items()
    }
    loaded = load_checkpoint(save(tmp_path, {"state_dict": weights, "model": "resnet18"}))
    assert {p.dtype for p in loaded.model.parameters()} == {torch.float32}
    assert loaded.stored_dtype == str(dtype).removeprefix("torch.")


def test_absent_batch_counters_do_not_matter(tmp_path, network):
    weights = {k: v for k, v in network.state_dict().items() if "num_batches" not in k}
    loaded = load_checkpoint(save(tmp_path, {"state_dict": weights, "model": "resnet18"}))
    assert_same_network(loaded.model, network)


@pytest.mark.parametrize("no", ["false", "False"])  # as JSON, and by Python's `str`
def test_safetensors_with_settings_in_its_metadata(tmp_path, network, no):
    torch_files = pytest.importorskip("safetensors.torch")
    path = tmp_path / "best_model.safetensors"
    torch_files.save_file(
        network.state_dict(),
        path,
        metadata={"model": "resnet18", "seed": "5", "use_age_stratify": no, "dropout": "None"},
    )
    loaded = load_checkpoint(path)
    assert_same_network(loaded.model, network)
    assert (loaded.settings.seed, loaded.settings.use_age_stratify) == (5, False)


def without(network, part):
    return {k: v for k, v in network.state_dict().items() if part not in k}


REFUSED = {
    "missing": (
        lambda n: {"state_dict": without(n, "layer4.1.conv2"), "model": "resnet18"},
        "weights do not fit resnet18: 1 of 126 missing (backbone.layer4.1.conv2.weight)",
    ),
    "unexpected": (
        lambda n: {"state_dict": {**n.state_dict(), "extra.w": torch.ones(1)}, "model": "resnet18"},
        "1 unexpected (extra.w)",
    ),
    "shape": (
        lambda n: {
            "state_dict": {**n.state_dict(), "backbone.conv1.weight": torch.ones(64, 1, 7, 7)},
            "model": "resnet18",
        },
        "1 of another shape (backbone.conv1.weight (64, 1, 7, 7) != (64, 3, 7, 7))",
    ),
    "other architecture": (
        lambda n: content_of(n) | {"model": "vit_b_16"},
        "architecture 'vit_b_16' is not supported; known are resnet18, resnet34",
    ),
    "late fusion": (
        lambda n: {"state_dict": {**n.state_dict(), "fusion_head.0.weight": torch.ones(1)}},
        "late-fusion checkpoint (fusion_head.*)",
    ),
    "auxiliary branch": (
        lambda n: {"state_dict": {**n.state_dict(), "module.aux_branch.w": torch.ones(1)}},
        "late-fusion checkpoint (aux_branch.*)",
    ),
    "two outputs": (
        lambda n: content_of(AgeRegressor("resnet18", head=nn.Linear(512, 2))),
        "its head has 2 outputs (backbone.fc.weight)",
    ),
    "head that does not follow on itself": (
        lambda n: content_of(
            AgeRegressor("resnet18", head=nn.Sequential(nn.Linear(512, 16), nn.Linear(8, 1)))
        ),
        "head layer backbone.fc.1 takes 8 values, but the layer before it gives 16",
    ),
    "deep head": (
        lambda n: {
            "model": "resnet18",
            "state_dict": {**n.state_dict(), "backbone.fc.9999.weight": torch.ones(1, 1)},
        },
        "head layer backbone.fc.9999.weight: no head is that deep",
    ),
    "NaN": (
        lambda n: (
            content_of(n)
            | {
                "model_state_dict": {
                    **n.state_dict(),
                    "backbone.bn1.bias": torch.full((64,), float("nan")),
                }
            }
        ),
        "weight backbone.bn1.bias has NaN or infinite values",
    ),
    "infinite": (
        lambda n: (
            content_of(n)
            | {
                "model_state_dict": {
                    **n.state_dict(),
                    "backbone.bn1.bias": torch.full((64,), float("inf")),
                }
            }
        ),
        "weight backbone.bn1.bias has NaN or infinite values",
    ),
    "twice": (
        lambda n: {
            "state_dict": {**n.state_dict(), "module.backbone.conv1.weight": torch.ones(1)},
            "model": "resnet18",
        },
        "weight backbone.conv1.weight stands in it twice",
    ),
    "empty": (lambda n: {"state_dict": {}}, "holds no weights"),
    "settings only": (lambda n: {"seed": 3, "epoch": 1}, "holds no weights"),
    "list": (lambda n: [1, 2], "holds a list, not a dictionary"),
    "not a tensor": (lambda n: {"state_dict": {"a": 3}}, "weight 'a' is a int, not a tensor"),
    "seed text": (
        lambda n: content_of(n, seed="x"),
        "setting seed is 'x', not a whole number from 0 to 4294967295",
    ),
    "boolean seed": (lambda n: content_of(n, seed=True), "setting seed is True, not a whole"),
    "endless seed": (lambda n: content_of(n, seed=10**400), "setting seed is 1000"),
    "bin width": (
        lambda n: content_of(n, age_bin_width=0.005),
        "setting age_bin_width is 0.005, not 0.01 years or more",
    ),
    "share": (lambda n: content_of(n, test_size=1.5), "setting test_size is 1.5, not a share"),
    "NaN share": (lambda n: content_of(n, val_size=float("nan")), "setting val_size is nan"),
    "size": (lambda n: content_of(n, image_size=224.5), "setting image_size is 224.5"),
    "ages": (lambda n: content_of(n, min_age=50, max_age=20), "min_age is 50, above max_age 20"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_its_reason(tmp_path, network, case):
    make, message = REFUSED[case]
    path = save(tmp_path, make(network))
    with pytest.raises(InputError) as caught:
        load_checkpoint(path)
    text = str(caught.value)
    assert message in text
    assert text.startswith(str(path))
    assert "\n" not in text


NOT_PLAIN = {
    "a sparse tensor": lambda: torch.zeros(64).to_sparse(),
    "a nested tensor": lambda: torch.nested.nested_tensor([torch.zeros(64)]),
    "a tensor without values": lambda: torch.zeros(64, device="meta"),
    "a quantised tensor": lambda: torch.quantize_per_tensor(torch.zeros(64), 1.0, 0, torch.qint8),
}


@pytest.mark.filterwarnings("ignore")  # of PyTorch: nested and quantised tensors will change
@pytest.mark.parametrize("kind", NOT_PLAIN)
def test_tensors_that_are_not_plain(tmp_path, kind):
    path = save(tmp_path, {"state_dict": {"backbone.bn1.bias": NOT_PLAIN[kind]()}})
    with pytest.raises(InputError, match=f"holds {kind}, which is not plain data"):
        load_checkpoint(path)
    with pytest.raises(InputError, match=r"weight backbone\.bn1\.bias is sparse or without values"):
        load_checkpoint(path, trust=True)


def test_the_checksum_is_that_of_the_bytes_read(tmp_path, network):
    path = save(tmp_path, content_of(network))
    written = path.read_bytes()
    loaded = load_checkpoint(path)
    path.unlink()
    assert loaded.sha256 == hashlib.sha256(written).hexdigest()
    assert_same_network(loaded.model, network)


# ---------------------------------------------------------------- lists of files and subjects


def lists_of(path, **content):
    torch.save(
        {"state_dict": AgeRegressor("resnet18").state_dict(), "model": "resnet18"} | content, path
    )
    return load_checkpoint(path).lists


def test_lists_of_any_kind_are_read_as_text(tmp_path):
    found = lists_of(
        tmp_path / "c.pth",
        test_files=["a.png", pathlib.Path("x/b.png")],
        test_subjects={10, 9},
        train_subjects=np.array([1, 2]),
        train_files=np.array(["c.png"]),
        val_subjects=torch.tensor([3, 4]),
        val_files=("d.png", np.str_("e.png"), "d.png"),
    )
    assert found == {
        "test_files": ("a.png", "x/b.png"),
        "test_subjects": ("10", "9"),
        "val_files": ("d.png", "e.png"),
        "val_subjects": ("3", "4"),
        "train_files": ("c.png",),
        "train_subjects": ("1", "2"),
    }


def test_lists_may_stand_in_args_and_a_count_is_no_list(tmp_path):
    args = argparse.Namespace(test_subjects=[7.0, 8], train_files=30, val_files="v.txt")
    args.val_subjects = pathlib.Path("s.txt")
    assert lists_of(tmp_path / "c.pth", args=args, test_subjects=torch.tensor(2)) == {
        "test_subjects": ("7.0", "8")
    }
    assert lists_of(tmp_path / "c.pth") == {}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"a.png": 1}, "<dict>"),
        (np.array([["a.png"]]), "<ndarray>"),
        (np.zeros(10**6 + 1, np.uint8), "<ndarray>"),
        (torch.tensor([[1], [2]]), "<Tensor>"),
        (torch.tensor([1]).expand(10**9), "<Tensor>"),  # a few bytes of the file
        (b"a.png", "<bytes>"),
        ("['a.png']", r"\"\['a.png'\]\""),
        ("('a.png',)\n", r".*"),
    ],
)
def test_a_list_of_another_kind_is_not_passed_over(tmp_path, value, shown):
    with pytest.raises(InputError, match=f"setting test_files is {shown}, not a list of at"):
        lists_of(tmp_path / "c.pth", test_files=value)


@pytest.mark.parametrize("names", [["a.png", "a.png"], {"a.png", "b.png"}])
def test_a_list_has_an_end(tmp_path, monkeypatch, names):
    monkeypatch.setattr("model.MOST_NAMES", 1)
    with pytest.raises(InputError, match=r"setting test_files is <.*>, not a list of at most 1 n"):
        lists_of(tmp_path / "c.pth", test_files=names)


def test_a_list_that_stands_elsewhere_is_named(tmp_path):
    lists_of(
        tmp_path / "c.pth",
        args={"train_files": "no.txt", "val_files": 30, "val_subjects": ""},
        test_files=pathlib.PurePosixPath("/home/jane/test.txt"),
        train_files=["a.png"],
    )
    (note,) = load_checkpoint(tmp_path / "c.pth").notes
    assert note["en"].startswith(
        "test_files in the checkpoint is the name of something and no list"
    )
    assert note["zh"].startswith("检查点中的 test_files 只是名称或路径")


def test_a_list_in_a_list_is_not_written_out(tmp_path):
    """Ten lists of ten lists of ..., thirty deep: as text they would have 10**30 characters."""
    endless = [1]
    for _ in range(30):
        endless = [endless] * 10
    found = lists_of(tmp_path / "c.pth", test_files=["a.png", endless, None])
    assert found == {"test_files": ("a.png", "<list>", "None")}


def test_the_mean_age_that_training_stored(tmp_path):
    lists_of(tmp_path / "c.pth", args={"train_age_mean": np.float64(45.5)})
    assert load_checkpoint(tmp_path / "c.pth").settings.train_age_mean == 45.5
    lists_of(tmp_path / "c.pth", train_age_mean=float("nan"))
    assert load_checkpoint(tmp_path / "c.pth").settings.train_age_mean is None


def test_what_stands_between_the_layers_of_another_head_is_said_to_be_assumed(tmp_path, network):
    assert load_checkpoint(save(tmp_path, content_of(network))).notes == ()
    one = AgeRegressor("resnet18", head=nn.Linear(512, 1))
    assert load_checkpoint(save(tmp_path, content_of(one))).notes == ()
    head = nn.Sequential(nn.Linear(512, 16), nn.Tanh(), nn.Linear(16, 1))
    other = AgeRegressor("resnet18", head=head)
    (note,) = load_checkpoint(save(tmp_path, content_of(other))).notes
    assert note["en"].startswith("the checkpoint does not say what stands between the 2 linear")
    parts = [
        (nn.Linear(a, b), nn.Tanh(), nn.Dropout()) for a, b in ((512, 256), (256, 64), (64, 1))
    ]
    head = nn.Sequential(*sum(parts, ())[:7])  # but for its widths
    (note,) = load_checkpoint(save(tmp_path, content_of(AgeRegressor("resnet18", head=head)))).notes
    assert note["en"].startswith("the checkpoint does not say what stands between the 3 linear")


def test_other_weights_in_the_file_are_named(tmp_path, network):
    other = AgeRegressor("resnet18").state_dict()
    content = content_of(network, state_dict=other, ema=other, same=network.state_dict())
    (note,) = load_checkpoint(save(tmp_path, content)).notes
    assert note["en"] == (
        "the weights are those under model_state_dict; the file holds others under state_dict, "
        "ema, which are not used"
    )


def test_comparing_weights_has_an_end(monkeypatch):
    """A few kilobytes may name the same gigabyte a thousand times."""
    used = {f"w{n}": torch.full((2,), float(n)) for n in range(12)}
    content = {"state_dict": used} | {name: dict(used) for name in "abc"}
    assert weights.other_weights(content) == []
    monkeypatch.setattr(weights, "MOST_COMPARED", 2 * 2 * 12)
    assert weights.other_weights(content) == ["c"]  # of which nobody knows


def test_the_place_of_other_weights_is_named_in_part():
    nested = {f"w{n}": torch.full((2,), float(n)) for n in range(12)}
    for _ in range(90):
        nested = {"k" * 4096: nested}
    (name,) = weights.other_weights({"state_dict": {}, "a": nested})
    assert name == "a." + "k" * 198


@pytest.mark.parametrize(
    ("key", "held", "name"),
    [
        ("ema", lambda other: {"shadow": other, "decay": 0.99}, "ema.shadow"),
        ("ema", lambda other: {"module": other}, "ema.module"),
        ("ema", lambda other: {"shadow_params": [*other.values()]}, "ema.shadow_params"),
        ("epochs", lambda other: [{"epoch": 1, "net": {"weights": other}}], "epochs.0.net.weights"),
        ("ema", lambda other: {0.999: other}, "ema.0.999"),
        ("snapshots", lambda other: {10: other}, "snapshots.10"),
        ("ema", lambda other: argparse.Namespace(shadow=other), "ema.shadow"),
    ],
)
def test_other_weights_are_named_at_any_depth(tmp_path, network, key, held, name):
    content = content_of(network, **{key: held(AgeRegressor("resnet18").state_dict())})
    (note,) = load_checkpoint(save(tmp_path, content)).notes
    assert f"the file holds others under {name}, which" in note["en"]
    bare = content["model_state_dict"] | {name: content[name] for name in ("model", key)}
    (note,) = load_checkpoint(save(tmp_path, bare)).notes
    assert f"the file holds others under {name}, which" in note["en"]


def test_other_weights_beside_those_that_are_used_are_named(tmp_path, network):
    other = {f"ema.{name}": value for name, value in AgeRegressor("resnet18").state_dict().items()}
    content = content_of(network, mean=torch.tensor(0.5), **other)
    (note,) = load_checkpoint(save(tmp_path, content)).notes
    assert "the file holds others under ema.*, which" in note["en"]


def test_what_is_no_other_network_is_not_named(tmp_path, network):
    """Optimizers keep tensors by number; losses and the like are no matrices of these shapes."""
    momenta = {k: {"exp_avg": v, "exp_avg_sq": v} for k, v in enumerate(network.parameters())}
    many = [torch.ones(2, 2) for _ in range(20)]
    content = content_of(
        network,
        optimizer={"state": momenta, "param_groups": [{"params": [*range(62)]}]},
        lbfgs={"state": {0: {"old_dirs": [*network.parameters()]}}, "param_groups": []},
        same={"inside": network.state_dict()},
        history={"losses": [torch.tensor(1.0)] * 50, "confusion": many},
    )
    assert load_checkpoint(save(tmp_path, content)).notes == ()


@pytest.mark.parametrize("trust", ["no", 1, None])
def test_trust_is_given_as_such_or_not_at_all(tmp_path, network, trust):
    with pytest.raises(TypeError, match="trust: expected True or False"):
        load_checkpoint(save(tmp_path, content_of(network)), trust=trust)
