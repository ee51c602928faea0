"""What a result may depend on beside the recipe: versions, processor, threads."""

import platform

import numpy as np
import torch

import workbench


def versions() -> dict[str, str]:
    """By name, as they are here and now."""
    return {
        "workbench": workbench.__version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
        "threads": str(torch.get_num_threads()),
    }
