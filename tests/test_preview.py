from __future__ import annotations

import numpy as np
import pytest

from dvlwidgets.data import Dataset, GroupedDataset, preview, preview_kinds
from dvlwidgets.data.preview import previews_of
from dvlwidgets.data.preview_audio import Audio
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


def test_a_few_pixels_far_out_do_not_make_all_others_one_grey():
    from sklearn.datasets import load_digits
    from sklearn.preprocessing import StandardScaler

    x = StandardScaler().fit_transform(load_digits().data)
    assert np.ptp(x) > 40  # of pixels that are nearly always empty; the others are within 6
    seen = previews_of(Dataset(x[:600], load_digits().target[:600]), image_shape=(8, 8)).get(range(600))
    assert seen.std() > 30
    assert 60 < np.median(seen) < 160
    stars = np.zeros((40, 10, 10))
    stars[::4, 3, 3], stars[1::4, 3, 3] = 1.0, 0.5  # nothing but a few bright pixels: these are the picture
    got = previews_of(Dataset(np.zeros((40, 1)), np.arange(40) % 2), stars).get([0, 1, 2])[:, 3, 3, 0]
    assert got.tolist() == [255, 128, 0]


@pytest.mark.filterwarnings("error")
def test_infinite_pixels_are_black_and_white():
    images = np.zeros((6, 2, 2))
    images[:, 0], images[:, 1, 0] = [np.inf, -np.inf], 0.25
    assert previews_of(plain(), images).get([0]).ravel().tolist() == [255, 0, 255, 0]


def test_points_without_an_image_or_a_text_leave_the_others_theirs():
    images = [*np.linspace(0, 1, 20).reshape(5, 2, 2), None]
    assert previews_of(plain(), images).get([4]).max() == 255
    assert previews_of(plain(), ["a", None, float("nan"), "b", "c", "d"]).get([0, 1, 2]) == ["a", "", ""]


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
    assert len(long) == preview_kinds.MAX_TEXT
    assert long.endswith("…")


def test_frames_can_hold_pixels_too():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.arange(24.0).reshape(6, 4), columns=list("abcd"))
    assert previews_of(Dataset(frame, np.arange(6) % 2), image_shape=(2, 2)).get([5])[0, 1, 1, 0] == 255


@pytest.mark.parametrize(
    ("given", "shape", "message"),
    [
        ("picture", None, "previews='picture'"),
        (np.zeros((5, 2, 2)), None, "5 previews came for 6 points"),
        (np.zeros((6, 2)), None, r"shape \(6, 2\)"),
        (["a"], None, "1 preview "),
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


def test_images_of_two_sizes_are_scaled_into_one_place_and_keep_their_shape():
    previews = previews_of(plain(), [np.full((4, 2 + 6 * (i % 2)), 255, dtype=np.uint8) for i in range(6)])
    assert (previews.description["height"], previews.description["width"]) == (4, 8)
    tall, wide = previews.get([0, 1])[:, :, :, 0]
    assert (tall == 255).sum(axis=1).tolist() == [2] * 4
    assert (wide == 255).all()
    assert previews.large(0).shape == (4, 2, 1)


def test_a_registered_reader_is_asked_first(monkeypatch):
    monkeypatch.setattr(preview, "_readers", list(preview._readers))
    preview.register(lambda d: preview_kinds.Texts(lambda i: f"#{i}"))
    assert previews_of(plain()).get([1]) == ["#1"]


@pytest.fixture
def files(tmp_path):
    image = pytest.importorskip("PIL.Image")
    paths = [tmp_path / f"{i}.png" for i in range(6)]
    for i, path in enumerate(paths):
        image.new("RGB", (300 + 300 * i, 150), (255, 0, 40 * i)).save(path)
    return paths


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_paths_are_read_when_they_are_looked_at_and_a_missing_one_is_a_mark(files, kind):
    previews = previews_of(plain(), [kind(path) for path in files])
    assert previews.description == {"kind": "image", "width": 96, "height": 48, "channels": 3}
    files[4].unlink()
    whole, missing = previews.get([5, 4])
    assert whole[24, 48].tolist() == [255, 0, 200]
    assert whole[0, 0].tolist() == [128] * 3  # it is 12 times as wide as high
    assert len(np.unique(missing)) == 2
    with pytest.raises(FileNotFoundError):
        previews.large(4)
    assert previews.large(5).shape == (43, 512, 3)


def test_a_panel_begins_where_no_file_is_there():
    previews = previews_of(plain(), [f"nowhere/{i}.png" for i in range(6)])
    assert previews.description["kind"] == "image"
    assert previews.get([0, 1]).shape == (2, 48, 48, 1)


def test_pil_images_are_shown_as_they_look_and_left_as_they_are():
    image = pytest.importorskip("PIL.Image")
    clear = image.new("RGBA", (200, 100), (255, 0, 0, 0))
    shown = previews_of(plain(), [clear] * 6)
    assert shown.get([0])[0].min() == 255
    assert clear.size == (200, 100)
    assert shown.large(0).shape == (100, 200, 3)
    assert previews_of(plain(), [image.new("L", (3, 2), 7)] * 6).get([1]).tolist() == [[[[7]] * 3] * 2]


def test_pillow_that_is_missing_is_asked_for_in_words(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(InputError, match="pip install pillow"):
        previews_of(plain(), ["a.png"] * 6)


@pytest.mark.parametrize("layout", ["chw", "hwc"])
def test_a_tensor_is_black_and_white_at_its_own_extremes(layout):
    torch = pytest.importorskip("torch")
    image = torch.tensor([[[-2.0, 0.0], [1.0, 2.0]]]).requires_grad_()
    given = torch.stack([image * (i + 1) for i in range(6)])
    given = given if layout == "chw" else given.permute(0, 2, 3, 1)
    for pixels in previews_of(plain(), given).get([0, 5]):
        assert pixels[:, :, 0].tolist() == [[0, 128], [191, 255]]
    small = torch.full((6, 3, 2, 5), 9, dtype=torch.uint8)
    assert previews_of(plain(), small).get([0]).shape == (1, 2, 5, 3)
    assert previews_of(plain(), small).get([0]).max() == 9
    assert previews_of(plain(), given.bfloat16()).get([0]).max() == 255


def test_sounds_are_waveforms_and_wav_files(tmp_path):
    tone = Audio(np.sin(np.arange(8000) / 3) * np.linspace(0, 1, 8000), 8000)
    path = tmp_path / "tone.wav"
    path.write_bytes(tone.wav())
    for given in (tone, tone.wav(), path, str(path)):
        previews = previews_of(plain(), [given] * 6)
        assert previews.description["kind"] == "image"
        outline = previews.get([3])[0, :, :, 0]
        dark = (outline < 100).sum(axis=0)
        assert dark[0] < 3
        assert dark[-1] > 25
        assert previews.audio(3).wav() == tone.wav()
    stereo = Audio(np.zeros((10, 2), dtype=np.int16), 44100)
    assert previews_of(plain(), [stereo.wav()] * 6).audio(0).samples.shape == (10, 2)
    with pytest.raises(InputError, match=r"no WAV file of plain samples \(EOFError\); convert it"):
        previews_of(plain(), [b"123"] * 6).audio(0)


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [([], 8000, "shape"), ([1, 2], 8000, "int16"), ([0.5], 0, "rate=0"), ([0.5], True, "rate=True")],
)
def test_what_is_no_sound_is_refused(samples, rate, message):
    with pytest.raises(InputError, match=message):
        Audio(samples, rate)


def test_a_preview_of_ones_own_is_used_for_the_data_it_matches_and_its_errors_are_marks(monkeypatch):
    monkeypatch.setattr(preview, "_readers", list(preview._readers))
    preview.register_preview(lambda data: data.n_features == 3, lambda data, i: np.ones((2, 2)) * i)
    preview.register_preview(lambda data: data.n_features == 5, lambda data, i: f"{1 / (i - 4):.2f}")
    assert previews_of(plain()).description == {"kind": "none"}
    assert previews_of(plain(d=3)).description["kind"] == "image"
    texts = previews_of(plain(d=5))
    assert texts.get([2, 4]) == ["-0.50", preview_kinds.UNREADABLE]
    with pytest.raises(ZeroDivisionError):
        texts.large(4)
    with pytest.raises(InputTypeError, match="functions"):
        preview.register_preview(None, str)
