#!/usr/bin/env bash
# Makes this commit a release by a tag, here and nowhere else: `make release VERSION=1.2.3`. Whatever is missing is said, and nothing changed.
set -euo pipefail
cd "$(dirname "$0")/../.."
version="${1:-}"

refuse() {
    echo "No release: $*" >&2
    exit 2
}

[[ "$version" =~ ^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}$ ]] || refuse "say which, as in: make release VERSION=1.2.3"
[[ -z "$(git status --porcelain)" ]] || refuse "there are changes that are not committed; git status lists them."
heading="$(grep -m 1 '^## ' CHANGELOG.md)"
[[ "$heading" =~ ^"## $version ("[0-9]{4}-[0-9]{2}-[0-9]{2}")"$ ]] ||
    refuse "CHANGELOG.md begins with '$heading'; it is to be '## $version ($(date +%F))'."
last="$(git for-each-ref --count 1 --sort=-v:refname --format='%(refname:short)' 'refs/tags/v[0-9]*')"
[[ "$last" != "v$version" && "$(printf '%s\n' "$last" "v$version" | sort -V | tail -n 1)" == "v$version" ]] ||
    refuse "$last is there already; the next one has a higher version."
"${PYTHON:-.venv/bin/python}" -m pytest -q tests/contracts tests/architecture/test_papers.py tests/architecture/test_released.py ||
    refuse "the checks above failed: schemas and migrations of the last release (${last:-none yet}), versions."
git tag --annotate --message "Kinerja $version" "v$version"
echo "v$version is $(git rev-parse --short HEAD). It is on this machine only: git push origin v$version"
