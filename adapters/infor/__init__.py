"""Infor CloudSuite (M3 behind the ION API Gateway) in the role of the ledger system."""
