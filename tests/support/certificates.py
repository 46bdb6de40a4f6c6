"""Certificates for loopback: one that vouches for itself, and a private authority with a server under it."""

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate_for_loopback(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 that vouches for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = _builder(key, "pretend", "pretend", authority=True).sign(key, hashes.SHA256())
    path = folder / "pretend.pem"
    path.write_bytes(_pem_of(key) + made.public_bytes(serialization.Encoding.PEM))
    return path


def private_authority(folder: Path) -> tuple[Path, Path]:
    """Make a private CA and a certificate under it for 127.0.0.1 and remote.test; give (CA's file, server's file)."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _builder(authority_key, "private CA", "private CA", authority=True).sign(authority_key, hashes.SHA256())
    served = _builder(key, "remote.test", "private CA", authority=False).sign(authority_key, hashes.SHA256())
    authority_file, server_file = folder / "ca.pem", folder / "server.pem"
    authority_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    server_file.write_bytes(_pem_of(key) + served.public_bytes(serialization.Encoding.PEM))
    return authority_file, server_file


def _builder(key: ec.EllipticCurvePrivateKey, subject: str, issuer: str, *, authority: bool) -> x509.CertificateBuilder:
    now = dt.datetime.now(tz=dt.UTC)
    names = [x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")), x509.DNSName("remote.test")]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
