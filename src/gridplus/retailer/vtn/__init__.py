"""The retailer's VTN: OpenADR 3.1.0 over HTTP, durable, with webhooks and an MQTT broker."""

from gridplus.retailer.vtn.clients import load_clients
from gridplus.retailer.vtn.desk import VtnDesk
from gridplus.retailer.vtn.service import VtnTerms, open_vtn, serve_vtn, vtn_app

__all__ = ["VtnDesk", "VtnTerms", "load_clients", "open_vtn", "serve_vtn", "vtn_app"]
