"""A street of real homes buys real days of electricity: real services, a clock that runs fast."""
