"""For the tests of plugins: a deployment of their own, and the rules of the house as a suite."""

from core.testing.conformance import Conformance
from core.testing.deployment import Api, Deployment

__all__ = ["Api", "Conformance", "Deployment"]
