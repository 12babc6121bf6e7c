"""The back office: buys day-ahead, publishes prices, closes days, keeps the books.

`config` and `service` are imported by name: whoever only issues a certificate or reads a meter file
does not wait for a web framework.
"""
