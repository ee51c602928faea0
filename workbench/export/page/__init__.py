"""The report of an export: one HTML file that works offline, and the same as JSON."""

from workbench.export.page.facts import report_facts
from workbench.export.page.writing import report_html

__all__ = ["report_facts", "report_html"]
