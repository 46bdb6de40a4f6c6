"""Payments: reported by AvidXchange, settled, planned into postings; reversed, replaced or held."""
