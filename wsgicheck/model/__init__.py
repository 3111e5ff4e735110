"""The records that pass between the layers: exchanges, moments, cards, requests, findings, runs."""
