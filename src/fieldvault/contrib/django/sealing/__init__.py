"""How the encrypted fields of a model become envelopes and values again. Users need `fields` and `models` only."""
