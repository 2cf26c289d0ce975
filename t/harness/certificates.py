"""Certificates of the test's own."""
import subprocess

from .environment import fresh_directory


def self_signed(address="127.0.0.1"):
    """(certificate, key) as paths, for a server at that address; the certificate is its own authority."""
    folder = fresh_directory("certificate")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN={address}",
                    "-addext", f"subjectAltName=IP:{address}"], check=True, capture_output=True)
    return str(certificate), str(key)
