"""Postings: payment × division × kind × generation, written to Infor's generic GL interface exactly once."""
