"""Published advisories on what is installed: `python .ci/audit.py PIP_AUDIT SITE_PACKAGES`.

Exits 1 for an advisory that SECURITY.md does not name, 0 otherwise, also when the service that
knows them cannot be reached: that is said, and no release should be made from such a run.
"""

import json
import subprocess
import sys
from pathlib import Path

SECONDS = 300
KNOWN = (Path(__file__).parent.parent / "SECURITY.md").read_text(encoding="utf-8")


def main(audit: str, packages: str) -> int:
    """Print what is known; return the exit status."""
    command = [audit, "--path", packages, "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL
        )
        found = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, OSError, ValueError, KeyError) as error:
        print(
            f"audit: the advisory service cannot be reached ({type(error).__name__}): not audited"
        )
        return 0
    audited = [one for one in found if "vulns" in one]
    if not audited:
        print(f"audit: the advisory service knows none of {len(found)} packages: not audited")
        return 0
    advisories = [(one["name"], one["version"], v) for one in audited for v in one["vulns"]]
    for name, version, v in advisories:
        mended = ", ".join(v.get("fix_versions", [])) or "none yet"
        print(f"audit: {name} {version}: {v['id']}, mended in {mended}")
    new = [v["id"] for _, _, v in advisories if v["id"] not in KNOWN]
    print(f"audit: {len(audited)} packages, {len(advisories)} advisories, {len(new)} new")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
