"""What can go wrong, by name.

A user's mistake raises a child of `WorkbenchError`: its message says what is wrong, the
constraint, the value found, where, and the remedy. `InternalError` means a broken invariant:
a fault of the workbench itself.
"""


class WorkbenchError(ValueError):
    """A mistake in what the user asked for; the session is as it was before."""


class ModelError(WorkbenchError):
    """A model cannot be opened, run or analysed."""


class WeightsError(ModelError):
    """A weights file cannot be read, or does not fit the model."""


class DataError(WorkbenchError):
    """Data cannot be opened, or does not fit the model."""


class PlanError(WorkbenchError):
    """A plan asks for something that is not allowed."""


class UnknownUnitError(PlanError):
    """A plan names a unit that the model does not have."""


class CriterionError(WorkbenchError):
    """A criterion is unknown, or does not apply to the weights it was given."""


class TrainingError(WorkbenchError):
    """Fine-tuning settings are out of range, or training diverged."""


class ExportError(WorkbenchError):
    """An export cannot be written, or what was written does not check out."""


class MeasurementError(WorkbenchError):
    """Something cannot be measured on this machine, or on a device that was asked to."""


class DeviceError(WorkbenchError):
    """A device to measure on does not exist, cannot be reached, or stopped answering."""


class StoreError(WorkbenchError):
    """A session directory cannot be written or read, or is not what it is taken for."""


class ReadOnlyError(StoreError):
    """The session is open for reading only."""


class FingerprintError(StoreError):
    """The model or the data are not those that a session directory was made with."""


class DamagedError(StoreError):
    """A file of a session directory is missing, or not what was written."""


class HistoryError(WorkbenchError):
    """There is no such step, or nothing to undo or redo."""


class ActionError(WorkbenchError):
    """An action or a journal cannot be read."""


class RecipeError(WorkbenchError):
    """A recipe cannot be read, or cannot be replayed here."""


class WorkerError(WorkbenchError):
    """Workers of an executor died, or cannot run what was sent to them."""


class BusyError(WorkbenchError):
    """The session is running a task that excludes what was asked for."""


class InternalError(RuntimeError):
    """An invariant of the workbench is broken; please report it."""
