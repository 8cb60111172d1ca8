"""The three sources of MNIST, and the messages about files that are not MNIST."""

import functools
import gzip
import hashlib
import http.server
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from grader.data import DataError, fetch, find_data, load_arrays
from grader.data.sources import SAMPLE

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def images_file(count: int, side: int = 28, seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, count * side * side, dtype=np.uint8)
    return struct.pack(">4i", 2051, count, side, side) + pixels.tobytes()


def labels_file(count: int) -> bytes:
    return struct.pack(">2i", 2049, count) + bytes(i % 10 for i in range(count))


CONTENTS = dict(zip(NAMES, (images_file(7), labels_file(7), images_file(5, seed=1), labels_file(5)), strict=True))


def write(folder: Path, name: Callable[[str], str] = str, packed: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for key, content in CONTENTS.items():
        (folder / name(key)).write_bytes(gzip.compress(content) if packed else content)
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache" / "grader"
    monkeypatch.setenv("GRADER_CACHE", str(folder))
    return folder


# --- the sample -----------------------------------------------------------------------------------------------------


def test_the_sample_is_real_mnist_balanced_and_small(cache: Path) -> None:
    source = find_data()
    arrays = load_arrays(source)
    assert (source.kind, source.folder) == ("sample", SAMPLE)
    # Thresholds were measured on this very sample: with another one they have to be measured again.
    assert source.sha256 == "92d2480a35459d4a9c482b73dba5fb8626330b7d77251748f0f2111c3675b1e8"
    assert arrays.train_images.shape == (8192, 28, 28)
    assert arrays.test_images.shape == (1024, 28, 28)
    assert (arrays.train_images.dtype, arrays.train_labels.dtype) == (np.uint8, np.int64)
    assert set(np.bincount(arrays.train_labels)) == {819, 820}
    assert set(np.bincount(arrays.test_labels)) == {102, 103}
    # MNIST as published: pixels have mean 0.1307 and deviation 0.3081; its first training images are 5 0 4 1 9 2.
    assert arrays.train_images.mean() / 255 == pytest.approx(0.1307, abs=0.002)
    assert arrays.train_images.std() / 255 == pytest.approx(0.3081, abs=0.002)
    assert arrays.train_labels[:6].tolist() == [5, 0, 4, 1, 9, 2]
    assert len({image.tobytes() for image in arrays.train_images}) == 8192
    assert sum(path.stat().st_size for path in SAMPLE.glob("*.gz")) < 2_000_000


def test_the_sample_is_described_for_a_report(cache: Path) -> None:
    text = find_data(sample=True).describe()
    assert text == "the sample that ships with grader (8,192 training and 1,024 test images of MNIST)"


def test_the_samples_archives_hold_no_time_and_no_name() -> None:
    for path in SAMPLE.glob("*.gz"):
        flags, mtime = path.read_bytes()[3], path.read_bytes()[4:8]
        assert (flags, mtime) == (0, b"\0\0\0\0")


def test_a_nearest_mean_classifier_learns_from_the_sample(cache: Path) -> None:
    arrays = load_arrays(find_data())
    means = np.stack([arrays.train_images[arrays.train_labels == digit].mean(0) for digit in range(10)]).reshape(10, -1)
    images = arrays.test_images.reshape(-1, 784).astype(float)
    distances = (images**2).sum(1)[:, None] - 2 * images @ means.T + (means**2).sum(1)
    assert 0.75 < (distances.argmin(1) == arrays.test_labels).mean() < 0.9  # 0.82 on all of MNIST


# --- a folder -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dot", [False, True])
@pytest.mark.parametrize("place", ["", "raw", "MNIST/raw"])
def test_a_folder_in_any_layout_is_read(tmp_path: Path, place: str, dot: bool, packed: bool) -> None:
    def name(key: str) -> str:
        return (key.replace("-idx", ".idx") if dot else key) + (".gz" if packed else "")

    write(tmp_path / place, name, packed)
    source = find_data(tmp_path)
    arrays = load_arrays(source)
    assert (source.kind, source.folder) == ("folder", tmp_path / place)
    assert (source.train_size, source.test_size) == (7, 5)
    assert source.sha256 == hashlib.sha256(b"".join(CONTENTS.values())).hexdigest()
    assert arrays.train_images.tobytes() == CONTENTS[NAMES[0]][16:]
    assert arrays.test_images.tobytes() == CONTENTS[NAMES[2]][16:]
    assert arrays.test_labels.tolist() == [0, 1, 2, 3, 4]
    assert arrays.train_images.flags.writeable
    assert str(tmp_path) in source.describe()
    assert "7 training and 5 test" in source.describe()


def test_torchvisions_own_layout_has_both_and_the_plain_file_is_taken(tmp_path: Path) -> None:
    write(tmp_path)
    for name in NAMES:
        (tmp_path / f"{name}.gz").write_bytes(b"not even gzip")
    assert find_data(tmp_path).train_size == 7


def test_a_folder_with_a_files_name_is_ignored(tmp_path: Path) -> None:
    write(tmp_path, lambda key: f"{key}.gz", packed=True)
    (tmp_path / NAMES[0]).mkdir()
    assert find_data(tmp_path).train_size == 7


def damaged(change: Callable[[bytes], bytes], name: str = NAMES[0]) -> tuple[str, bytes]:
    return name, change(CONTENTS[name])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (*damaged(lambda raw: raw[:-1]), "is truncated: its header says 7 images"),
        (*damaged(lambda raw: raw[:10]), "is not an IDX file of images"),
        (*damaged(lambda raw: b""), "is not an IDX file of images"),
        (*damaged(lambda raw: raw + b"x"), "has bytes after its last entry"),
        (*damaged(lambda raw: b"<html>" + raw), "is not an IDX file of images"),
        (*damaged(lambda raw: labels_file(7)), "is not an IDX file of images"),
        (*damaged(lambda raw: images_file(6)), "holds 6 images but train-labels-idx1-ubyte holds 7 labels"),
        (*damaged(lambda raw: images_file(7, side=32)), "are 32×32 pixels, not 28×28"),
        (
            *damaged(lambda raw: struct.pack(">4i", 2051, 2**31 - 1, 28, 28)),
            "2,147,483,647 images, which is impossible",
        ),
        (*damaged(lambda raw: struct.pack(">4i", 2051, 0, 28, 28)), "0 images, which is impossible"),
        (*damaged(lambda raw: struct.pack(">4i", 2051, -1, 28, 28)), "-1 images, which is impossible"),
        (*damaged(lambda raw: raw[:-1] + b"\x0a", NAMES[3]), "labels that are not digits from 0 to 9"),
        (*damaged(lambda raw: raw[:-1], NAMES[3]), "is truncated: its header says 5 labels"),
    ],
)
def test_damaged_files_are_refused_in_one_sentence(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (write(tmp_path) / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        find_data(tmp_path)
    assert said in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda packed: packed[:-30],
        lambda packed: b"",
        lambda packed: b"junk" + packed,
        lambda packed: packed[:200] + bytes(50) + packed[250:],
        lambda packed: packed[:-5] + bytes(5),
    ],
)
def test_damaged_archives_are_refused(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = write(tmp_path, lambda key: f"{key}.gz", packed=True) / f"{NAMES[0]}.gz"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=NAMES[0]):
        find_data(tmp_path)


def test_a_missing_file_or_folder_is_named(tmp_path: Path) -> None:
    (write(tmp_path) / NAMES[3]).unlink()
    with pytest.raises(DataError, match=r"does not hold MNIST: no t10k-labels-idx1-ubyte \(or"):
        find_data(tmp_path)
    with pytest.raises(DataError, match="There is no folder"):
        find_data(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is not a folder"):
        find_data(tmp_path / NAMES[0])


def test_changed_files_are_noticed_and_read_again(tmp_path: Path) -> None:
    before = find_data(write(tmp_path))
    (tmp_path / NAMES[2]).write_bytes(images_file(5, seed=2))
    (tmp_path / NAMES[2]).touch()
    with pytest.raises(DataError, match="changed"):
        load_arrays(before)
    (tmp_path / NAMES[3]).unlink()
    with pytest.raises(DataError, match=NAMES[3]):
        load_arrays(before)


# --- the cache ------------------------------------------------------------------------------------------------------


def test_the_cache_is_preferred_when_it_holds_mnist(cache: Path, tmp_path: Path) -> None:
    write(cache / "MNIST" / "raw")
    write(tmp_path / "mine")
    assert (find_data().kind, find_data().train_size) == ("cache", 7)
    assert "grader data fetch" in find_data().describe()
    assert find_data(sample=True).kind == "sample"
    assert find_data(tmp_path / "mine").kind == "folder"
    with pytest.raises(DataError, match="not both"):
        find_data(tmp_path / "mine", sample=True)


def test_an_incomplete_cache_is_ignored_and_a_damaged_one_is_reported(cache: Path) -> None:
    raw = write(cache / "MNIST" / "raw")
    (raw / NAMES[0]).write_bytes(CONTENTS[NAMES[0]][:-5])
    with pytest.raises(DataError, match=r"truncated.*grader data fetch"):
        find_data()
    (raw / NAMES[1]).unlink()
    assert find_data().kind == "sample"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A web server for torchvision to download from; yields the folder it serves."""
    from torchvision.datasets import MNIST

    folder = write(tmp_path / "served", lambda key: f"{key}.gz", packed=True)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{web.server_port}/"])
    digests = [(f"{name}.gz", hashlib.md5((folder / f"{name}.gz").read_bytes()).hexdigest()) for name in NAMES]
    monkeypatch.setattr(MNIST, "resources", digests)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    yield folder
    web.shutdown()
    thread.join()
    web.server_close()


def test_fetch_downloads_once_and_repairs(cache: Path, server: Path) -> None:
    source = fetch()
    assert (source.kind, source.train_size, source.folder) == ("cache", 7, cache / "MNIST" / "raw")
    assert find_data() == source
    assert [path.name for path in cache.iterdir()] == ["MNIST"]
    (source.folder / NAMES[0]).write_bytes(b"")
    assert fetch() == source
    for path in server.iterdir():
        path.unlink()
    assert fetch() == source  # it is there already: no request to the server


def test_fetch_leaves_nothing_behind_when_a_download_fails(cache: Path, server: Path) -> None:
    (server / f"{NAMES[2]}.gz").unlink()
    with pytest.raises(DataError, match="could not be downloaded") as caught:
        fetch()
    assert "--data" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(cache.iterdir()) == []
    assert find_data().kind == "sample"


def test_fetch_without_a_network_says_so(cache: Path, server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(DataError, match="check the network"):
        fetch()


def test_fetch_says_when_the_cache_cannot_be_written(cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where the folder should be")
    with pytest.raises(DataError, match="cannot be stored"):
        fetch()


def test_finding_data_needs_neither_torch_nor_numpy() -> None:
    program = "import sys, grader.data as d; d.find_data(sample=True); print({'torch', 'numpy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"
