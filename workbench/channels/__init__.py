"""What there is to see of the single channels of a unit."""

from workbench.channels.importances import Importances
from workbench.channels.pictures import WeightPictures
from workbench.channels.report import ChannelReport, report_channels
from workbench.channels.responses import ProbeImage, Responses

__all__ = [
    "ChannelReport",
    "Importances",
    "ProbeImage",
    "Responses",
    "WeightPictures",
    "report_channels",
]
