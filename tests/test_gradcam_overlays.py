"""Heatmaps and masks laid over an image, by hand and against OpenCV."""

import cv2
import numpy as np
import pytest

import gradcam


def test_heatmap_overlay_by_hand():
    image = np.array([[[100, 50, 0], [10, 20, 30]]], dtype=np.uint8)
    # OpenCV's JET: 0 is (0, 0, 128), 255 is (128, 0, 0), both in RGB
    out = gradcam.get_heatmap_overlay(image, np.array([[0.0, 1.0]], dtype=np.float32))
    assert out.dtype == np.uint8
    # (100 + 0) / 2, (50 + 0) / 2, (0 + 128) / 2; (10 + 128) / 2, (20 + 0) / 2, (30 + 0) / 2
    assert out.tolist() == [[[50, 25, 64], [69, 10, 15]]]
    none = gradcam.get_heatmap_overlay(image, np.array([[0.0, 1.0]]), alpha=0)
    assert none.tolist() == image.tolist()
    grey = gradcam.get_heatmap_overlay(image[:, :, 0], np.array([[1.0]]), alpha=1)
    assert grey.tolist() == [[[128, 0, 0], [128, 0, 0]]]


def test_heatmap_only_is_opencvs_jet_and_black_where_there_is_nothing():
    heatmap = np.array([[0.0, 0.0099, 0.01, 0.5, 1.0]])
    out = gradcam.get_heatmap_only(heatmap)
    index = np.array([[0, 3, 3, 128, 255]], dtype=np.uint8)
    jet = cv2.applyColorMap(index, cv2.COLORMAP_JET)[:, :, ::-1]
    assert out.tolist() == [[[0, 0, 0], [0, 0, 0], *jet[0, 2:].tolist()]]


def test_mask_overlay_by_hand():
    image = np.full((2, 4, 3), 100, dtype=np.uint8)
    mask = np.array([[0, 2]], dtype=np.uint8)  # any non-zero value, resized to the right half
    out = gradcam.get_mask_overlay(image, mask)
    # red: 0.7 * 100 + 0.3 * 255 = 146.5 -> 146 (half to even), the others 0.7 * 100 = 70
    assert out[:, :2].tolist() == image[:, :2].tolist()
    assert out[:, 2:].reshape(-1, 3).tolist() == [[146, 70, 70]] * 4
    assert gradcam.get_mask_overlay(image[:, :, 0], mask > 0).tolist() == out.tolist()


def test_heatmap_is_resized_as_opencv_does():
    rng = np.random.default_rng(0)
    image, heatmap = np.zeros((60, 90, 3), np.uint8), rng.random((7, 5)).astype(np.float32)
    big = cv2.resize(heatmap, (90, 60), interpolation=cv2.INTER_LINEAR)
    expected = gradcam.get_heatmap_overlay(image, np.clip(big, 0, 1), alpha=1).astype(int)
    found = gradcam.get_heatmap_overlay(image, heatmap, alpha=1).astype(int)
    assert np.abs(found - expected).max() <= 5  # one step of the colour table


GOOD_IMAGE, GOOD_HEAT = np.zeros((4, 4, 3), np.uint8), np.zeros((2, 2), np.float32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gradcam.get_heatmap_overlay(GOOD_IMAGE / 255, GOOD_HEAT), "image: .*float64"),
        (lambda: gradcam.get_heatmap_overlay(GOOD_IMAGE[..., :2], GOOD_HEAT), r"image: .*4, 4, 2"),
        (lambda: gradcam.get_heatmap_overlay(GOOD_IMAGE[:0], GOOD_HEAT), r"image: .*\(0, 4, 3\)"),
        (lambda: gradcam.get_heatmap_overlay(GOOD_IMAGE, GOOD_HEAT[0]), r"heatmap: .*\(2,\)"),
        (lambda: gradcam.get_heatmap_overlay(GOOD_IMAGE, GOOD_HEAT + 2), r"heatmap: .*\[0, 1\]"),
        (lambda: gradcam.get_heatmap_overlay(GOOD_IMAGE, GOOD_HEAT * np.nan), "heatmap: .*nan"),
        (lambda: gradcam.get_heatmap_overlay(GOOD_IMAGE, GOOD_HEAT, 1.5), "alpha: .*1.5"),
        (lambda: gradcam.get_heatmap_only(GOOD_HEAT > 0), "heatmap: .*bool"),
        (lambda: gradcam.get_mask_overlay(GOOD_IMAGE, GOOD_IMAGE), r"mask: .*\(4, 4, 3\)"),
        (lambda: gradcam.get_mask_overlay(GOOD_IMAGE, np.array([["a"]])), "mask: .*<U1"),
        (lambda: gradcam.get_mask_overlay(GOOD_IMAGE, GOOD_HEAT, -1), "alpha: .*-1"),
    ],
)
def test_bad_arrays_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
