"""Simple corruptions of images: what a camera, a lens or a file format does to them.

A pruned network can keep its accuracy on clean data and lose it here. The kinds are among those of
Hendrycks and Dietterich, at strengths between their first and second.

Reference:
    Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and
    Perturbations, arXiv:1903.12261; Hooker et al., What Do Compressed Deep Neural Networks
    Forget?, arXiv:1911.05248, for measuring pruned networks by them.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import PIL.Image
import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur, to_pil_image, to_tensor

from workbench.data.dataset import Split
from workbench.data.pictures import normalization_of
from workbench.data.splits import check_batch_size
from workbench.errors import DataError

_NOISE, _BRIGHTER, _CONTRAST, _QUALITY = 0.08, 0.2, 0.5, 50
_BLUR_OF_SIDE, _LEAST_BLUR = 0.01, 0.6  # standard deviation of the blur

Corruption = Callable[[Tensor, torch.Generator], Tensor]
"""From images ``(B, C, H, W)`` in [0, 1] to such images, which may leave the range."""


def noise(images: Tensor, random: torch.Generator) -> Tensor:
    """Gaussian noise of standard deviation 0.08."""
    return images + _NOISE * torch.randn(images.shape, generator=random)


def blur(images: Tensor, _: torch.Generator) -> Tensor:
    """Gaussian blur: its standard deviation is 1 % of the image's side, at least 0.6 pixels."""
    sigma = max(_BLUR_OF_SIDE * max(images.shape[-2:]), _LEAST_BLUR)
    size = 2 * max(1, round(3 * sigma)) + 1
    smallest = min(images.shape[-2:])
    size = min(size, 2 * smallest - 1)  # what reflected edges allow
    blurred: Tensor = gaussian_blur(images, [size, size], [sigma, sigma])
    return blurred


def contrast(images: Tensor, _: torch.Generator) -> Tensor:
    """Half of the contrast, around each image's mean."""
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + _CONTRAST * (images - mean)


def brightness(images: Tensor, _: torch.Generator) -> Tensor:
    """Brighter by a fifth of the range."""
    return images + _BRIGHTER


def jpeg(images: Tensor, _: torch.Generator) -> Tensor:
    """Compressed as JPEG at quality 50."""
    coarse = (images.clamp(0, 1) * 255).round().to(torch.uint8)
    return torch.stack([_through_jpeg(image) for image in coarse])


def _through_jpeg(image: Tensor) -> Tensor:
    """A uint8 image ``(C, H, W)`` after compression, as floats in [0, 1]."""
    file = io.BytesIO()
    to_pil_image(image).save(file, format="JPEG", quality=_QUALITY)
    with PIL.Image.open(file) as found:
        floats: Tensor = to_tensor(found)
    return floats


CORRUPTIONS: Mapping[str, Corruption] = MappingProxyType(
    {
        "noise": noise,
        "blur": blur,
        "contrast": contrast,
        "brightness": brightness,
        "jpeg": jpeg,
    }
)
"""By name; another one is one line here."""


@dataclass(frozen=True)
class Scale:
    """How the numbers of a split become images in [0, 1], and back.

    Attributes:
        offset, factor: ``images * factor + offset`` are the split's numbers, shape ``(C, 1, 1)``.
        known: Whether the data's normalisation is known; if not, the range of its numbers is taken
            for that of the images.
    """

    offset: Tensor
    factor: Tensor
    known: bool

    @classmethod
    def of(cls, split: Split) -> "Scale":
        """The scale of a split of images.

        Raises:
            DataError: If its inputs are no images of one or three channels.
        """
        inputs, _ = next(iter(split.batches(256)))
        if inputs.ndim != 4 or inputs.shape[1] not in (1, 3):
            raise DataError(
                "corruptions are for images of shape (1 or 3, height, width), got inputs of shape "
                f"{tuple(inputs.shape[1:])}."
            )
        normalization = normalization_of(split)
        if normalization is not None:
            mean, std = (
                torch.tensor(v).view(-1, 1, 1) for v in (normalization.mean, normalization.std)
            )
            return cls(mean.neg() / std, 1 / std, known=True)
        low, high = inputs.min().view(1, 1, 1), inputs.max().view(1, 1, 1)
        in_range = bool(low >= 0) and bool(high <= 1)
        if in_range:
            return cls(torch.zeros(1, 1, 1), torch.ones(1, 1, 1), known=True)
        return cls(low, (high - low).clamp(min=1e-12), known=False)


@dataclass(frozen=True, eq=False)
class CorruptedSplit:
    """A split whose images are corrupted, the same way every time.

    Attributes:
        clean: The split.
        corruption: What is done to its images, before they are normalised.
        scale: From its numbers to images and back.
        seed: Draws what is random.
    """

    clean: Split
    corruption: Corruption
    scale: Scale
    seed: int = 0

    @property
    def labels(self) -> Tensor:
        """Class of every input, shape ``(N,)``, int64."""
        return self.clean.labels

    def __len__(self) -> int:
        return len(self.clean)

    def batches(
        self, batch_size: int, *, shuffle: torch.Generator | None = None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield corrupted inputs, normalised as the clean ones are, and labels."""
        check_batch_size(batch_size)
        random = torch.Generator().manual_seed(self.seed)
        for inputs, labels in self.clean.batches(batch_size, shuffle=shuffle):
            images = (inputs - self.scale.offset) / self.scale.factor
            corrupted = self.corruption(images, random).clamp(0, 1)
            yield corrupted * self.scale.factor + self.scale.offset, labels
