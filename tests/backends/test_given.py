"""What inputs are given: files, images, words; and how it fits."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import numpy_helper, parser

from archcheck import analyze
from archcheck.backends.feeds import feeds, positions
from archcheck.backends.filled import ready
from archcheck.backends.given import Given, given
from archcheck.backends.images import Scaling
from archcheck.backends.ort import Measured
from archcheck.backends.saving import saving
from archcheck.errors import UserError
from archcheck.report import Report
from archcheck.writers.onnx import export
from tests.backends._models import HEAD, SMALL, saved

PLAIN = Scaling()
IMAGE = HEAD + "(float[N, 3, H, W] x) => (float[N, 3, H, W] y) { y = Relu(x) }"


def report(text: str) -> Report:
    return analyze(parser.parse_model(text))


def give(text: str, *said: str, scaling: Scaling = PLAIN, **sizes: int) -> Given:
    return given(analyze(parser.parse_model(text), sizes), said, sizes, scaling)


def npy(folder: Path, array: Any, name: str = "x.npy") -> str:
    np.save(folder / name, array)
    return str(folder / name)


class TestFiles:
    def test_an_array_binds_the_sizes(self, tmp_path: Path) -> None:
        x = np.ones((2, 3, 4), "f4")
        found = give(SMALL, f"x={npy(tmp_path, x)}", S=7)
        assert found.values["ids"] == "random" and found.sizes == {"N": 2, "C": 3, "S": 7}
        np.testing.assert_array_equal(found.values["x"], x)

    def test_one_array_of_several_is_found_by_name(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "both.npz", x=np.ones((1, 1, 4), "f4"), ids=np.zeros((1, 2), "i8"))
        found = give(SMALL, f"x={tmp_path / 'both.npz'}", f"ids={tmp_path / 'both.npz'}")
        assert found.values["ids"].shape == (1, 2)

    def test_precision_may_be_lost_and_nothing_else(self, tmp_path: Path) -> None:
        found = give(SMALL, f"x={npy(tmp_path, np.full((1, 1, 4), 0.1))}")
        assert found.values["x"].dtype == "float32" and "converted from float64" in found.sources["x"]
        with pytest.raises(UserError, match="holds float64, and the input 'ids' takes int64"):
            give(SMALL, f"ids={npy(tmp_path, np.ones((1, 2)))}")

    @pytest.mark.parametrize(("shape", "said"), [
        ((2, 4), "holds 2 × 4, and the input 'x' takes N × C × 4: 2 axes where there have to be 3"),
        ((2, 3, 5), r"holds 2 × 3 × 5, and the input 'x' takes N × C × 4: axis 2 is 5 and has to be 4")])
    def test_a_shape_that_does_not_fit(self, shape: tuple[int, ...], said: str, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=said):
            give(SMALL, f"x={npy(tmp_path, np.ones(shape, 'f4'))}")

    def test_two_files_that_do_not_fit_each_other(self, tmp_path: Path) -> None:
        x, ids = npy(tmp_path, np.ones((2, 3, 4), "f4")), npy(tmp_path, np.ones((3, 1), "i8"), "ids.npy")
        with pytest.raises(UserError, match=r"axis 0 is [23] and has to be [23]"):
            give(SMALL, f"x={x}", f"ids={ids}")

    @pytest.mark.parametrize(("said", "wrong"), [
        ("x", "is not of the form NAME=WHAT"), ("ix=random", "no input called ix; did you mean x"),
        ("x=no.npy", "there is no file no.npy")])
    def test_words_that_are_none(self, said: str, wrong: str) -> None:
        with pytest.raises(UserError, match=wrong):
            give(SMALL, said)

    @pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\x03\x04 broken", b"\x80\x04pickle"])
    @pytest.mark.parametrize("suffix", ["npy", "npz"])
    def test_damaged_files(self, content: bytes, suffix: str, tmp_path: Path) -> None:
        path = tmp_path / f"x.{suffix}"
        path.write_bytes(content)
        with pytest.raises(UserError, match="cannot be read as a file of arrays"):
            give(SMALL, f"x={path}")

    def test_pickles_are_not_run(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.array([{}], object), allow_pickle=True)
        with pytest.raises(UserError, match="cannot be read as a file of arrays"):
            give(SMALL, f"x={tmp_path / 'x.npy'}")


class TestImages:
    @pytest.fixture
    def photo(self, tmp_path: Path) -> str:
        """6 × 4 pixels: red on the left, blue on the right."""
        image = pytest.importorskip("PIL.Image")
        pixels = np.zeros((4, 6, 3), np.uint8)
        pixels[:, :3, 0], pixels[:, 3:, 2] = 255, 255
        image.fromarray(pixels).save(tmp_path / "photo.png")
        return str(tmp_path / "photo.png")

    def test_channels_first_at_its_own_size(self, photo: str) -> None:
        found = give(IMAGE, f"x={photo}")
        x = found.values["x"]
        assert x.shape == (1, 3, 4, 6) and x.dtype == "float32" and found.sizes == {"N": 1, "H": 4, "W": 6}
        assert x[0, :, 0, 0].tolist() == [1, 0, 0] and x[0, :, 3, 5].tolist() == [0, 0, 1]

    def test_channels_last(self, photo: str) -> None:
        text = HEAD + "(float[N, H, W, 3] x) => (float[N, H, W, 3] y) { y = Relu(x) }"
        assert give(text, f"x={photo}").values["x"][0, 0, 0].tolist() == [1, 0, 0]

    def test_scaled_to_cover_and_cut_about_its_centre(self, photo: str) -> None:
        found = give(IMAGE, f"x={photo}", N=2, H=2, W=2)
        x = found.values["x"]  # 3 × 2 after scaling; half a column is cut at either side
        assert x.shape == (2, 3, 2, 2) and np.array_equal(x[0], x[1])
        assert x[0, 0, 0, 0] > 0.7 > 0.3 > x[0, 2, 0, 0] and x[0, 2, 0, 1] > 0.7
        done = "6 × 4, scaled to cover 2 × 2 and cut about its centre, RGB, divided by 255"
        assert done in found.sources["x"]

    def test_mean_and_std(self, photo: str) -> None:
        scaling = Scaling((0.5, 0.25, 0.0), (0.5,))
        x = give(IMAGE, f"x={photo}", scaling=scaling).values["x"]
        assert x[0, :, 0, 0].tolist() == [1, -0.5, 0]
        with pytest.raises(UserError, match="--mean has 2 numbers, and the image has 3 channels"):
            give(IMAGE, f"x={photo}", scaling=Scaling((1, 2)))

    def test_bytes_stay_bytes(self, photo: str) -> None:
        text = HEAD + "(uint8[1, H, W, 3] x) => (uint8[1, H, W, 3] y) { y = Identity(x) }"
        x = give(text, f"x={photo}").values["x"]
        assert x.dtype == "uint8" and x[0, 0, 0].tolist() == [255, 0, 0]

    def test_what_is_no_image(self, photo: str, tmp_path: Path) -> None:
        Path(photo).write_bytes(b"no image")
        with pytest.raises(UserError, match="cannot be read as an image"):
            give(IMAGE, f"x={photo}")
        text = HEAD + "(float[N, C, 5] x) => (float[N, C, 5] y) { y = Relu(x) }"
        with pytest.raises(UserError, match="N × C × 5, which is no image of 1, 3 or 4 channels"):
            give(text, f"x={photo}")


class TestFeeds:
    def test_indices_are_positions_that_there_are(self) -> None:
        at = {"N": 40, "C": 1, "S": 50}
        made = feeds(report(SMALL), at)
        assert made["x"].shape == (40, 1, 4) and abs(made["x"].mean()) < 0.3 and 0.7 < made["x"].std() < 1.3
        assert sorted(np.unique(made["ids"])) == [0, 1, 2, 3, 4]  # the table has 5 rows

    def test_indices_are_followed_through_casts_reshapes_and_bodies(self) -> None:
        text = HEAD + '''(int32[N, S] ids, bool c, int64[N] flag, float[7, 3] table)
            => (float[a, 3] y, int64[N] f) {
            a = Cast<to=7>(ids)
            s = Constant<value_ints=[-1]>()
            b = Reshape(a, s)
            y = If(c) <then_branch = then () => (float[d, 3] t) { t = Gather(table, b) },
                       else_branch = other () => (float[d, 3] u) { u = Gather(table, b) }>
            f = Identity(flag)
        }'''
        known = report(text)
        assert positions(known, "ids") == 7 and positions(known, "flag") is None
        flags = feeds(known, {"N": 500, "S": 2})["flag"]
        assert flags[0] == 1 and set(flags.tolist()) == {0, 1}

    def test_the_same_seed_gives_the_same(self) -> None:
        known, at = report(SMALL), {"N": 2, "C": 2, "S": 2}
        one, two, other = feeds(known, at, 1), feeds(known, at, 1), feeds(known, at, 2)
        assert np.array_equal(one["x"], two["x"]) and not np.array_equal(one["x"], other["x"])

    def test_words(self) -> None:
        known, at = report(SMALL), {"N": 2, "C": 2, "S": 2}
        made = feeds(known, at, given={"x": "zeros", "ids": "ones"})
        assert not made["x"].any() and made["x"].dtype == "float32" and (made["ids"] == 1).all()

    def test_open_sizes_are_named(self) -> None:
        with pytest.raises(UserError, match=r"the sizes C, N of the input 'x' are open; bind them: --set C"):
            feeds(report(SMALL), {})

    def test_sequences(self) -> None:
        text = HEAD + "(seq(float[N]) x) => (float[M] y) { y = ConcatFromSequence<axis=0>(x) }"
        made = feeds(report(text), {"N": 3})
        assert [part.shape for part in made["x"]] == [(3,), (3,)]


class TestReady:
    def test_a_model_that_is_whole_is_run_as_it_is(self, tmp_path: Path) -> None:
        path = saved(tmp_path, SMALL)
        with ready(str(path)) as it:
            assert it.path == path and it.made == 0

    def test_weights_that_are_gone_are_made_up_in_a_folder_that_is_gone_after(self, tmp_path: Path) -> None:
        model = parser.parse_model(HEAD + "(float[N, 64] x) => (float[N, 64] y) { y = MatMul(x, w) }")
        model.graph.initializer.append(numpy_helper.from_array(np.ones((64, 64), "f4"), "w"))
        stripped = tmp_path / "stripped.onnx"
        export(model, stripped, weights="none")
        with ready(str(stripped)) as it:
            assert it.path.is_file() and it.path != stripped and it.made == 1
            folder = it.path.parent
        assert not folder.exists() and stripped.is_file()

    def test_a_specification_is_built(self) -> None:
        with ready("specs:lenet5") as it:
            assert it.path.is_file() and it.report.graph.family is not None
        assert not it.path.exists()


class TestSaving:
    VALUES = (Measured("a/b", "float32", (2,), None, np.array([1, np.nan], "f4")),
              Measured("file", "string", (1,), None, np.array(["é"], object)),
              Measured("s", "seq(int64)", [(1,), (2,)], None, [np.array([1]), np.array([2, 3])]),
              Measured("none", "opt(float32)", None, None, None))

    def save(self, path: Path) -> None:
        with saving(path, [value.name for value in self.VALUES]) as put:
            for value in self.VALUES:
                put(value)

    def test_npz(self, tmp_path: Path) -> None:
        self.save(tmp_path / "out.npz")
        with np.load(tmp_path / "out.npz", allow_pickle=False) as found:
            assert set(found) == {"a/b", "file", "s[0]", "s[1]"}
            np.testing.assert_array_equal(found["a/b"], np.array([1, np.nan], "f4"))
            assert found["file"].tolist() == ["é"] and found["s[1]"].tolist() == [2, 3]

    def test_json(self, tmp_path: Path) -> None:
        self.save(tmp_path / "out.json")
        values = json.loads((tmp_path / "out.json").read_text("utf-8"))["values"]
        assert values["a/b"] == {"dtype": "float32", "shape": [2], "data": [1.0, "NaN"]}
        assert values["s"] == {"dtype": "seq(int64)", "shape": [[1], [2]], "data": [[1], [2, 3]]}
        assert values["none"]["data"] is None

    def test_npy_holds_one(self, tmp_path: Path) -> None:
        with saving(tmp_path / "out.npy", ["a/b"]) as put:
            put(self.VALUES[0])
        assert np.load(tmp_path / "out.npy")[0] == 1
        with pytest.raises(UserError, match="holds one array, and there are 4 values"):
            self.save(tmp_path / "out.npy")

    def test_other_suffixes(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=r"should end in \.npz, \.npy or \.json"):
            self.save(tmp_path / "out.txt")

    def test_nothing_is_left_of_a_run_that_fails(self, tmp_path: Path) -> None:
        saver = saving(tmp_path / "out.npz", ["a"])
        saver.__enter__()(self.VALUES[0])
        assert list(tmp_path.iterdir())
        saver.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
        assert list(tmp_path.iterdir()) == []
