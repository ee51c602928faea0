"""The interface: widgets for JupyterLab that read a session, draw it, and send intents back."""

from widgets.app import Workbench

__all__ = ["Workbench"]
