"""The pretend Infor CloudSuite (M3): authorization server, gateway, M3 REST, document management."""

from sandbox.infor.app import build_infor
from sandbox.infor.books import InforBooks
from sandbox.infor.options import InforOptions

__all__ = ["InforBooks", "InforOptions", "build_infor"]
