"""What is on disk: files that are whole or not there, and the directory of a session."""

from workbench.store.files import check_writable, write_whole

__all__ = ["check_writable", "write_whole"]
