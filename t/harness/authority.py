"""A certificate authority of the tests' own, and the certificates it gives."""
import subprocess

from .environment import fresh_directory

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """`certificate` is what those have to trust who check what `issue` gives."""

    def __init__(self, name="authority of the tests"):
        self.folder = fresh_directory("authority")
        self.certificate = self.folder / "ca.pem"
        self._key = self.folder / "ca.key"
        openssl("req", "-x509", *KEY, "-keyout", self._key, "-out", self.certificate, "-subj", f"/CN={name}")

    def issue(self, name):
        """(certificate, key) for a host, as paths; any user may read the key, since servers run as others."""
        certificate, key, request = (self.folder / f"{name}.{kind}" for kind in ("pem", "key", "csr"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName=DNS:{name}\n")
        openssl("req", "-new", *KEY[:-2], "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
                "-days", "2", "-extfile", extensions, "-out", certificate)
        key.chmod(0o644)
        return certificate, key
