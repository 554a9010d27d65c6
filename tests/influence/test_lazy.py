"""Lazy results of any factory, converters and aggregators."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dvlwidgets.errors import IdentityError, InputError, InputTypeError
from dvlwidgets.influence import (
    LazyChunkSequence,
    ListAggregator,
    NestedLazyChunkSequence,
    NestedListAggregator,
    NestedSequenceAggregator,
    NestedTorchCatAggregator,
    NumpyConverter,
    SequenceAggregator,
    TorchCatAggregator,
    TorchNumpyConverter,
    torch_dataset_to_dask_array,
)

WHOLE = torch.arange(70.0).reshape(7, 10)


def rows(sizes=(3, 1, 3)):
    yield from torch.split(WHOLE, sizes)


def nested(sizes=(3, 1, 3), columns=(4, 4, 2)):
    return (iter(torch.split(row, columns, dim=1)) for row in rows(sizes))


def test_a_sequence_is_read_as_often_as_one_likes():
    lazy = LazyChunkSequence(rows, 3)
    for _ in range(2):
        assert [len(block) for block in lazy] == [3, 1, 3]
        assert [len(block) for block in lazy.compute()] == [3, 1, 3]
    assert (len(lazy), lazy.shape, lazy.len_generator) == (3, (7, 10), 3)
    torch.testing.assert_close(lazy.compute(TorchCatAggregator()), WHOLE)
    assert len(lazy.compute(ListAggregator())) == 3


def test_nested_sequences_are_cut_in_both_directions():
    lazy = NestedLazyChunkSequence(nested, len_outer_generator=3)
    assert (len(lazy), lazy.shape) == (3, (7, 10))
    assert [[tuple(b.shape) for b in row] for row in lazy.compute()] == [
        [(k, 4), (k, 4), (k, 2)] for k in (3, 1, 3)
    ]
    assert len(lazy.compute(NestedListAggregator())) == 3
    torch.testing.assert_close(lazy.compute(NestedTorchCatAggregator()), WHOLE)


def test_a_length_that_is_not_known_is_said_and_lists_work_all_the_same():
    lazy = LazyChunkSequence(rows)
    assert len(list(lazy)) == 3
    with pytest.raises(InputTypeError, match="not known"):
        len(lazy)


def test_a_generator_in_place_of_a_factory_is_refused():
    for kind in (LazyChunkSequence, NestedLazyChunkSequence):
        with pytest.raises(InputTypeError, match="read only once"):
            kind(rows())


def test_aggregators_of_users_see_the_factory_and_the_iterator():
    class Largest(SequenceAggregator):
        def __call__(self, tensor_sequence):
            assert len(list(tensor_sequence.generator_factory())) == tensor_sequence.len_generator
            return max(float(block.max()) for block in tensor_sequence)

    class LargestOfAll(NestedSequenceAggregator):
        def __call__(self, nested_sequence_of_tensors):
            return max(float(b.max()) for row in nested_sequence_of_tensors.generator_factory() for b in row)

    assert LazyChunkSequence(rows, 3).compute(Largest()) == 69.0
    assert NestedLazyChunkSequence(nested).compute(LargestOfAll()) == 69.0


@pytest.mark.parametrize("sizes", [(3, 1, 3), (1, 5, 1), (7,), (2, 2, 2, 1)])
def test_blocks_of_any_sizes_are_stored_whole(tmp_path, sizes):
    stored = LazyChunkSequence(lambda: rows(sizes)).to_zarr(tmp_path / "a.zarr")
    np.testing.assert_array_equal(stored[:], WHOLE.numpy())
    assert stored.chunks == (sizes[0], 10)
    stored = NestedLazyChunkSequence(lambda: nested(sizes)).to_zarr(
        tmp_path / "b.zarr", TorchNumpyConverter()
    )
    np.testing.assert_array_equal(stored[:], WHOLE.numpy())
    assert stored.chunks == (sizes[0], 4)


def test_a_factory_has_no_key_so_its_array_is_never_gone_on_with(tmp_path):
    lazy = LazyChunkSequence(rows)
    assert lazy.to_zarr(tmp_path / "a.zarr", return_stored=False) is None
    with pytest.raises(IdentityError, match="overwrite=True"):
        lazy.to_zarr(tmp_path / "a.zarr")
    assert lazy.to_zarr(tmp_path / "a.zarr", overwrite=True, chunks=(2,)).chunks == (2, 10)


def test_an_own_converter_decides_what_is_stored(tmp_path):
    class Halves(NumpyConverter):
        def to_numpy(self, x):
            return x.numpy().astype(np.float16)

        def from_numpy(self, x):
            return torch.from_numpy(x)

    assert LazyChunkSequence(rows).to_zarr(tmp_path / "a.zarr", Halves()).dtype == np.float16
    with pytest.raises(InputTypeError, match="TorchNumpyConverter"):
        LazyChunkSequence(rows).to_zarr(tmp_path / "b.zarr", converter="torch")


def test_tensors_become_arrays_and_back():
    converter = TorchNumpyConverter(device="cpu")
    tensor = torch.ones(2, 3, requires_grad=True)
    assert converter.to_numpy(tensor).dtype == np.float32
    assert converter.to_numpy(tensor.bfloat16()).dtype == np.float32
    frozen = np.arange(4)[::2]
    frozen.setflags(write=False)
    assert converter.from_numpy(frozen).tolist() == [0, 2]


def test_a_torch_data_set_becomes_dask_arrays_of_the_declared_types():
    x, y = torch.randn(7, 3, dtype=torch.float64), torch.arange(7)
    data = torch.utils.data.TensorDataset(x, y)
    for chunk in (3, 1, 10):
        ours = torch_dataset_to_dask_array(data, chunk_size=chunk)
        assert [a.dtype for a in ours] == [np.float32, np.int64]
        assert [a.compute().dtype for a in ours] == [np.float32, np.int64]
        assert ours[0].chunks[0] == ours[1].chunks[0]
        np.testing.assert_array_equal(ours[0].compute(), x.float().numpy())
        np.testing.assert_array_equal(ours[1].compute(), y.numpy())
    assert torch_dataset_to_dask_array(data, 3, resulting_dtype=None)[0].dtype == np.float64
    assert torch_dataset_to_dask_array(data, 3, total_size=4)[1].shape == (4,)


def test_data_sets_without_samples_or_length_are_refused():
    class Endless:
        def __getitem__(self, i):
            return torch.ones(2), i

    assert torch_dataset_to_dask_array(Endless(), 2, total_size=3)[0].shape == (3, 2)
    with pytest.raises(InputError, match="total_size"):
        torch_dataset_to_dask_array(Endless(), 2)
    with pytest.raises(InputError, match="empty"):
        torch_dataset_to_dask_array([], 2)
    with pytest.raises(InputError, match="chunk_size"):
        torch_dataset_to_dask_array([(torch.ones(1), 0)], 0)
