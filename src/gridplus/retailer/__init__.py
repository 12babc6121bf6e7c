"""The back office: buys day-ahead, publishes prices, closes days, keeps the books."""

from gridplus.retailer.config import RetailerConfig
from gridplus.retailer.service import retailer_app, serve_retailer

__all__ = ["RetailerConfig", "retailer_app", "serve_retailer"]
