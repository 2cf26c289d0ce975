"""A later version of a package, made from the package itself."""
import subprocess


def newer(deb, folder, change=None):
    """The .debs' next version; change(its unpacked folder) may alter files."""
    unpacked = folder / deb.stem
    subprocess.run(["dpkg-deb", "-R", deb, unpacked], check=True)
    control = unpacked / "DEBIAN/control"
    lines = [line + ".next" if line.startswith("Version: ") else line for line in control.read_text().splitlines()]
    control.write_text("\n".join(lines) + "\n")
    if change:
        change(unpacked)
    later = folder / f"{deb.stem}.next.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", unpacked, later], check=True, capture_output=True)
    return later
