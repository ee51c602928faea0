"""What came of a training run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EpochResult:
    """Figures after one epoch; losses in nats, accuracy in [0, 1].

    Attributes:
        training_loss: Mean over the epoch's batches of what was minimised.
        validation_loss, validation_accuracy: On the validation data.
        learning_rate: Of the epoch's last step.
    """

    training_loss: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float = 0.0


@dataclass(frozen=True)
class TrainingOutcome:
    """What came of training.

    Attributes:
        results: Of every epoch that was completed, one or more.
        epoch: Whose weights the module holds, counted from 1.
        stopped: Why it ended before the last epoch: ``"target"``, ``"patience"``, ``"diverged"``;
            empty if it did not.
        notes: What a person should know, in sentences.
    """

    results: tuple[EpochResult, ...]
    epoch: int
    stopped: str = ""
    notes: tuple[str, ...] = ()
