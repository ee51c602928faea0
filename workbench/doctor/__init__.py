"""What `pruning-workbench doctor` looks at: whether this installation is whole, and how to mend it.

Interface packages are never imported; their metadata and files say enough.
"""

from workbench.doctor.examination import CHECKS, examine
from workbench.doctor.finding import Finding, State
from workbench.doctor.telling import findings_text

__all__ = ["CHECKS", "Finding", "State", "examine", "findings_text"]
