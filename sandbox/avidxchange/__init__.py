"""The pretend AvidXchange: vendors, enterprise codes, invoices and payments as the wire contract says."""
