"""The plugin that pytest loads: the fixture ``assert_gradients``."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def assert_gradients() -> Any:
    """The assertion of :mod:`archviz.testing`, loaded when a test asks for it."""
    from archviz.testing import assert_gradients as assertion

    return assertion
