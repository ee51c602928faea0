"""Fixtures of the tests of sensitivity scans."""

import pytest
from scanning import NETWORKS, Case, network_case


@pytest.fixture(params=NETWORKS)
def case(request: pytest.FixtureRequest) -> Case:
    """A network and its data."""
    return network_case(request.param)


@pytest.fixture
def residual() -> Case:
    """The network with a shortcut."""
    return network_case("residual")
