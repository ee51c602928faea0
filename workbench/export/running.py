"""Running a PyTorch module the way files are run: arrays in, arrays out."""

import numpy as np
import torch
from torch import nn

from workbench.export.checking import Run


def module_runner(module: nn.Module) -> Run:
    """What runs a module, which must be in evaluation mode, batch by batch."""

    def run(inputs: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return np.asarray(module(torch.from_numpy(inputs)).numpy())

    return run
