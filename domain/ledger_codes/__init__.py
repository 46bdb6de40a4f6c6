"""Ledger codes: GL accounts and dimension values, sent as plain code values, never as structure."""
