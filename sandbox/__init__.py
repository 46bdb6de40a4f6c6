"""The sandbox: a pretend Infor and a pretend AvidXchange on loopback, with fault switches."""
