"""Archives of the published layouts with a few images, served from this machine."""

import gzip
import hashlib
import io
import pickle
import tarfile

import numpy as np
import pytest
import scipy.io
from image_sets import contents, encoded, noise, read_source, same, stored, write_folder, write_zip

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import SourceSettings
from pipeline.datasets import torchvision_sets
from pipeline.datasets.preparation import prepare
from twin_alignment.torchvision_shim import torchvision

DIGITS = tuple("0123456789")


def md5(data):
    return hashlib.md5(data).hexdigest()


def cifar(classes, batches, meta_key, label_key):
    """{file: bytes} of `batches` (name: labels), and their (label, file name, image)."""
    files, items = {}, {}
    for name, labels in batches.items():
        images = noise(name, (len(labels), 32, 32, 3))
        rows = images.transpose(0, 3, 1, 2).reshape(len(labels), -1)  # a row is all red, all green, all blue
        filenames = [f"{hashlib.md5(image).hexdigest()}.png" for image in images]  # in an order of their own
        files[name] = pickle.dumps({"data": rows, label_key: labels, "filenames": filenames})
        items[name] = list(zip(labels, filenames, images, strict=True))
    return files, items, pickle.dumps({meta_key: classes})


def tar(folder, files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def publish_cifar(monkeypatch, kind, classes, train, test, meta_name, meta_key, label_key):
    files, items, meta = cifar(classes, {**train, **test}, meta_key, label_key)
    archive = tar(kind.base_folder, {**files, meta_name: meta})
    monkeypatch.setattr(kind, "tgz_md5", md5(archive))
    monkeypatch.setattr(kind, "train_list", [[name, md5(files[name])] for name in train])
    monkeypatch.setattr(kind, "test_list", [[name, md5(files[name])] for name in test])
    monkeypatch.setattr(kind, "meta", {"filename": meta_name, "key": meta_key, "md5": md5(meta)})
    found = [sorted((item for name in names for item in items[name]), key=lambda i: i[:2]) for names in (train, test)]
    splits = [[(label, image) for label, _, image in split] for split in found]
    return {kind.filename: archive}, classes, splits


def publish_cifar10(monkeypatch):
    kind = torchvision.datasets.CIFAR10
    train, test = {"data_batch_1": [0, 1, 1], "data_batch_2": [2, 0]}, {"test_batch": [1, 2]}
    classes = ("plane", "car", "bird")
    return publish_cifar(monkeypatch, kind, classes, train, test, "batches.meta", "label_names", "labels")


def publish_cifar100(monkeypatch):
    kind = torchvision.datasets.CIFAR100
    train, test = {"train": [1, 0, 1, 1, 0]}, {"test": [1, 0, 1]}
    return publish_cifar(monkeypatch, kind, ("apple", "bear"), train, test, "meta", "fine_label_names", "fine_labels")


def publish_svhn(monkeypatch):
    files, splits, listed = {}, {"train": [], "test": []}, {}
    for split, labels in (("train", [10, *range(1, 10)]), ("extra", [7, 10, 1]), ("test", [3, 10])):
        images = noise(split, (len(labels), 32, 32, 3))
        buffer = io.BytesIO()
        scipy.io.savemat(buffer, {"X": np.moveaxis(images, 0, -1), "y": np.array(labels, np.uint8)[:, None]})
        name = f"{split}_32x32.mat"
        files[name] = buffer.getvalue()
        listed[split] = [name, name, md5(files[name])]
        items = [(label % 10, image) for label, image in zip(labels, images, strict=True)]  # 10 stands for 0
        splits["test" if split == "test" else "train"] += items
    monkeypatch.setattr(torchvision.datasets.SVHN, "split_list", listed)
    return files, DIGITS, list(splits.values())


def publish_fashion_mnist(monkeypatch):
    files, splits = {}, []
    for split, labels in (("train", [*range(10), 3]), ("t10k", [9, 0])):
        images = noise(split, (len(labels), 28, 28))
        sizes = (np.array(shape, ">i4").tobytes() for shape in (images.shape, [len(labels)]))
        contents = {"images-idx3": images.tobytes(), "labels-idx1": bytes(labels)}
        for (name, data), size in zip(contents.items(), sizes, strict=True):
            magic = bytes([0, 0, 8, int(name[-1])])  # unsigned bytes, number of dimensions
            files[f"{split}-{name}-ubyte.gz"] = gzip.compress(magic + size + data)
        splits.append(list(zip(labels, images, strict=True)))
    kind = torchvision.datasets.FashionMNIST
    monkeypatch.setattr(kind, "resources", [(name, md5(data)) for name, data in files.items()])
    return files, tuple(kind.classes), splits


PUBLISH = {
    "cifar10": publish_cifar10,
    "cifar100": publish_cifar100,
    "svhn": publish_svhn,
    "fashion_mnist": publish_fashion_mnist,
}


def set_address(monkeypatch, source, url):
    datasets = torchvision.datasets
    if source == "svhn":
        listed = {split: [url + name, name, digest] for split, (_, name, digest) in datasets.SVHN.split_list.items()}
        monkeypatch.setattr(datasets.SVHN, "split_list", listed)
    elif source == "fashion_mnist":
        monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [url])
    else:
        kind = getattr(datasets, source.upper())
        monkeypatch.setattr(kind, "url", url + kind.filename)


@pytest.fixture(params=PUBLISH)
def published(request, tmp_path, monkeypatch, serve):
    """(name, files, check of what was read, requests so far) of a source whose archives are on the web."""
    files, names, splits = PUBLISH[request.param](monkeypatch)
    url, asked = serve(write_folder(tmp_path / "web", files))
    set_address(monkeypatch, request.param, url)

    def check(images):
        assert images.class_names == names
        for items, expected in zip(stored(images), splits, strict=True):
            assert same(items, expected)

    return request.param, files, check, asked


packed = pytest.mark.parametrize("published", ["cifar10", "cifar100", "fashion_mnist"], indirect=True)


def folder_of(source, downloads):
    return downloads / "FashionMNIST" / "raw" if source == "fashion_mnist" else downloads


def test_archives_are_fetched_once_and_then_need_no_network(published, tmp_path):
    source, files, check, asked = published
    for _ in range(2):
        check(read_source(source, tmp_path / "downloads"))
        assert sorted(asked) == sorted(f"/{name}" for name in files)


def test_damaged_and_partial_archives_are_replaced(published, tmp_path):
    source, files, check, _ = published
    place = folder_of(source, tmp_path / "downloads")
    for spoil in (lambda data: data[: len(data) // 2], lambda data: data[:-1] + b"x", lambda data: b""):
        write_folder(place, {name: spoil(data) for name, data in files.items()})
        for unpacked in place.glob("*-ubyte"):
            unpacked.unlink()
        for unpacked in place.glob("cifar-*/*"):
            unpacked.unlink()
        check(read_source(source, tmp_path / "downloads"))
        assert all((place / name).read_bytes() == data for name, data in files.items())


@packed
def test_unpacked_files_alone_need_no_network_and_damaged_ones_are_unpacked_again(published, tmp_path):
    source, files, check, asked = published
    read_source(source, tmp_path)
    unpacked = [
        path for path in tmp_path.rglob("*") if path.is_file() and path.name not in files and "web" not in path.parts
    ]
    for path in unpacked:
        whole = path.read_bytes()
        for damaged in (whole[:-2], b""):
            path.write_bytes(damaged)
            check(read_source(source, tmp_path))
            assert path.read_bytes() == whole
    asked.clear()
    for name in files:
        (folder_of(source, tmp_path) / name).unlink()
    check(read_source(source, tmp_path))
    assert asked == []


@pytest.mark.parametrize("state", ["missing", "damaged"])
def test_offline_one_sentence_names_file_folder_and_address(published, tmp_path, monkeypatch, offline, state):
    source, files, _, _ = published
    set_address(monkeypatch, source, offline)
    place = folder_of(source, tmp_path / "downloads")
    name = next(iter(files))
    if state == "damaged":
        write_folder(place, {name: b"half"})
    with pytest.raises(FileNotFoundError) as caught:
        read_source(source, tmp_path / "downloads")
    message = str(caught.value)
    assert message.startswith(f"{name}: {state} in {place}, and it could not be fetched")
    assert f"put the file from {offline}{name} (md5 {md5(files[name])}) there by hand" in message
    assert "or set `downloads` to where it is" in message
    if source.startswith("cifar"):
        assert f"{source}*.zip or a folder {source}/" in message
    assert "\n" not in message
    if state == "damaged":
        assert (place / name).read_bytes() == b"half"  # nobody's file is lost before there is a better one


def test_another_file_at_the_address_is_not_taken(published, tmp_path):
    source, files, _, _ = published
    name = next(iter(files))
    write_folder(tmp_path / "web", {name: b"a page that asks to log in"})
    with pytest.raises(FileNotFoundError, match=rf"{name}: missing .* \(it has another digest\)"):
        read_source(source, tmp_path / "downloads")
    assert [path for path in (tmp_path / "downloads").rglob("*") if path.is_file()] == []


def png_files(files):
    """{path: bytes} of a published CIFAR-100."""
    members = {}
    with tarfile.open(fileobj=io.BytesIO(files["cifar-100-python.tar.gz"])) as archive:
        for split in ("train", "test"):
            batch = pickle.load(archive.extractfile(f"cifar-100-python/{split}"))
            for row, label, name in zip(batch["data"], batch["fine_labels"], batch["filenames"], strict=True):
                image = encoded(row.reshape(3, 32, 32).transpose(1, 2, 0))
                members[f"{split}/{('apple', 'bear')[label]}/{name}"] = image
    return members


def store_of(source, downloads, out, **settings):
    prepare("cifar100", SourceSettings(source=source, **settings), downloads, out)
    return contents(out)


@pytest.mark.parametrize("published", ["cifar100"], indirect=True)
def test_the_same_images_as_files_give_the_same_store(published, tmp_path, monkeypatch):
    """By name or as a `folder`, in a folder or in several archives: runs on all of these have the same inputs."""
    source, files, _, asked = published
    monkeypatch.setattr(torchvision_sets, "CIFAR_IMAGES", {"train": 5, "test": 3})
    fetched = store_of(source, tmp_path / "web_downloads", tmp_path / "fetched")
    asked.clear()
    members = png_files(files)
    folder = write_folder(tmp_path / "downloads" / "cifar100", members)
    stores = [
        store_of(source, tmp_path / "downloads", tmp_path / "by_name"),
        store_of("folder", tmp_path, tmp_path / "from_folder", paths=(str(folder),)),
    ]
    packed = tmp_path / "packed"
    packed.mkdir()
    for name, half in (("cifar100_a", slice(0, 4)), ("cifar100_b", slice(4, None))):
        write_zip(packed / f"{name}.zip", dict(list(members.items())[half]))
    stores.append(store_of(source, packed, tmp_path / "from_archives"))
    assert stores == [fetched] * 3
    assert len(fetched) == 5
    assert asked == []
    write_zip(packed / "cifar100_a.zip", dict(list(members.items())[1:4]))
    with pytest.raises(SettingsError, match=r"cifar100_b.zip: expected 5 train images, got 4"):
        read_source(source, packed)
