"""Open data: the bundled digits, torchvision sets, .npz arrays, or your own loaders."""

from workbench.data.dataset import Dataset, Split
from workbench.data.heldout import official_test
from workbench.data.opening import data_names, open_data

__all__ = ["Dataset", "Split", "data_names", "official_test", "open_data"]
