import pytest
import torch
from torch.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from workbench.data import official_test, open_data
from workbench.data.loader_split import LoaderSplit
from workbench.errors import DataError


def _tensors(count, classes=4, first=0):
    images = torch.arange(first, first + count, dtype=torch.float32).view(-1, 1, 1, 1)
    return TensorDataset(images.expand(-1, 3, 2, 2).clone(), torch.arange(count) % classes)


class Items(Dataset):
    """Keeps no labels: they come with the items."""

    def __init__(self, items, **attributes):
        self.items = items
        self.__dict__.update(attributes)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def _ids(split, **options):
    return [int(v) for inputs, _ in split.batches(8, **options) for v in inputs[:, 0, 0, 0]]


def test_three_loaders_are_train_validation_and_test():
    data = open_data(
        tuple(DataLoader(_tensors(n), batch_size=7, shuffle=n == 40) for n in (40, 20, 30))
    )
    assert [len(s) for s in (data.train, data.validation, data.test)] == [40, 20, 30]
    assert data.input_shape == (3, 2, 2)
    assert data.classes == ("0", "1", "2", "3")
    assert data.name == "TensorDataset"
    assert data.notes == ()


def test_of_two_loaders_the_second_is_divided_and_noted():
    data = open_data((DataLoader(_tensors(40)), DataLoader(_tensors(30))))
    assert (len(data.validation), len(data.test)) == (6, 24)
    assert sorted(_ids(data.validation) + _ids(data.test)) == list(range(30))
    assert _ids(official_test(data)) == list(range(30))
    assert "30 test images" in data.notes[0]


def test_plain_data_sets_are_accepted_too():
    data = open_data([_tensors(40), _tensors(20), _tensors(30)])
    assert _ids(data.test) == list(range(30))


def test_unshuffled_batches_keep_order_and_labels_though_the_loader_shuffles():
    loader = DataLoader(_tensors(40), batch_size=16, shuffle=True, drop_last=True)
    data = open_data((loader, _tensors(20), _tensors(20)))
    assert _ids(data.train) == list(range(40))
    assert data.train.labels.tolist() == [index % 4 for index in range(40)]


def test_shuffled_batches_are_drawn_from_the_generator():
    data = open_data([_tensors(40), _tensors(20), _tensors(20)])
    first, again, other = (
        _ids(data.train, shuffle=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert first == again != other
    assert sorted(first) == list(range(40))


def test_the_loaders_own_collate_function_is_used():
    def doubled(items):
        images, labels = zip(*items, strict=True)
        return 2 * torch.stack(images), 3 - torch.stack(labels)

    data = open_data((_tensors(40), _tensors(20), DataLoader(_tensors(20), collate_fn=doubled)))
    assert _ids(data.test) == list(range(0, 40, 2))
    assert data.test.labels[:4].tolist() == [3, 2, 1, 0]


def test_workers_give_the_same_batches():
    loader = DataLoader(_tensors(20), num_workers=1)
    split = LoaderSplit(loader.dataset, loader, "the test loader")
    assert _ids(split) == list(range(20))


def test_a_subset_sampler_stays_a_subset():
    everything = _tensors(40)
    train = DataLoader(everything, sampler=SubsetRandomSampler(range(30)))
    held = DataLoader(everything, sampler=SubsetRandomSampler(range(30, 40)))
    data = open_data((train, held, _tensors(20)))
    assert sorted(_ids(data.train)) == list(range(30))
    assert sorted(_ids(data.validation)) == list(range(30, 40))


def test_another_sampler_is_noted_because_every_input_is_read_once():
    sampler = WeightedRandomSampler([1.0] * 40, 10)
    data = open_data((DataLoader(_tensors(40), sampler=sampler), _tensors(20), _tensors(20)))
    assert _ids(data.train) == list(range(40))
    assert "WeightedRandomSampler of the train loader is not used" in data.notes[0]


def test_the_probe_set_is_read_once_and_kept():
    reads = []

    class Counted(Items):
        def __getitem__(self, index):
            reads.append(index)
            return super().__getitem__(index)

    data = open_data((_tensors(40), Counted(list(_tensors(20))), _tensors(20)), probe_size=8)
    reads.clear()
    assert _ids(data.probe) == _ids(data.probe)
    assert len(data.probe) == 8
    assert reads == []


@pytest.mark.parametrize(
    "wrap", [lambda d: d, lambda d: Subset(d, range(200)), lambda d: ConcatDataset([d])]
)
def test_labels_are_taken_from_where_the_data_set_keeps_them(wrap):
    reads = []

    class Counted(Items):
        def __getitem__(self, index):
            reads.append(index)
            return super().__getitem__(index)

    kept = _tensors(200)
    dataset = wrap(Counted(list(kept), targets=kept.tensors[1].tolist()))
    assert LoaderSplit(dataset, DataLoader(dataset), "x").labels.tolist() == [
        i % 4 for i in range(200)
    ]
    assert len(reads) <= 32


def test_labels_of_tensors_are_taken_as_they_are():
    dataset = _tensors(12)
    assert LoaderSplit(dataset, DataLoader(dataset), "x").labels.tolist() == [0, 1, 2, 3] * 3


def test_kept_labels_are_not_believed_where_items_say_otherwise():
    dataset = Items(list(_tensors(12)), targets=[0] * 12)
    assert LoaderSplit(dataset, DataLoader(dataset), "x").labels[:4].tolist() == [0, 1, 2, 3]


def test_class_names_of_the_data_set_are_used():
    named = Items(list(_tensors(40)), classes=["a", "b", "c", "d"])
    assert open_data((named, _tensors(20), _tensors(20))).classes == ("a", "b", "c", "d")
    assert open_data((Subset(named, range(30)), _tensors(20))).classes == ("a", "b", "c", "d")


class Stream(IterableDataset):
    def __iter__(self):
        yield from _tensors(4)


def _items(*pairs):
    return Items(list(pairs))


IMAGE = torch.zeros(3, 2, 2)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (DataLoader(_tensors(0)), r"the held-out loader must hold at least one input, got 0"),
        (_tensors(0), r"the held-out loader must hold at least one input, got 0"),
        (DataLoader(Stream()), r"the held-out loader must have a map-style.*iterable Stream"),
        (Stream(), r"must be a DataLoader, got a Stream"),
        ([1, 2], r"must be a DataLoader, got a list"),
        (DataLoader(_tensors(9), batch_size=None), r"got batch_size=None"),
        (_items((IMAGE, 0, 1)), r"pairs \(inputs, labels\), got a list of 3"),
        (_items({"image": IMAGE}), r"pairs \(inputs, labels\), got a dict"),
        (_items((IMAGE.byte(), 0)), r"floating-point tensor, got torch.uint8 of shape \(1, 3, 2"),
        (_items((IMAGE, 0.5)), r"tensor of integers, got torch.float64"),
        (_items((IMAGE, torch.tensor([1, 0]))), r"shape \(1,\), got \(1, 2\)"),
        (_items((IMAGE / 0, 0)), r"held-out loader must be finite"),
        (_items((torch.zeros(3, 4, 4), 0)), r"\(3, 4, 4\) from the held-out.*\(3, 2, 2\) from"),
        (_tensors(9, classes=5), r"test labels must be in 0 to 3.* got 4 at position 4"),
    ],
)
def test_loaders_that_cannot_be_used_are_refused_by_name(bad, message):
    with pytest.raises(DataError, match=message):
        open_data((_tensors(40), bad))


@pytest.mark.parametrize("count", [0, 1, 4])
def test_other_than_two_or_three_loaders_are_refused(count):
    with pytest.raises(DataError, match=f"two or three, got {count}"):
        open_data((_tensors(10),) * count)


def test_normalize_is_refused_as_the_transform_decides():
    with pytest.raises(DataError, match="normalize cannot be applied to loaders"):
        open_data((_tensors(10), _tensors(10)), normalize=((0.5,) * 3, (0.5,) * 3))
