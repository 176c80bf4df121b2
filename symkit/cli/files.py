"""Files that are either whole or not there; see `symkit.files`."""

from symkit.files import check_place, write_text, write_whole

__all__ = ["check_place", "write_text", "write_whole"]
