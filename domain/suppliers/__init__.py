"""Suppliers: recorded from Infor, confirmed as vendors (payees) at AvidXchange."""
