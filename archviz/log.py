"""What the library tells of its stages, through :mod:`logging` when somebody listens.

Whoever listens has imported that module. To import it for nobody would take as long as to lay out
a hundred boxes.
"""

from __future__ import annotations

import sys


class Log:
    """A logger of :mod:`logging`, for what is not told unless asked for.

    Args:
        name: The module's.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def info(self, message: str, *values: object) -> None:
        """Tells a stage."""
        if "logging" in sys.modules:
            import logging

            logging.getLogger(self.name).info(message, *values, stacklevel=2)

    def debug(self, message: str, *values: object) -> None:
        """Tells a step of a stage."""
        if "logging" in sys.modules:
            import logging

            logging.getLogger(self.name).debug(message, *values, stacklevel=2)
