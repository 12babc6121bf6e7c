"""Grid+: the retail phase of electricity as open software."""

__version__ = "0.1.0"
