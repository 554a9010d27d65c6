from __future__ import annotations

import numpy as np
import pytest

from dvlwidgets.data import Dataset, GroupedDataset, preview
from dvlwidgets.data.preview import previews_of
from dvlwidgets.errors import InputError, InputTypeError


def plain(n=6, d=4):
    return Dataset(np.arange(float(n * d)).reshape(n, d), np.arange(n) % 2)


def test_plain_columns_have_no_previews():
    assert previews_of(plain()).description == {"kind": "none"}
    assert previews_of(plain(), "none").get([0, 1]) == ["", ""]


def test_features_as_pixels_are_scaled_alike_for_all_points():
    previews = previews_of(plain(), image_shape=(2, 2))
    assert previews.description == {"kind": "image", "width": 2, "height": 2, "channels": 1}
    pixels = previews.get([5, 0])
    assert pixels.shape == (2, 2, 2, 1)
    assert pixels.dtype == np.uint8
    assert pixels[0].max() == 255
    assert pixels[1].ravel().tolist() == [0, 11, 22, 33]


def test_digits_are_recognised_as_images():
    from sklearn.datasets import load_digits

    bunch = load_digits()
    d = Dataset(bunch.data[:20], bunch.target[:20], feature_names=bunch.feature_names)
    assert previews_of(d).description == {"kind": "image", "width": 8, "height": 8, "channels": 1}
    np.testing.assert_array_equal(previews_of(d).get([3])[0, :, :, 0], np.round(bunch.images[3] / 16 * 255))
    shuffled = Dataset(bunch.data[:20], bunch.target[:20], feature_names=bunch.feature_names[::-1])
    assert previews_of(shuffled).description == {"kind": "none"}


@pytest.mark.parametrize(
    ("shape", "described"),
    [
        ((6, 5, 7), (5, 7, 1)),
        ((6, 5, 7, 3), (5, 7, 3)),
        ((6, 5, 7, 4), (5, 7, 3)),
        ((6, 3, 5, 7), (5, 7, 3)),
        ((6, 200, 300), (50, 75, 1)),
        ((6, 1000, 1), (91, 1, 1)),
    ],
)
def test_arrays_of_images_in_every_layout(shape, described):
    images = np.arange(np.prod(shape)).reshape(shape)
    previews = previews_of(plain(), images)
    got = previews.description
    assert (got["height"], got["width"], got["channels"]) == described
    assert previews.get([5, 1, 1]).shape == (3, *described)


def test_bytes_stay_as_they_are_and_missing_pixels_are_dark():
    images = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2)
    np.testing.assert_array_equal(previews_of(plain(), images).get([2])[0, :, :, 0], images[2])
    holes = images.astype(float)
    holes[2, 0, 0] = np.nan
    assert previews_of(plain(), holes).get([2])[0, 0, 0, 0] == 0


def test_constant_and_boolean_images_work():
    assert previews_of(plain(), np.full((6, 2, 2), 3.0)).get([0]).max() == 0
    assert previews_of(plain(), np.eye(2, dtype=bool)[None].repeat(6, 0)).get([0])[0, 0, 0, 0] == 255


def test_a_function_may_give_images_or_texts():
    asked = []

    def read(position):
        asked.append(position)
        return f"text {position}"

    previews = previews_of(plain(), read)
    asked.clear()
    assert previews.description == {"kind": "text"}
    assert previews.get([4, 2]) == ["text 4", "text 2"]
    assert asked == [4, 2]
    assert previews_of(plain(), lambda i: np.ones((3, 3))).description["kind"] == "image"


def test_texts_are_recognised_given_and_cut():
    d = Dataset(np.array(["one", "two", "three"]), [0, 1, 0])
    assert previews_of(d).get([2, 0]) == ["three", "one"]
    long = previews_of(plain(), ["x" * 1000] * 6).get([0])[0]
    assert len(long) == preview.MAX_TEXT
    assert long.endswith("…")


def test_frames_can_hold_pixels_too():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.arange(24.0).reshape(6, 4), columns=list("abcd"))
    assert previews_of(Dataset(frame, np.arange(6) % 2), image_shape=(2, 2)).get([5])[0, 1, 1, 0] == 255


@pytest.mark.parametrize(
    ("given", "shape", "message"),
    [
        ("picture", None, "previews='picture'"),
        (np.zeros((5, 2, 2)), None, "5 previews were given for 6 points"),
        (np.zeros((6, 2)), None, r"shape \(6, 2\)"),
        (["a"], None, "1 previews"),
        (np.zeros((6, 2, 2, 5)), None, "An image has shape"),
        (None, (2, 3), r"image_shape=\(2, 3\) was given for 4 features"),
        (None, (4,), "image_shape"),
        (lambda i: np.zeros((2, 2), dtype=complex), None, "point 0"),
    ],
)
def test_what_does_not_fit_is_refused(given, shape, message):
    with pytest.raises(InputError, match=message):
        previews_of(plain(), given, shape)


def test_a_number_is_no_preview():
    with pytest.raises(InputTypeError, match="int"):
        previews_of(plain(), 3)


def test_groups_have_previews_only_from_a_function():
    d = GroupedDataset(np.zeros((4, 4)), [0, 1, 0, 1], data_groups=[0, 0, 1, 1])
    assert previews_of(d).description == {"kind": "none"}
    with pytest.raises(InputError, match="grouped"):
        previews_of(d, image_shape=(2, 2))
    assert previews_of(d, lambda i: f"group {i}").get([1]) == ["group 1"]


def test_images_of_two_sizes_are_refused_with_the_point():
    previews = previews_of(plain(), lambda i: np.zeros((2, 2 + (i == 3)), dtype=np.uint8))
    with pytest.raises(InputError, match="point 3"):
        previews.get([3])


def test_a_registered_reader_is_asked_first(monkeypatch):
    monkeypatch.setattr(preview, "_readers", list(preview._readers))
    preview.register(lambda d: preview.Texts(lambda i: f"#{i}"))
    assert previews_of(plain()).get([1]) == ["#1"]
