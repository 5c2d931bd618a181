"""Which optimizer? Two or three, each with its reasons and what they rest on."""
