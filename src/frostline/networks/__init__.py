"""With what: networks as ordered, named layers under a readout and a head."""
