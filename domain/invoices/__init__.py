"""Invoices: approved in Infor, submitted once to AvidXchange, closed when Infor says they are paid."""
