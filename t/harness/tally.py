"""Sums the JUnit files of one test run: tally.py DIRECTORY PART…

Prints "N passed, N failed" as the last line; exits non-zero when a test failed, a part broke off
(each such part counts as one failure) or nothing ran. Removes DIRECTORY when all is well.
"""
import pathlib
import shutil
import sys
import xml.etree.ElementTree


def count(report):
    """(passed, failed, skipped) of one JUnit file of GoogleTest or pytest."""
    passed = failed = skipped = 0
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main(directory, parts):
    scratch = pathlib.Path(directory)
    total_passed = total_failed = 0
    for part in parts:
        status_file = scratch / f"{part}.status"
        if not status_file.exists():
            continue
        status = int(status_file.read_text())
        report = scratch / f"{part}.xml"
        try:
            passed, failed, skipped = count(report)
        except (OSError, xml.etree.ElementTree.ParseError):
            passed = failed = skipped = 0
        if status != 0 and failed == 0:
            print(f"{part}: broke off with status {status}")
            failed = 1
        print(f"{part}: {passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
        total_passed += passed
        total_failed += failed
    if total_passed + total_failed == 0:
        print("no test ran")
    if total_failed == 0:
        shutil.rmtree(scratch)
    else:
        print(f"logs and data of the servers: {scratch}")
    print(f"{total_passed} passed, {total_failed} failed")
    return 0 if total_failed == 0 and total_passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
